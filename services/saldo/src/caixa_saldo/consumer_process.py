"""The process `caixa-saldo consumer`: adds what the broker delivers to the balances, and outlives broker and database."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from aio_pika.abc import AbstractConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import logs
from caixa_comum.application import serve
from caixa_comum.broker import reconnecting, url_of
from caixa_comum.database import create_engine
from caixa_comum.management import Life, management_app
from caixa_comum.process import stop_event
from caixa_comum.readiness import broker_check, database_check, schema_check
from caixa_comum.settings import load
from caixa_saldo.applier import Applier
from caixa_saldo.consumption import Subscription
from caixa_saldo.depth import watch_depth
from caixa_saldo.settings import ConsumerSettings
from caixa_saldo.transactions import Stopped
from caixa_saldo.watch import watch

NAME = "saldo-consumer"
PACKAGE = "caixa_saldo"
POOL = 4
"""One transaction at a time, the checks of readiness, and the watch over closed days."""


Clock = Callable[[], datetime]
_now: Clock = partial(datetime.now, UTC)


async def run_consumer(settings: ConsumerSettings, stop: asyncio.Event, *, clock: Clock = _now) -> None:
    """Consume and tell of health until `stop` is set; the batch in hand is finished first. `clock` tells the instant in UTC."""
    url_of(settings.broker)  # a wrong URL ends the process now, naming the variable
    engine = create_engine(settings.database, pool=POOL)
    try:
        await _run(settings, engine, stop, clock)
    finally:
        await engine.dispose()


async def _run(settings: ConsumerSettings, engine: AsyncEngine, stop: asyncio.Event, clock: Clock) -> None:
    applier = Applier(engine, stop, clock)
    subscription = Subscription(
        applier.apply, prefetch=settings.prefetch, batch=settings.batch, window_seconds=settings.batch_window_seconds
    )

    async def work(connection: AbstractConnection) -> None:
        watching = asyncio.create_task(watch_depth(connection, stop))
        try:
            with suppress(Stopped):
                await subscription.run(connection, stop)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    life = Life()
    checks = {
        "broker": broker_check(lambda: subscription.active),
        "banco": database_check(engine),
        "esquema": schema_check(engine, PACKAGE),
    }
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(None, settings.server, management_app(checks, life=life), stop, life=life))
        group.create_task(reconnecting(settings.broker, NAME, stop, work))
        group.create_task(watch(engine, clock, stop))


async def consumer(environ: Mapping[str, str]) -> None:
    """Add the broker's events to the balances."""
    settings = load(ConsumerSettings, environ)
    logs.configure(settings.server.log_level, NAME)
    await run_consumer(settings, stop_event())
