"""Many entries in one request (lote): read as a whole, with all that is wrong in it told at once. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from caixa_comum import bodies
from caixa_comum.problems import Erro, Problem
from caixa_comum.sentences import translated
from caixa_fluxo import rules
from caixa_fluxo.lancamento import Lancamento, NovoLancamento, Registro
from caixa_fluxo.refusals import problem
from caixa_fluxo.registration import Refused

MAIS_LANCAMENTOS = 1000
MAIOR_CORPO = 2 * 1024 * 1024
"""Bytes of a lote: two kilobytes for each entry of a full one."""

MAIS_ERROS = 100
"""Errors that one answer tells."""

INVALID = 422


class NovoLote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The entries that a merchant sends to be recorded together."""

    lancamentos: Annotated[
        tuple[NovoLancamento, ...], msgspec.Meta(min_length=1, max_length=MAIS_LANCAMENTOS, description="Todos, ou nenhum.")
    ]


class LoteRegistrado(msgspec.Struct, frozen=True, kw_only=True):
    """The entries as they were recorded, in the order sent; `itens` as in the list, without its cursor: nothing is left out."""

    itens: tuple[Lancamento, ...]


class _Cru(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lote whose entries are not looked at yet."""

    lancamentos: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1, max_length=MAIS_LANCAMENTOS)]


NEUTRO: Mapping[str, msgspec.Raw] = {"tipo": msgspec.Raw(b'"credito"'), "valor": msgspec.Raw(b"1")}
"""What takes the place of a required field that is wrong, so that the rest can be read."""


def read(body: bytes, *, fuso: ZoneInfo, agora: datetime) -> NovoLote:
    """Read a lote; raises the 422 Problem with every error of every entry (the first hundred), the 400 one of what is no JSON."""
    try:
        lote = bodies.decode(body, NovoLote)
    except Problem as refusal:
        if refusal.status != INVALID:
            raise
        crus = bodies.decode(body, _Cru).lancamentos  # or what is wrong with the list itself
        raise _refused(_every((_mended(cru) for cru in crus), fuso, agora)) or refusal from None
    if wrong := _refused(_every(((one, ()) for one in lote.lancamentos), fuso, agora)):
        raise wrong
    return lote


def conflict(registros: Sequence[Registro], *refusals: Mapping[UUID, Refused]) -> Problem:
    """Give the 409 Problem of entries that cannot stand, refused by id; `existentes` says, by pointer, which entry has a reference."""
    problems = [
        problem(refusal[one.id], f"#/lancamentos/{index}")
        for index, one in enumerate(registros)
        for refusal in refusals
        if one.id in refusal
    ]
    erros = [erro for each in problems for erro in each.erros]
    titles = {each.title for each in problems}
    existentes = {each.erros[0].ponteiro: each.extra["existente"] for each in problems[:MAIS_ERROS] if "existente" in each.extra}
    extra = {name: value for each in problems for name, value in each.extra.items() if name != "existente"}
    return Problem(
        problems[0].status,
        titles.pop() if len(titles) == 1 else "Conflito",
        _told(erros),
        erros=erros[:MAIS_ERROS],
        extra=extra | ({"existentes": existentes} if existentes else {}),
    )


def _told(erros: Sequence[Erro]) -> str:
    told = "; ".join(f"{erro.ponteiro}: {erro.detalhe}" for erro in erros[:5])
    more = f" (há mais: estes são os {MAIS_ERROS} primeiros erros)" if len(erros) > MAIS_ERROS else ""
    return f"Nenhum lançamento foi registrado. {told}{more}"


def _refused(every: Iterator[Erro]) -> Problem | None:
    erros = list(islice(every, MAIS_ERROS + 1))
    return Problem(INVALID, "Dados inválidos", _told(erros), erros=erros[:MAIS_ERROS]) if erros else None


def _every(entries: Iterable[tuple[NovoLancamento, Sequence[Erro]]], fuso: ZoneInfo, agora: datetime) -> Iterator[Erro]:
    """Give each entry's errors: those of its form, what the rules add, and a reference that an earlier entry has."""
    places: dict[str, str] = {}
    for index, (novo, wrong) in enumerate(entries):
        pointer = f"#/lancamentos/{index}"
        yield from (Erro(erro.detalhe, pointer + erro.ponteiro[1:]) for erro in wrong)
        yield from rules.violations(novo, fuso=fuso, agora=agora, pointer=pointer)
        if novo.referencia_externa is not None:
            first = places.setdefault(novo.referencia_externa, pointer)
            if first != pointer:
                yield Erro(f"repete a referência de {first}", f"{pointer}/referencia_externa")


def _mended(cru: msgspec.Raw) -> tuple[NovoLancamento, Sequence[Erro]]:
    """Read an entry, noting each thing that is wrong with its form and putting something acceptable in its place."""
    try:
        fields = bodies.decode(bytes(cru), dict[str, msgspec.Raw])
    except Problem as refusal:
        return bodies.decode(msgspec.json.encode(NEUTRO), NovoLancamento), _erros(refusal)
    known = NovoLancamento.__struct_fields__
    unknown = islice((name for name in fields if name not in known), MAIS_ERROS + 1)
    erros: list[Erro] = [Erro(*translated(f"Object contains unknown field `{name}`")) for name in unknown]
    fields = {name: value for name, value in fields.items() if name in known}
    while True:
        try:
            novo = bodies.decode(msgspec.json.encode(fields), NovoLancamento)
        except Problem as refusal:
            erros += _erros(refusal)
            name = erros[-1].ponteiro.split("/")[1]
            fields.pop(name, None)
            if name in NEUTRO:
                fields[name] = NEUTRO[name]
        else:
            return novo, erros


def _erros(refusal: Problem) -> Sequence[Erro]:
    """Give the errors of a field that is wrong; what is no JSON is no field's error, and is raised again."""
    if refusal.status != INVALID:
        raise refusal
    return refusal.erros
