"""What a batch of entries adds to the daily balances. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec

from caixa_comum.dominio import Tipo
from caixa_comum.events import LancamentoRegistrado


class Delta(msgspec.Struct, frozen=True):
    """What to add to one merchant's day in one currency; amounts in minor units, never negative."""

    comerciante_id: UUID
    moeda: str
    data: date
    creditos: int
    debitos: int
    quantidade: int
    atualizado_em: datetime


def summed(lancamentos: Iterable[LancamentoRegistrado]) -> list[Delta]:
    """One delta per merchant, currency and day, in primary-key order.

    The order is what keeps concurrent consumers from deadlocking: all lock the rows of `saldo_diario` in it.
    """
    totals: dict[tuple[UUID, str, date], Delta] = {}
    for lancamento in lancamentos:
        key = (lancamento.comerciante_id, lancamento.moeda, lancamento.data)
        credito = lancamento.tipo is Tipo.CREDITO
        before = totals.get(key)
        totals[key] = Delta(
            *key,
            creditos=(before.creditos if before else 0) + (lancamento.valor if credito else 0),
            debitos=(before.debitos if before else 0) + (0 if credito else lancamento.valor),
            quantidade=(before.quantidade if before else 0) + 1,
            atualizado_em=max(before.atualizado_em, lancamento.registrado_em) if before else lancamento.registrado_em,
        )
    return [totals[key] for key in sorted(totals)]
