"""The watch over closed days and the quarantine: a look every few seconds, told as gauges; it never stops the consumer."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.process import pause
from caixa_saldo import metrics, quarantine, receipts
from caixa_saldo.closing import situacao_do_dia

PAGE = 1000
"""Receipts looked at a time: the oldest ones that were not found equal yet; beyond it all count as awaited."""
WATCH_SECONDS = 10.0
log = structlog.get_logger(__name__)


async def watch(engine: AsyncEngine, clock: Callable[[], datetime], stop: asyncio.Event, *, seconds: float = WATCH_SECONDS) -> None:
    """Look until `stop` is set. While the database is away the gauges keep what they last showed."""
    while not stop.is_set():
        try:
            await look(engine, clock())
        except (DBAPIError, PoolTimeout, OSError) as error:
            log.warning("closings_not_watched", error=type(error).__name__)
        await pause(stop, seconds)


async def look(engine: AsyncEngine, now: datetime) -> None:
    """Compare the receipts not found equal yet with the balances, note those that are equal now, and set the gauges."""
    async with engine.connect() as connection:
        waiting = await receipts.pending(connection, PAGE)
        held = await receipts.held(connection, {(one.comerciante_id, one.recibo.data) for one in waiting}) if waiting else {}
    judged = [(one, situacao_do_dia(one.recibo, held.get((one.comerciante_id, one.recibo.data), {}), now)) for one in waiting]
    if equal := [one for one, situacao in judged if situacao == "fechado"]:
        async with engine.begin() as connection:
            await receipts.confirm(connection, equal, now)
    divergent = sum(situacao == "divergente" for _, situacao in judged)
    async with engine.connect() as connection:
        metrics.DIVERGENT_DAYS.set(divergent)
        metrics.AWAITED_DAYS.set(await receipts.count_pending(connection) - divergent)
        metrics.IN_QUARANTINE.set(await quarantine.count(connection))
