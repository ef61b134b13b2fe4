"""A batch in the traces that it concerns: each message's own trace goes on through it to the upsert, and the batch's span links to all."""

from collections.abc import Iterable, Sequence
from typing import Final

from caixa_comum import tracing
from caixa_comum.topology import QUEUE
from caixa_comum.tracing import Attribute, Span
from caixa_saldo.messages import Event, Message, Rejection, traceparents

MOST_LINKS: Final = 128
"""As many as OpenTelemetry keeps by default (OTEL_SPAN_LINK_COUNT_LIMIT)."""
QUEUE_ATTRIBUTES: Final[dict[str, Attribute]] = {"messaging.system": "rabbitmq", "messaging.destination.name": QUEUE}


def batch(messages: Sequence[Message]) -> Span:
    """Begin the span of a batch: a trace of its own, since it belongs to the traces of all its messages alike."""
    links = traceparents(messages, MOST_LINKS) if tracing.recording() else ()
    told = {
        **QUEUE_ATTRIBUTES,
        "messaging.operation.type": "receive",
        "messaging.operation.name": "receive",
        "messaging.batch.message_count": len(messages),
    }
    return tracing.span(f"receive {QUEUE}", "consumer", parent=None, links=links, attributes=told)


def committed(events: Iterable[Event], *, began: int, ended: int) -> None:
    """Tell each event's trace that its message was processed, and upserted in the transaction between these instants (ns since 1970)."""
    if not tracing.recording():
        return
    some = list(events)
    upsert: dict[str, Attribute] = {
        "db.system.name": "mysql",
        "db.operation.name": "INSERT",
        "db.collection.name": "saldo_diario",
        "db.operation.batch.size": len(some),
    }
    for event in some:
        sender = next(iter(traceparents([event.message])), None)
        process = _processed(sender, str(event.event_id), began, ended)
        tracing.record("INSERT saldo_diario", "client", parent=process, began=began, ended=ended, attributes=upsert)


def set_apart(rejections: Iterable[Rejection], *, began: int, ended: int) -> None:
    """Tell the traces of messages that went into quarantine, with the reason."""
    if not tracing.recording():
        return
    for one in rejections:
        _processed(one.traceparent, str(one.event_id or ""), began, ended, failure=one.reason)


def _processed(sender: str | None, message_id: str, began: int, ended: int, failure: str | None = None) -> str | None:
    told = {
        **QUEUE_ATTRIBUTES,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.message.id": message_id,
    }
    around = tracing.current()
    links = [around] if around else ()
    return tracing.record(
        f"process {QUEUE}", "consumer", parent=sender, began=began, ended=ended, links=links, attributes=told, failure=failure
    )
