"""What a list of entries is asked for: filters, the size of a page, and the place where it goes on. Pure."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

import msgspec

from caixa_comum.dominio import MOEDAS, Tipo
from caixa_comum.problems import Erro, Problem, problem
from caixa_fluxo.lancamento import Lancamento

DIA = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MAIOR_REFERENCIA = 100
MAIOR_PAGINA = 500
PAGINA = 50


class Filtros(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are meant; what is None does not matter. Both days are included."""

    data_inicial: date | None = None
    data_final: date | None = None
    tipo: Tipo | None = None
    moeda: str | None = None
    referencia_externa: str | None = None


FILTROS = Filtros.__struct_fields__


class Lugar(msgspec.Struct, frozen=True, array_like=True):
    """An entry's place in the list, newest day first and within a day newest record first: fixed, whatever is recorded meanwhile."""

    data: date
    id: UUID


class Pagina(msgspec.Struct, frozen=True, kw_only=True):
    """One page of entries, and the cursor of the next one (null on the last)."""

    itens: tuple[Lancamento, ...]
    proximo: str | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    lugar: Lugar
    filtros: bytes


def parse_filters(query: Mapping[str, str], *, also: Iterable[str] = ()) -> Filtros:
    """Read the filters; raises the 400 Problem that points at every parameter that is wrong, or unknown and not in `also`."""
    accepted = (*FILTROS, *also)
    erros = [
        Erro(f"parâmetro desconhecido; os aceitos são: {', '.join(accepted)}", pointer(name)) for name in query if name not in accepted
    ]
    inicial = _day(query, "data_inicial", erros)
    final = _day(query, "data_final", erros)
    if inicial and final and final < inicial:
        erros.append(Erro("não pode ser anterior a data_inicial", "/data_final"))
    tipo = query.get("tipo")
    if tipo is not None and tipo not in set(Tipo):
        erros.append(Erro("deve ser credito ou debito", "/tipo"))
    moeda = query.get("moeda")
    if moeda is not None and moeda not in MOEDAS:
        erros.append(Erro("não é uma moeda da ISO 4217", "/moeda"))
    referencia = query.get("referencia_externa")
    if referencia is not None and not 1 <= len(referencia) <= MAIOR_REFERENCIA:
        erros.append(Erro(f"deve ter de 1 a {MAIOR_REFERENCIA} caracteres", "/referencia_externa"))
    if erros:
        raise refused(erros)
    return Filtros(
        data_inicial=inicial, data_final=final, tipo=None if tipo is None else Tipo(tipo), moeda=moeda, referencia_externa=referencia
    )


def parse_limit(text: str | None) -> int:
    """Read the size of a page, 1 to 500; raises the 400 Problem that points at it."""
    if text is None:
        return PAGINA
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= MAIOR_PAGINA:
        return int(text)
    raise refused([Erro(f"deve ser um número inteiro de 1 a {MAIOR_PAGINA}", "/limit")])


def cursor(lugar: Lugar, filtros: Filtros) -> str:
    """Write down where the list goes on, for these filters only."""
    packed = msgspec.msgpack.encode(_Cursor(lugar, _digest(filtros)))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def parse_cursor(text: str | None, filtros: Filtros) -> Lugar | None:
    """Read a cursor; raises the 400 Problem that points at it unless it came from this list with these filters."""
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = msgspec.msgpack.decode(base64.b64decode(padded, b"-_", validate=True), type=_Cursor)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refused([Erro("não veio desta lista: comece sem cursor", "/cursor")]) from None
    if found.filtros != _digest(filtros):
        raise refused([Erro("veio de uma lista com outros filtros: comece sem cursor", "/cursor")])
    return found.lugar


def place(entry: Lancamento) -> Lugar:
    """Give an entry's place in the list."""
    return Lugar(entry.data, entry.id)


def pointer(name: str) -> str:
    """Point at a parameter, by as much of its name as is told (RFC 6901)."""
    return "/" + name[:100].replace("~", "~0").replace("/", "~1")


def refused(erros: Iterable[Erro]) -> Problem:
    """Give the 400 Problem of parameters that are wrong."""
    listed = tuple(erros)[:20]
    return problem(400, "; ".join(f"{erro.ponteiro[1:]}: {erro.detalhe}" for erro in listed[:5]), erros=listed)


def _day(query: Mapping[str, str], name: str, erros: list[Erro]) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if DIA.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    erros.append(Erro("deve ser um dia do calendário na forma AAAA-MM-DD", f"/{name}"))
    return None


def _digest(filtros: Filtros) -> bytes:
    return hashlib.sha256(msgspec.json.encode(filtros)).digest()[:8]
