"""Publishing a batch: all messages in flight at once, and each one's confirm awaited until a common deadline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import DeliveryError, PublishError

from caixa_comum import tracing
from caixa_comum.broker import BROKER_ERRORS
from caixa_comum.events import CONTENT_TYPE
from caixa_comum.telemetry import TRACEPARENT
from caixa_comum.topology import EXCHANGE
from caixa_comum.tracing import NOTHING, Attribute
from caixa_fluxo.outbox_repository import Waiting


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: ids confirmed, and how many were returned, refused (nack), or not heard of again."""

    confirmed: frozenset[int]
    returned: int = 0
    refused: int = 0
    lost: int = 0


class Publisher:
    """Publishes to one exchange; its channel has confirms on and raises on returned messages."""

    def __init__(self, exchange: AbstractExchange, *, is_open: Callable[[], bool], deadline_seconds: float) -> None:
        self.is_open = is_open
        self._exchange = exchange
        self._deadline_seconds = deadline_seconds

    async def publish(self, batch: Sequence[Waiting]) -> Delivery:
        """Publish all, persistent and mandatory; only what the broker confirmed and did not return counts as confirmed."""
        fates: dict[int, BaseException | None] = {}
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await asyncio.gather(*(self._publish(row, fates) for row in batch))
        except TimeoutError:
            pass  # what has no fate by now is lost
        return tally(batch, fates)

    async def _publish(self, row: Waiting, fates: dict[int, BaseException | None]) -> None:
        batch = tracing.current()
        links = [batch] if batch else []
        with tracing.span(f"send {EXCHANGE}", "producer", parent=row.traceparent, links=links, attributes=_described(row)) as span:
            try:
                await self._exchange.publish(message(row, span.traceparent), routing_key=row.routing_key, mandatory=True)
            except BROKER_ERRORS as error:
                fates[row.id] = error
                span.fail(repr(error))
            else:
                fates[row.id] = None


def _described(row: Waiting) -> Mapping[str, Attribute]:
    """Say what is sent (semantic conventions for messaging)."""
    if not tracing.recording():
        return NOTHING
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.destination.name": EXCHANGE,
        "messaging.rabbitmq.destination.routing_key": row.routing_key,
        "messaging.message.id": str(row.event_id),
    }


def tally(batch: Sequence[Waiting], fates: Mapping[int, BaseException | None]) -> Delivery:
    """Sort the batch by what became of each message: None is a confirm, an error its kind of failure, nothing at all a loss."""
    errors = [fates[row.id] for row in batch if row.id in fates]
    confirmed = frozenset(row.id for row in batch if row.id in fates and fates[row.id] is None)
    returned = sum(isinstance(error, PublishError) for error in errors)
    refused = sum(isinstance(error, DeliveryError) and not isinstance(error, PublishError) for error in errors)
    return Delivery(confirmed=confirmed, returned=returned, refused=refused, lost=len(batch) - len(confirmed) - returned - refused)


def message(row: Waiting, traceparent: str) -> Message:
    """Turn an outbox row into the AMQP message: persistent, with the event's id, and the span that sends it."""
    return Message(
        row.payload,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=str(row.event_id),
        content_type=CONTENT_TYPE,
        type=row.routing_key,
        headers={TRACEPARENT: traceparent},
    )
