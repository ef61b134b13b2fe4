"""fluxo's relay inside this process, so that one of its parts can be another: a channel, an isolation level, a cursor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.broker import connect
from caixa_comum.database import create_engine
from caixa_comum.settings import BrokerSettings
from caixa_comum.topology import EXCHANGE
from caixa_fluxo.outbox_repository import forget, lock_batch
from caixa_fluxo.publisher import Delivery, Publisher
from caixa_fluxo.relay import Pace, Relay
from caixa_fluxo.relay_metrics import RelayMetrics
from tests.faults.services import Platform

DEADLINE_SECONDS = 60.0


class CursorRelay(Relay):
    """The product's relay, but it remembers the last id and never looks behind it, as many outboxes do."""

    _last = 0

    async def move_batch(self, publisher: Publisher) -> tuple[int, Delivery]:
        """Publish what comes after the last id, and delete what was confirmed."""
        async with self._engine.begin() as connection:
            rows = [row for row in await lock_batch(connection, self._pace.batch) if row.id > self._last]
            if not rows:
                return 0, Delivery(confirmed=frozenset())
            delivery = await publisher.publish(rows)
            await forget(connection, delivery.confirmed)
        self._last = rows[-1].id
        return len(rows), delivery


def relay_of(engine: AsyncEngine, kind: type[Relay] = Relay) -> Relay:
    """Make a relay as the process makes it, with metrics of its own."""
    return kind(engine, pace=Pace(), metrics=RelayMetrics(CollectorRegistry()))


@asynccontextmanager
async def fluxo_engine(platform: Platform, isolation: str | None = None) -> AsyncIterator[AsyncEngine]:
    """Give the engine that the relay uses, or one at another isolation level."""
    engine = create_engine(platform.database.settings("fluxo", "caixa_fluxo"), pool=2)
    try:
        yield engine.execution_options(isolation_level=isolation) if isolation else engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def publisher(settings: BrokerSettings, *, confirms: bool = True) -> AsyncIterator[Publisher]:
    """Give the publisher that the relay uses, or one whose channel confirms nothing."""
    async with await connect(settings, "test") as connection:
        channel = await connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        yield Publisher(exchange, is_open=lambda: not channel.is_closed, deadline_seconds=DEADLINE_SECONDS)


@asynccontextmanager
async def relaying(platform: Platform, kind: type[Relay] = Relay) -> AsyncIterator[None]:
    """Run a relay of this kind until the block ends."""
    stop = asyncio.Event()
    async with fluxo_engine(platform) as engine, publisher(platform.broker.settings("fluxo")) as publishing, asyncio.TaskGroup() as group:
        group.create_task(relay_of(engine, kind).run(publishing, stop))
        try:
            yield
        finally:
            stop.set()
