"""Closing days: which may be closed, and the receipt of each, sealed by a hash that is chained to the one before. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from caixa_comum.dominio import MAIOR_SOMA, hoje
from caixa_comum.events import TotaisDoDia
from caixa_comum.problems import Erro, Problem, invalid
from caixa_fluxo.rules import PRIMEIRO_DIA

FORMA = "caixa.recibo.v1"
MAIS_DIAS = 366
"""Days that one request may close: a year's, in one short transaction."""


class NovoFechamento(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day that a merchant closes."""

    data: Annotated[date, msgspec.Meta(description="Um dia que já acabou no fuso do comerciante; os anteriores fecham com ele.")]


class Recibo(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of a closed day; `totais` per currency with entries, sorted by currency, in minor units; hashes are SHA-256 in hex."""

    id: UUID
    comerciante_id: UUID
    data: date
    totais: tuple[TotaisDoDia, ...]
    quantidade: int
    hash_anterior: str | None
    hash: str
    fechado_em: datetime


class Recibos(msgspec.Struct, frozen=True, kw_only=True):
    """One page of receipts, newest day first, and the cursor of the next one (null on the last)."""

    itens: tuple[Recibo, ...]
    proximo: str | None


class DiaJaFechado(Exception):  # an answer among others
    """The day is closed already; `recibo` is its receipt, None for a day before the first receipt."""

    def __init__(self, dia: date, recibo: Recibo | None) -> None:
        super().__init__(str(dia))
        self.dia = dia
        self.recibo = recibo


def canonical(recibo: Recibo) -> bytes:
    r"""Give the bytes that are hashed: ASCII lines, each ended by `\n`, documented in docs/api.md.

    `caixa.recibo.v1`, id, comerciante_id, data, fechado_em (UTC, six decimals, Z), hash_anterior (empty on the first), and for each
    currency, sorted, `moeda total_creditos total_debitos quantidade`.
    """
    lines = [
        FORMA,
        str(recibo.id),
        str(recibo.comerciante_id),
        recibo.data.isoformat(),
        recibo.fechado_em.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        recibo.hash_anterior or "",
        *(f"{one.moeda} {one.total_creditos} {one.total_debitos} {one.quantidade}" for one in recibo.totais),
    ]
    return "".join(line + "\n" for line in lines).encode("ascii")


def digest(recibo: Recibo) -> str:
    """Give the receipt's SHA-256 in hex; what `hash` says does not matter."""
    return hashlib.sha256(canonical(recibo)).hexdigest()


def sealed(
    *,
    id: UUID,  # noqa: A002 # the field's name
    comerciante_id: UUID,
    data: date,
    totais: Sequence[TotaisDoDia],
    anterior: str | None,
    agora: datetime,
) -> Recibo:
    """Make a day's receipt, chained to the hash `anterior`."""
    recibo = Recibo(
        id=id,
        comerciante_id=comerciante_id,
        data=data,
        totais=tuple(sorted(totais, key=lambda one: one.moeda)),
        quantidade=sum(one.quantidade for one in totais),
        hash_anterior=anterior,
        hash="",
        fechado_em=agora,
    )
    return msgspec.structs.replace(recibo, hash=digest(recibo))


def refuse_open(data: date, *, fuso: ZoneInfo, agora: datetime) -> None:
    """Raise the 422 Problem of a day that is not over yet in the merchant's zone, or that no entry can have."""
    dia = hoje(fuso, agora)
    if data >= dia:
        raise invalid(f"o dia {data} ainda não acabou: hoje é {dia} em {fuso.key}", "#/data")
    if data < PRIMEIRO_DIA:
        raise invalid(f"a data deve ser {PRIMEIRO_DIA} ou posterior", "#/data")


def days_to_close(data: date, *, fechado_ate: date | None, primeiro: date | None) -> Sequence[date]:
    """Give the days that closing `data` closes, in order: all since the last closed day, or since the merchant's first entry.

    So the chain of receipts has no gap, and a weekend that was forgotten needs no requests of its own.
    Raises the 422 Problem of more than 366 days.
    """
    inicio = min(primeiro or data, data) if fechado_ate is None else fechado_ate + timedelta(days=1)
    if (data - inicio).days >= MAIS_DIAS:
        ate = inicio + timedelta(days=MAIS_DIAS - 1)
        raise invalid(f"fecharia mais de {MAIS_DIAS} dias de uma vez: feche antes um dia até {ate}", "#/data")
    return list(_days(inicio, data))


def refuse_overflow(data: date, totais: Sequence[TotaisDoDia]) -> None:
    """Raise the 422 Problem of sums that no BIGINT holds, here or where the receipt is compared."""
    if any(max(one.total_creditos, one.total_debitos) > MAIOR_SOMA for one in totais):
        detalhe = f"os totais de {data} passam de {MAIOR_SOMA}: não podem ser fechados"
        raise Problem(422, "Totais grandes demais", detalhe, erros=[Erro(detalhe, "#/data")])


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
