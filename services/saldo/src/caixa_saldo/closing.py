"""A closed day: what the receipt says against what the balances hold. Pure.

A receipt may overtake entries of its day (several relays and consumers carry them), so a difference that later entries can still
close is waited for; amounts are integers in the currency's minor unit.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from caixa_comum.dominio import MAIOR_VALOR
from caixa_comum.events import TotaisDoDia

Situacao = Literal["aberto", "fechado", "divergente"]

TOLERANCE: Final = timedelta(minutes=5)
"""How long entries of a closed day may come after its receipt before the day counts as divergent; the API guide tells it."""


class Totais(msgspec.Struct, frozen=True):
    """What one day's entries in one currency add up to, and how many they are."""

    creditos: int = 0
    debitos: int = 0
    quantidade: int = 0


class Recibo(msgspec.Struct, frozen=True):
    """A receipt of one merchant's day: totals per currency (absent: none), and when it came."""

    data: date
    totais: Mapping[str, Totais]
    recebido_em: datetime


NOTHING: Final = Totais()


def totals_of(totais: Iterable[TotaisDoDia]) -> dict[str, Totais]:
    """Index a receipt's totals by currency."""
    return {one.moeda: Totais(one.total_creditos, one.total_debitos, one.quantidade) for one in totais}


def can_become(held: Totais, told: Totais) -> bool:
    """Tell whether further entries, each of 1 to MAIOR_VALOR, can bring what is held to what the receipt tells."""
    creditos, debitos, quantidade = (
        told.creditos - held.creditos,
        told.debitos - held.debitos,
        told.quantidade - held.quantidade,
    )
    if min(creditos, debitos, quantidade) < 0:
        return False
    return _fewest(creditos) + _fewest(debitos) <= quantidade <= creditos + debitos


def situacao(recibos: Iterable[Recibo], moeda: str, held: Totais, now: datetime) -> Situacao:
    """Judge one currency of a day by its receipts: none leaves it open, and with several all must agree."""
    judged: Situacao = "aberto"
    waiting = False
    for recibo in recibos:
        told = recibo.totais.get(moeda, NOTHING)
        if held == told:
            judged = "fechado"
        elif can_become(held, told) and now - recibo.recebido_em < TOLERANCE:
            waiting = True
        else:
            return "divergente"
    return "aberto" if waiting else judged


def situacao_do_dia(recibo: Recibo, held: Mapping[str, Totais], now: datetime) -> Situacao:
    """Judge a whole day by one receipt: the worst of all currencies that either side names."""
    found = {situacao([recibo], moeda, held.get(moeda, NOTHING), now) for moeda in held.keys() | recibo.totais.keys()}
    return "divergente" if "divergente" in found else "aberto" if "aberto" in found else "fechado"


def _fewest(amount: int) -> int:
    """How many entries an amount takes at least."""
    return -(-amount // MAIOR_VALOR)
