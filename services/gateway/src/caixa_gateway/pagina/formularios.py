"""Forms as they arrive, and what is wrong with them in words for a shop owner. Pure."""

import re
from datetime import date
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

from caixa_comum.dominio import Tipo
from caixa_gateway.pagina import dinheiro

MAIOR_FORMULARIO: Final = 16 * 1024
MAIS_CAMPOS: Final = 20
MAIOR_DESCRICAO: Final = 140
_CHAVE: Final = re.compile(r"[0-9a-f-]{36}", re.ASCII)


def fields(body: bytes) -> dict[str, str]:
    """Read a form's fields; what is no form has none."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAIS_CAMPOS))
    except ValueError:
        return {}


def nova_chave() -> str:
    """Make the key of a form that is shown now: however often it is sent, it counts once."""
    return str(uuid4())


def dia(text: str) -> date | None:
    """Read a day as a date field sends it, or None where it is none."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-23") else None
    except ValueError:
        return None


class Entrada(msgspec.Struct, frozen=True, kw_only=True):
    """The entry form, as typed; `erros` by field."""

    chave: str
    tipo: str
    valor: str = ""
    descricao: str = ""
    data: str = ""
    erros: dict[str, str] = {}


def vazia(hoje: date, tipo: str = Tipo.CREDITO) -> Entrada:
    """Give a form to be filled in, dated today."""
    return Entrada(chave=nova_chave(), tipo=tipo, data=hoje.isoformat())


def entrada(form: dict[str, str], hoje: date) -> tuple[Entrada, dict[str, object] | None]:
    """Read the entry form: as typed with what is wrong, and the entry that it asks for (None while something is wrong)."""
    erros: dict[str, str] = {}
    chave = form.get("chave", "")
    typed = Entrada(
        chave=chave if _CHAVE.fullmatch(chave) else nova_chave(),
        tipo=form.get("tipo", ""),
        valor=form.get("valor", "").strip(),
        descricao=form.get("descricao", "").strip(),
        data=form.get("data", "").strip(),
    )
    valor = 0
    try:
        valor = dinheiro.centavos(typed.valor)
    except dinheiro.ValorIncompreensivel as error:
        erros["valor"] = str(error)
    if typed.tipo not in set(Tipo):
        erros["tipo"] = "Escolha entrada ou saída."
    if len(typed.descricao) > MAIOR_DESCRICAO:
        erros["descricao"] = f"A descrição pode ter até {MAIOR_DESCRICAO} letras."
    data = dia(typed.data) if typed.data else hoje
    if data is None:
        erros["data"] = "Escolha um dia do calendário."
    elif data > hoje:
        erros["data"] = "O dia não pode ser depois de hoje."
    if erros or data is None:
        return msgspec.structs.replace(typed, erros=erros), None
    asked: dict[str, object] = {"tipo": typed.tipo, "valor": valor, "data": data.isoformat()}
    return typed, asked | ({"descricao": typed.descricao} if typed.descricao else {})
