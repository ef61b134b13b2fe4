"""A message as it came from the broker, and sorting a batch into entries to apply and messages to set apart. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from caixa_comum.dominio import MAIOR_VALOR
from caixa_comum.events import DiaFechado, InvalidEvent, LancamentoRegistrado, UnknownEvent, decode
from caixa_comum.telemetry import TRACEPARENT, parse_traceparent

BODY_LIMIT = 1024 * 1024
"""Bytes of a body that the quarantine keeps: far above any event, far below a database packet."""
TEXT_LIMIT = 16_000
"""Characters of headers or reason that the quarantine keeps: below 64 KiB even at four bytes a character."""


class Message(msgspec.Struct, frozen=True):
    """One delivery: its body, its headers and the `message_id` that its publisher gave."""

    body: bytes
    headers: Mapping[str, object] = {}
    message_id: str | None = None


class Entry(msgspec.Struct, frozen=True):
    """A message understood: the event's id, which the inbox knows it by, and the entry that it tells of."""

    message: Message
    event_id: UUID
    lancamento: LancamentoRegistrado


class Rejection(msgspec.Struct, frozen=True):
    """A message that cannot be applied, and why. `id` is derived from the message, so redelivery repeats it."""

    id: UUID
    event_id: UUID | None
    body: bytes
    headers: str
    reason: str


def triage(messages: Iterable[Message]) -> tuple[list[Entry], list[Rejection]]:
    """Sort messages into entries and rejections, in their order; nothing raises."""
    entries: list[Entry] = []
    rejections: list[Rejection] = []
    for message in messages:
        try:
            evento = decode(message.body)
        except (UnknownEvent, InvalidEvent) as error:
            rejections.append(rejection(message, f"{type(error).__name__}: {error}"))
            continue
        if isinstance(evento.data, DiaFechado):
            rejections.append(rejection(message, f"UnknownEvent: {evento.type}"))
        elif evento.data.valor > MAIOR_VALOR:
            rejections.append(rejection(message, f"InvalidEvent: valor above {MAIOR_VALOR}"))
        else:
            entries.append(Entry(message, evento.id, evento.data))
    return entries, rejections


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
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
