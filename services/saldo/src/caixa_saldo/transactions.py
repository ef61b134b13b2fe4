"""Running one unit of database work until it is done: what to try again, what to wait for, what to give up.

The work must be safe to run again from its beginning, even after a commit whose answer was lost.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from caixa_comum.database import is_retryable
from caixa_comum.process import pause
from caixa_saldo.bisection import Refused
from caixa_saldo.metrics import HOLDING, RETRIES

T = TypeVar("T")
log = structlog.get_logger(__name__)

DEADLINE_SECONDS = 30.0
"""Longer than the server's own lock wait (10 s): so the server's answer comes first, and only a dead link ends here."""
LONGEST_PAUSE_SECONDS = 5.0


class Stopped(Exception):
    """The process was told to stop while it waited for the database; nothing was committed, nothing may be acked."""


async def until_done(work: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T:
    """Run `work` until it succeeds.

    Deadlocks and lock timeouts are tried again at once; anything else that the database or the network does is
    waited for, with growing pauses, for as long as it takes: a message held here is lost by nobody.
    Raises Refused when the database refuses the data itself, Stopped when told to stop during a wait.
    """
    pauses = 0
    try:
        while True:
            try:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    return await work()
            except (SQLAlchemyError, OSError, ValueError, ArithmeticError) as error:
                if refuses_data(error):
                    raise Refused(str(getattr(error, "orig", error))) from error
                if isinstance(error, DBAPIError) and is_retryable(error):
                    RETRIES.labels("lock").inc()
                    # Jitter, so that two transactions that met do not meet again.
                    await asyncio.sleep(random.uniform(0.001, 0.02))  # noqa: S311 (no secret)
                    continue
                RETRIES.labels("database").inc()
                HOLDING.set(1)
                pauses += 1
                log.warning("database.waiting", error=str(getattr(error, "orig", error)), attempt=pauses)
            if await pause(stop, min(LONGEST_PAUSE_SECONDS, 0.1 * 2 ** min(pauses, 10)) * random.uniform(0.5, 1)):  # noqa: S311
                raise Stopped
    finally:
        HOLDING.set(0)


def refuses_data(error: Exception) -> bool:
    """Tell whether the values themselves are wrong: they cannot be sent, or SQLSTATE class 22 (data) or 23 (constraint) came back.

    Only what is surely the message's fault: a full disk or a missing grant must hold the batch, not empty the
    queue into the quarantine.
    """
    if isinstance(error, ValueError | ArithmeticError) or (isinstance(error, StatementError) and not isinstance(error, DBAPIError)):
        return True
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(sqlstate, str) and sqlstate[:2] in {"22", "23"}
