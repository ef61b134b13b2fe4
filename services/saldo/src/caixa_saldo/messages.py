"""A message as it came from the broker, and sorting a batch into events to apply and messages to set apart. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from caixa_comum.dominio import MAIOR_SOMA, MAIOR_VALOR
from caixa_comum.events import DiaFechado, InvalidEvent, LancamentoRegistrado, UnknownEvent, decode
from caixa_comum.telemetry import TRACEPARENT, parse_traceparent

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
BODY_LIMIT = 1024 * 1024
"""Bytes of a body that the quarantine keeps: far above any event, far below a database packet."""
TEXT_LIMIT = 16_000
"""Characters of headers or reason that the quarantine keeps: below 64 KiB even at four bytes a character."""


class Message(msgspec.Struct, frozen=True):
    """One delivery: its body, its headers, the `message_id` that its publisher gave, and whether it may have come before."""

    body: bytes
    headers: Mapping[str, object] = {}
    message_id: str | None = None
    redelivered: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A message understood: the event's id, which the inbox knows it by, and the entry that it tells of."""

    message: Message
    event_id: UUID
    lancamento: LancamentoRegistrado

    @property
    def comerciante_id(self) -> UUID:
        """Whose the entry is."""
        return self.lancamento.comerciante_id


class Closing(msgspec.Struct, frozen=True):
    """A message understood: the event's id, and the receipt of a closed day that it carries."""

    message: Message
    event_id: UUID
    fechamento: DiaFechado

    @property
    def comerciante_id(self) -> UUID:
        """Whose the day is."""
        return self.fechamento.comerciante_id


Event = Entry | Closing


class Rejection(msgspec.Struct, frozen=True):
    """A message that cannot be applied, and why. `id` is derived from the message, so redelivery repeats it."""

    id: UUID
    event_id: UUID | None
    body: bytes
    headers: str
    reason: str
    traceparent: str | None = None


def triage(messages: Iterable[Message]) -> tuple[list[Event], list[Rejection]]:
    """Sort messages into events to apply and rejections, in their order; nothing raises."""
    events: list[Event] = []
    rejections: list[Rejection] = []
    for message in messages:
        try:
            events.append(_understood(message))
        except (UnknownEvent, InvalidEvent) as error:
            rejections.append(rejection(message, f"{type(error).__name__}: {error}"))
    return events, rejections


def _understood(message: Message) -> Event:
    evento = decode(message.body)
    if isinstance(evento.data, LancamentoRegistrado):
        if evento.data.valor > MAIOR_VALOR:
            raise InvalidEvent(f"valor above {MAIOR_VALOR}")
        return Entry(message, evento.id, evento.data)
    fechamento = evento.data
    if len({one.moeda for one in fechamento.totais}) != len(fechamento.totais):
        raise InvalidEvent("a receipt names a currency twice")
    if any(max(one.total_creditos, one.total_debitos, one.quantidade) > MAIOR_SOMA for one in fechamento.totais):
        raise InvalidEvent(f"a receipt's total is above {MAIOR_SOMA}")
    if not all(SHA256.fullmatch(text) for text in (fechamento.hash, fechamento.hash_anterior) if text is not None):
        raise InvalidEvent("a receipt's hash is no SHA-256 in hex")
    return Closing(message, evento.id, fechamento)


def traceparents(messages: Iterable[Message], most: int = 20) -> list[str]:
    """Give the distinct traces that the messages belong to, at most so many: a batch's log line names them."""
    found = (str(message.headers.get(TRACEPARENT)) for message in messages)
    return list(dict.fromkeys(value for value in found if parse_traceparent(value)))[:most]


def rejection(message: Message, reason: str) -> Rejection:
    """Say why a message is set apart, within the bounds of the quarantine's columns."""
    digest = hashlib.sha256((message.message_id or "").encode(errors="replace") + b"\0" + message.body).digest()
    headers = msgspec.json.encode({name: str(value) for name, value in message.headers.items()}).decode()
    return Rejection(
        id=UUID(bytes=digest[:16]),
        event_id=_uuid(message.message_id),
        body=message.body[:BODY_LIMIT],
        headers=headers[:TEXT_LIMIT],
        reason=reason.encode(errors="replace").decode()[:TEXT_LIMIT],
        traceparent=next(iter(traceparents([message])), None),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
