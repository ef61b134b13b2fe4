"""The events that services exchange: CloudEvents 1.0 in structured JSON, the only thing that fluxo and saldo share."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from caixa_comum.dominio import Moeda, Tipo

LANCAMENTO_REGISTRADO: Final = "br.caixa.lancamento.registrado.v1"
DIA_FECHADO: Final = "br.caixa.dia.fechado.v1"
CONTENT_TYPE: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"


class UnknownEvent(Exception):
    """An event of a type that this release does not know."""


class InvalidEvent(Exception):
    """Bytes that are no event, or an event whose data is not what its type promises."""


class LancamentoRegistrado(msgspec.Struct, frozen=True, kw_only=True):
    """An entry was recorded; its id is the event's id too. `valor` in minor units of `moeda`, always positive."""

    id: UUID
    comerciante_id: UUID
    tipo: Tipo
    valor: int
    moeda: Moeda
    data: date
    registrado_em: datetime
    estorna_id: UUID | None = None


class TotaisDoDia(msgspec.Struct, frozen=True, kw_only=True):
    """What one currency's entries of a closed day add up to, in minor units, and how many they are."""

    moeda: Moeda
    total_creditos: int
    total_debitos: int
    quantidade: int


class DiaFechado(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant closed a business day: no entry of that day will follow, though entries before it may still be on their way.

    `id` is the event's id too; `totais` has one item per currency with entries, sorted by currency; `hash` is the receipt's SHA-256 in hex,
    chained to `hash_anterior` (absent on the merchant's first receipt).
    """

    id: UUID
    comerciante_id: UUID
    data: date
    totais: tuple[TotaisDoDia, ...]
    hash: str
    hash_anterior: str | None
    fechado_em: datetime


class Evento(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its envelope, decoded."""

    id: UUID
    type: str
    time: datetime
    data: LancamentoRegistrado | DiaFechado


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: UUID
    source: str
    type: str
    time: datetime
    data: msgspec.Raw
    subject: str | None = None
    datacontenttype: str = "application/json"
    traceparent: str | None = None


_TYPES: Final[dict[str, type[LancamentoRegistrado | DiaFechado]]] = {LANCAMENTO_REGISTRADO: LancamentoRegistrado, DIA_FECHADO: DiaFechado}
_NAMES: Final = {kind: name for name, kind in _TYPES.items()}
_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(_Envelope)


def encode(
    event: LancamentoRegistrado | DiaFechado, *, event_id: UUID, time: datetime, source: str, traceparent: str | None = None
) -> bytes:
    """Encode an event with its envelope; `traceparent` is the CloudEvents extension of distributed tracing."""
    envelope = {
        "specversion": SPEC_VERSION,
        "id": event_id,
        "source": source,
        "type": _NAMES[type(event)],
        "time": time,
        "subject": event.comerciante_id,
        "datacontenttype": "application/json",
        "data": event,
    }
    if traceparent:
        envelope["traceparent"] = traceparent
    return _encoder.encode(envelope)


def decode(body: bytes) -> Evento:
    """Decode an event. Raises UnknownEvent for a type of another release, InvalidEvent for anything that is no such event."""
    try:
        envelope = _envelopes.decode(body)
        if envelope.specversion != SPEC_VERSION:
            raise InvalidEvent(f"CloudEvents {envelope.specversion}, not {SPEC_VERSION}")
        if (kind := _TYPES.get(envelope.type)) is None:
            raise UnknownEvent(envelope.type)
        data = msgspec.json.decode(envelope.data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(str(error)) from error
    _check(data)
    return Evento(id=envelope.id, type=envelope.type, time=envelope.time, data=data)


def _check(data: LancamentoRegistrado | DiaFechado) -> None:
    if isinstance(data, DiaFechado):
        if data.fechado_em.tzinfo is None or any(min(one.total_creditos, one.total_debitos, one.quantidade) < 0 for one in data.totais):
            raise InvalidEvent("a closing needs totals from 0 and an instant with its zone")
    elif data.registrado_em.tzinfo is None or data.valor <= 0:
        raise InvalidEvent("an entry needs a positive value and an instant with its zone")
