"""`caixa-fluxo relay`: one connection to the broker, one to the database, the gauge that watches the outbox, and the purge of old keys."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.application import serve
from caixa_comum.broker import BROKER_ERRORS, reconnecting
from caixa_comum.database import create_engine
from caixa_comum.management import Life, management_app
from caixa_comum.process import pause
from caixa_comum.readiness import broker_check, database_check, schema_check
from caixa_fluxo.outbox_repository import backlog
from caixa_fluxo.publisher import Publisher
from caixa_fluxo.purge import PurgePace, purge
from caixa_fluxo.relay import Pace, Relay, Unconfirmed
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.settings import RelaySettings

PACKAGE = "caixa_fluxo"
EXCHANGE = "caixa.eventos"
POOL = 4
CONFIRM_SECONDS = 10.0
MEASURE_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class Link:
    """The channel in use, if any; readiness asks whether it stands."""

    def __init__(self) -> None:
        self._channel: AbstractChannel | None = None

    def connected(self) -> bool:
        """Tell whether the broker can be published to."""
        return self._channel is not None and not self._channel.is_closed

    async def open(self, connection: AbstractConnection) -> Publisher:
        """Open a channel with confirms on which returned messages raise. Nothing is declared: fluxo may only publish."""
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        self._channel = channel
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        return Publisher(exchange, is_open=self.connected, deadline_seconds=CONFIRM_SECONDS)


async def measure(engine: AsyncEngine, metrics: RelayMetrics, stop: asyncio.Event) -> None:
    """Show the outbox's size and age until `stop` is set, whether or not anything can be published."""
    while not stop.is_set():
        try:
            async with engine.connect() as connection:
                metrics.waiting(await backlog(connection))
        except (DBAPIError, PoolTimeout, OSError) as error:
            _log.warning("outbox_not_measured", error=type(error).__name__)
        await pause(stop, MEASURE_SECONDS)


Clock = Callable[[], datetime]
_now: Clock = partial(datetime.now, UTC)


async def run(settings: RelaySettings, metrics: RelayMetrics, stop: asyncio.Event, *, clock: Clock = _now) -> None:
    """Relay until `stop` is set; the batch in hand is finished. By `clock`, the instant in UTC, idempotency keys expire."""
    engine = create_engine(settings.database, pool=POOL)
    link, life = Link(), Life()
    relay = Relay(engine, pace=Pace(batch=settings.relay_batch, poll_seconds=settings.relay_poll_seconds), metrics=metrics)
    checks = {"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE), "broker": broker_check(link.connected)}

    async def work(connection: AbstractConnection) -> None:
        await relay.run(await link.open(connection), stop)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(None, settings.server, management_app(checks, life=life), stop, life=life))
            group.create_task(reconnecting(settings.broker, "caixa-fluxo-relay", stop, work, errors=(*BROKER_ERRORS, Unconfirmed)))
            group.create_task(measure(engine, metrics, stop))
            group.create_task(purge(engine, clock, metrics.purged, stop, PurgePace()))
    finally:
        await engine.dispose()
