"""Publishing a batch: all messages in flight at once, and each one's confirm awaited until a common deadline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import DeliveryError, PublishError

from caixa_comum.broker import BROKER_ERRORS
from caixa_comum.events import CONTENT_TYPE
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
        try:
            await self._exchange.publish(message(row), routing_key=row.routing_key, mandatory=True)
        except BROKER_ERRORS as error:
            fates[row.id] = error
        else:
            fates[row.id] = None


def tally(batch: Sequence[Waiting], fates: Mapping[int, BaseException | None]) -> Delivery:
    """Sort the batch by what became of each message: None is a confirm, an error its kind of failure, nothing at all a loss."""
    errors = [fates[row.id] for row in batch if row.id in fates]
    confirmed = frozenset(row.id for row in batch if row.id in fates and fates[row.id] is None)
    returned = sum(isinstance(error, PublishError) for error in errors)
    refused = sum(isinstance(error, DeliveryError) and not isinstance(error, PublishError) for error in errors)
    return Delivery(confirmed=confirmed, returned=returned, refused=refused, lost=len(batch) - len(confirmed) - returned - refused)


def message(row: Waiting) -> Message:
    """Turn an outbox row into the AMQP message: persistent, with the event's id, and its trace if there is one."""
    return Message(
        row.payload,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=str(row.event_id),
        content_type=CONTENT_TYPE,
        type=row.routing_key,
        headers={"traceparent": row.traceparent} if row.traceparent else {},
    )
