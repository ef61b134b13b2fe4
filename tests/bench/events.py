"""Events as fluxo writes them, for filling an outbox or a queue."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from caixa_comum.dominio import Tipo
from caixa_comum.events import LANCAMENTO_REGISTRADO, LancamentoRegistrado, encode
from caixa_comum.identifiers import uuid7


class Made(msgspec.Struct, frozen=True):
    """An event, encoded."""

    id: UUID
    body: bytes
    routing_key: str = LANCAMENTO_REGISTRADO


def one_day(count: int) -> list[Made]:
    """Make entries of one merchant on one day: the hottest balance there can be."""
    merchant, now = uuid7(), datetime.now(UTC)
    return [_event(merchant, now) for _ in range(count)]


def _event(merchant: UUID, now: datetime) -> Made:
    entry = LancamentoRegistrado(
        id=uuid7(), comerciante_id=merchant, tipo=Tipo.CREDITO, valor=1, moeda="BRL", data=now.date(), registrado_em=now
    )
    return Made(entry.id, encode(entry, event_id=entry.id, time=now, source="/caixa/fluxo"))
