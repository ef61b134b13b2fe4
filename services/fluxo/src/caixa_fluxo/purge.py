"""Idempotency keys expire: what was claimed seven days ago is deleted a little at a time, by every relay, beside its work.

The deleting is what expires a key: until then it still gives its answer, a little longer than promised.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.process import pause
from caixa_fluxo.idempotency_repository import forget_oldest

KEPT = timedelta(days=7)

_log = structlog.get_logger(__name__)


class PurgePace(msgspec.Struct, frozen=True, kw_only=True):
    """How the purge works: keys a transaction, seconds between full ones, and between looks when nothing is left."""

    chunk: int = 500
    pause_seconds: float = 0.1
    idle_seconds: float = 60.0


async def purge(
    engine: AsyncEngine, clock: Callable[[], datetime], count: Callable[[int], None], stop: asyncio.Event, pace: PurgePace
) -> None:
    """Delete expired keys until `stop` is set, telling `count` how many; each chunk is a short transaction of its own."""
    while not stop.is_set():
        more = False
        try:
            async with engine.begin() as connection:
                deleted, more = await forget_oldest(connection, clock() - KEPT, pace.chunk)
            count(deleted)
        except (DBAPIError, PoolTimeout, OSError) as error:
            _log.warning("keys_not_purged", error=type(error).__name__)
        await pause(stop, pace.pause_seconds if more else pace.idle_seconds)
