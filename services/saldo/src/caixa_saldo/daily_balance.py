"""The daily report: opening, movement and closing per currency, carried forward over days without entries.

Pure. All amounts are integers in the currency's minor unit (centavos for BRL). An opening balance is never
stored: it is what the earlier days leave, so that a backdated entry moves every later balance by itself.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from caixa_comum.dominio import MOEDA_PADRAO

Situacao = Literal["aberto"]


class Movimento(msgspec.Struct, frozen=True):
    """What one business day's entries in one currency add up to: a row of `saldo_diario`."""

    data: date
    moeda: str
    total_creditos: int
    total_debitos: int
    quantidade: int
    atualizado_em: datetime


class Abertura(msgspec.Struct, frozen=True):
    """What the days before a report leave in one currency, and the newest entry among them."""

    moeda: str
    saldo: int
    atualizado_em: datetime | None


class Saldo(msgspec.Struct, frozen=True):
    """One currency's balance at the end of a business day; `atualizado_em` is the newest entry included in it."""

    moeda: str
    saldo_anterior: int
    total_creditos: int
    total_debitos: int
    quantidade: int
    saldo_final: int
    situacao: Situacao
    atualizado_em: datetime | None


class SaldosDoDia(msgspec.Struct, frozen=True):
    """A merchant's balances at the end of one business day, BRL first, then by currency code."""

    data: date
    saldos: tuple[Saldo, ...]


class RelatorioDiario(msgspec.Struct, frozen=True):
    """The daily report: one item per calendar day, oldest first, without gaps."""

    dias: tuple[SaldosDoDia, ...]


def consolidate(aberturas: Iterable[Abertura], movimentos: Iterable[Movimento], de: date, ate: date) -> RelatorioDiario:
    """Carry the openings through the days from `de` to `ate`, both included; BRL is always there.

    A currency appears from the first day on which it has a balance or an entry.
    """
    carried = {abertura.moeda: abertura for abertura in aberturas}
    carried.setdefault(MOEDA_PADRAO, Abertura(MOEDA_PADRAO, 0, None))
    by_day: dict[date, dict[str, Movimento]] = {}
    for movimento in movimentos:
        by_day.setdefault(movimento.data, {})[movimento.moeda] = movimento
    dias: list[SaldosDoDia] = []
    for offset in range((ate - de).days + 1):
        dia = de + timedelta(days=offset)
        today = by_day.get(dia, {})
        moedas = sorted(carried.keys() | today.keys(), key=lambda moeda: (moeda != MOEDA_PADRAO, moeda))
        saldos = tuple(_close(carried.get(moeda, Abertura(moeda, 0, None)), today.get(moeda)) for moeda in moedas)
        carried = {saldo.moeda: Abertura(saldo.moeda, saldo.saldo_final, saldo.atualizado_em) for saldo in saldos}
        dias.append(SaldosDoDia(dia, saldos))
    return RelatorioDiario(tuple(dias))


def _close(abertura: Abertura, movimento: Movimento | None) -> Saldo:
    creditos, debitos, quantidade = (
        (movimento.total_creditos, movimento.total_debitos, movimento.quantidade) if movimento is not None else (0, 0, 0)
    )
    return Saldo(
        moeda=abertura.moeda,
        saldo_anterior=abertura.saldo,
        total_creditos=creditos,
        total_debitos=debitos,
        quantidade=quantidade,
        saldo_final=abertura.saldo + creditos - debitos,
        situacao="aberto",
        atualizado_em=_newest(abertura.atualizado_em, movimento.atualizado_em if movimento is not None else None),
    )


def _newest(*instants: datetime | None) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)
