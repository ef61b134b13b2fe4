"""The daily report: opening, movement and closing per currency, carried forward over days without entries.

Pure. All amounts are integers in the currency's minor unit (centavos for BRL). An opening balance is never
stored: it is what the earlier days leave, so that a backdated entry moves every later balance by itself.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec

from caixa_comum.dominio import MOEDA_PADRAO
from caixa_saldo.closing import NOTHING, Recibo, Situacao, Totais, situacao


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
    """One currency's balance at the end of a business day; `atualizado_em` is the newest entry included in it.

    `situacao` is `aberto` before the day's receipt came and while entries that it counts are on their way, `fechado` when the
    day's totals and count equal the receipt's, `divergente` when they do not.
    """

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


def consolidate(
    aberturas: Iterable[Abertura], movimentos: Iterable[Movimento], de: date, ate: date, *, recibos: Iterable[Recibo] = (), now: datetime
) -> RelatorioDiario:
    """Carry the openings through the days from `de` to `ate`, both included; BRL is always there.

    A currency appears from the first day on which it has a balance or an entry, and on a day whose receipt names it. `now` decides
    how long entries that a receipt counts may still be on their way.
    """
    carried = {abertura.moeda: abertura for abertura in aberturas}
    carried.setdefault(MOEDA_PADRAO, Abertura(MOEDA_PADRAO, 0, None))
    by_day: dict[date, dict[str, Movimento]] = {}
    for movimento in movimentos:
        by_day.setdefault(movimento.data, {})[movimento.moeda] = movimento
    receipts: dict[date, list[Recibo]] = {}
    for recibo in recibos:
        receipts.setdefault(recibo.data, []).append(recibo)
    dias: list[SaldosDoDia] = []
    for offset in range((ate - de).days + 1):
        dia = de + timedelta(days=offset)
        today, told = by_day.get(dia, {}), receipts.get(dia, [])
        moedas = carried.keys() | today.keys() | {moeda for recibo in told for moeda in recibo.totais}
        saldos = tuple(
            _close(carried.get(moeda, Abertura(moeda, 0, None)), today.get(moeda), told, now)
            for moeda in sorted(moedas, key=lambda moeda: (moeda != MOEDA_PADRAO, moeda))
        )
        # What only a receipt names has no balance to carry.
        held = carried.keys() | today.keys()
        carried = {saldo.moeda: Abertura(saldo.moeda, saldo.saldo_final, saldo.atualizado_em) for saldo in saldos if saldo.moeda in held}
        dias.append(SaldosDoDia(dia, saldos))
    return RelatorioDiario(tuple(dias))


def _close(abertura: Abertura, movimento: Movimento | None, recibos: Iterable[Recibo], now: datetime) -> Saldo:
    held = NOTHING if movimento is None else Totais(movimento.total_creditos, movimento.total_debitos, movimento.quantidade)
    return Saldo(
        moeda=abertura.moeda,
        saldo_anterior=abertura.saldo,
        total_creditos=held.creditos,
        total_debitos=held.debitos,
        quantidade=held.quantidade,
        saldo_final=abertura.saldo + held.creditos - held.debitos,
        situacao=situacao(recibos, abertura.moeda, held, now),
        atualizado_em=_newest(abertura.atualizado_em, movimento.atualizado_em if movimento is not None else None),
    )


def _newest(*instants: datetime | None) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)
