"""The subscription to the broker: take batches, have them applied, acknowledge each with one frame."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel, DeliveredMessage

from caixa_comum.broker import BROKER_ERRORS
from caixa_comum.topology import QUEUE
from caixa_saldo.gathering import Gatherer
from caixa_saldo.messages import Message
from caixa_saldo.metrics import CONSUMING

CLOSE_SECONDS: Final = 5.0
Apply = Callable[[Sequence[Message]], Awaitable[object]]


class Subscription:
    """Consumes one queue on whatever connection it is given, one at a time; `active` tells readiness that it does."""

    def __init__(self, apply: Apply, *, prefetch: int, batch: int, window_seconds: float, queue: str = QUEUE) -> None:
        self._apply = apply
        self._prefetch = prefetch
        self._batch = batch
        self._window_seconds = window_seconds
        self._queue = queue
        self.active = False

    async def run(self, connection: AbstractConnection, stop: asyncio.Event) -> None:
        """Consume until `stop` is set. Raises ConnectionError, or what the broker's client does, when the broker ends it.

        Then it takes no more, and what was delivered is applied first, so that nothing is delivered a second time. What cannot
        be applied goes back to the queue with the channel. A batch that is committed but whose acknowledgement is lost comes
        again, and the inbox knows it.
        """
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=self._prefetch)
        # aiormq's channel below aio-pika's: one task per delivery instead of three.
        wire = await channel.get_underlay_channel()
        gatherer: Gatherer[DeliveredMessage] = Gatherer(self._batch, self._window_seconds)
        wire.on_consumer_cancel_callbacks.add(lambda _frame: gatherer.close())
        ending = asyncio.ensure_future(channel.closed())
        ending.add_done_callback(lambda _done: gatherer.close())
        try:
            await self._consume(wire, gatherer, stop)
        finally:
            self.active = False
            CONSUMING.set(0)
            ending.cancel()
            # Closing ends the consumer and requeues what was not acknowledged, in one step.
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await channel.close()
        if not stop.is_set():
            raise ConnectionError(f"the broker ended the subscription to {self._queue}")

    async def _consume(self, wire: AbstractChannel, gatherer: Gatherer[DeliveredMessage], stop: asyncio.Event) -> None:
        async def receive(delivery: DeliveredMessage) -> None:
            gatherer.put(delivery)

        tag = (await wire.basic_consume(self._queue, receive)).consumer_tag
        self.active = True
        CONSUMING.set(1)
        leaving = asyncio.create_task(_leave(wire, tag or "", gatherer, stop))
        try:
            await self._apply_all(wire, gatherer)
        finally:
            leaving.cancel()

    async def _apply_all(self, wire: AbstractChannel, gatherer: Gatherer[DeliveredMessage]) -> None:
        while deliveries := await gatherer.batch():
            await self._apply([message_of(delivery) for delivery in deliveries])
            last = deliveries[-1].delivery_tag
            if last is not None:
                # Deliveries come, and are taken, in the order of their tags: `multiple` covers exactly this batch.
                await wire.basic_ack(last, multiple=True)


async def _leave(wire: AbstractChannel, tag: str, gatherer: Gatherer[DeliveredMessage], stop: asyncio.Event) -> None:
    """Once told to stop, take no more: after the broker's answer nothing else comes."""
    await stop.wait()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await wire.basic_cancel(tag)
    except BROKER_ERRORS:
        gatherer.close()
    else:
        gatherer.drain()


def message_of(delivery: DeliveredMessage) -> Message:
    """Take the parts of a delivery that matter here."""
    properties = delivery.header.properties
    return Message(
        body=bytes(delivery.body),
        headers=properties.headers or {},
        message_id=properties.message_id,
        redelivered=bool(delivery.redelivered),
    )
