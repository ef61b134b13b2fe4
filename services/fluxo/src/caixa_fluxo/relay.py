"""The outbox's relay: each event is deleted in the transaction that locked it, after the broker confirmed it.

So an event is published at least once whatever dies in between; the consumer's inbox makes that exactly once. Many
relays may run: SKIP LOCKED deals the rows out. Ids become visible out of order, so nothing remembers a last id.
"""

import asyncio
import time

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import tracing
from caixa_comum.process import pause
from caixa_fluxo.outbox_repository import forget, lock_batch
from caixa_fluxo.publisher import Delivery, Publisher
from caixa_fluxo.relay_metrics import RelayMetrics

HINDERED_PAUSE_SECONDS = 1.0
"""How long to wait when the database is away, or the broker took nothing: what it returned stays, and is not hammered."""

_log = structlog.get_logger(__name__)


class Unconfirmed(Exception):
    """The broker let the deadline pass, or the channel went away: this channel is not to be trusted any more."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How the relay works: rows a batch, and seconds between looks at an outbox that was not full."""

    batch: int = 500
    poll_seconds: float = 0.05


class Relay:
    """Moves events from the outbox to the broker, a batch at a time."""

    def __init__(self, engine: AsyncEngine, *, pace: Pace, metrics: RelayMetrics) -> None:
        self._engine = engine
        self._pace = pace
        self._metrics = metrics

    async def run(self, publisher: Publisher, stop: asyncio.Event) -> None:
        """Relay until `stop` is set, waiting for the database where it is away; raises Unconfirmed when the channel must be replaced."""
        while not stop.is_set():
            if not publisher.is_open():
                raise Unconfirmed("the channel is closed")
            try:
                taken, delivery = await self.move_batch(publisher)
            except (DBAPIError, PoolTimeout) as error:
                _log.warning("outbox_not_read", error=type(error).__name__, retry_seconds=HINDERED_PAUSE_SECONDS)
                await pause(stop, HINDERED_PAUSE_SECONDS)
                continue
            if delivery.lost:
                raise Unconfirmed(f"{delivery.lost} of {taken} messages without a confirm")
            if taken and not delivery.confirmed:
                _log.warning("nothing_accepted", returned=delivery.returned, refused=delivery.refused)
                await pause(stop, HINDERED_PAUSE_SECONDS)
            elif taken < self._pace.batch:
                await pause(stop, self._pace.poll_seconds)

    async def move_batch(self, publisher: Publisher) -> tuple[int, Delivery]:
        """Publish one batch and delete what was confirmed; return how many rows were taken, and their fate."""
        began = time.perf_counter()
        async with self._engine.begin() as connection:
            rows = await lock_batch(connection, self._pace.batch)
            if not rows:
                return 0, Delivery(confirmed=frozenset())
            with tracing.span("relay outbox", "internal", parent=None, attributes={"messaging.batch.message_count": len(rows)}) as span:
                delivery = await publisher.publish(rows)
                await forget(connection, delivery.confirmed)
        self._tell(delivery, len(rows), time.perf_counter() - began, span.traceparent)
        return len(rows), delivery

    def _tell(self, delivery: Delivery, taken: int, seconds: float, traceparent: str) -> None:
        """Count a batch that is committed, and write its one line of log."""
        self._metrics.delivered(delivery, taken=taken, seconds=seconds)
        _log.info(
            "batch",
            size=taken,
            confirmed=len(delivery.confirmed),
            returned=delivery.returned,
            refused=delivery.refused,
            lost=delivery.lost,
            duration_ms=round(seconds * 1000, 1),
            **tracing.named(traceparent),
        )
