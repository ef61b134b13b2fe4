"""One request to record an entry, with all that its transaction writes, and how it can turn out."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from caixa_fluxo.lancamento import Registro


class Evento(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox row before it has its number; `payload` is a CloudEvents 1.0 body."""

    event_id: UUID
    routing_key: str
    payload: bytes
    traceparent: str | None
    created_at: datetime


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client is told, byte for byte, now and at every replay."""

    status: int
    corpo: bytes
    location: str | None = None
    replayed: bool = False


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The wish to be the one request under a merchant's Idempotency-Key; `registro_id` tells ours from another's."""

    comerciante_id: UUID
    chave: str
    registro_id: UUID
    impressao: bytes
    answer: Answer
    created_at: datetime


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, its event and its claim: all three are committed, or none."""

    claim: Claim
    registro: Registro
    evento: Evento


class Refused(Exception):  # an outcome among others
    """The entry was not recorded; the subclasses say why."""


class KeyReused(Refused):
    """Another request was already answered under this Idempotency-Key."""


class InFlight(Refused):
    """The same request is being processed at this moment."""


class ReferenceTaken(Refused):
    """The merchant used this `referencia_externa` before; `existing` is the entry that has it."""

    def __init__(self, existing: UUID) -> None:
        super().__init__(str(existing))
        self.existing = existing


class AlreadyReversed(Refused):
    """The entry has an estorno already: `existing`."""

    def __init__(self, existing: UUID) -> None:
        super().__init__(str(existing))
        self.existing = existing


class DayClosed(Refused):
    """The entry's day is closed: `fechado_ate` is the merchant's last closed day."""

    def __init__(self, fechado_ate: date) -> None:
        super().__init__(str(fechado_ate))
        self.fechado_ate = fechado_ate


def answered(impressao: bytes, stored: Claim) -> Answer:
    """Decide what a request gets that found its key taken: the stored answer again; raises KeyReused for another request."""
    if stored.impressao != impressao:
        raise KeyReused
    return Answer(status=stored.answer.status, corpo=stored.answer.corpo, location=stored.answer.location, replayed=True)
