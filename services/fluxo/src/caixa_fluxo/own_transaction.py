"""A request that needs a transaction of its own: once per key, tried again where InnoDB expects it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_comum.database import is_disconnect, is_retryable
from caixa_fluxo.registration import Answer
from caixa_fluxo.registration_writer import ATTEMPTS, LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS, Unavailable

Work = Callable[[AsyncConnection], Awaitable[Answer]]


async def committed(engine: AsyncEngine, work: Work) -> Answer:
    """Run `work` in a transaction and return its answer once that is committed; what it raises rolls everything back.

    `work` runs again after a deadlock, a lock timeout, or a unique key that another transaction took meanwhile: it must look for what
    is there before it inserts. Raises Unavailable when the database does not answer.
    """
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with engine.begin() as connection:
                return await work(connection)
        except PoolTimeout as error:
            raise Unavailable from error
        except DBAPIError as error:
            again = is_retryable(error) or isinstance(error, IntegrityError)
            if is_disconnect(error) or (again and (attempt == ATTEMPTS or time.monotonic() - began > PATIENCE_SECONDS)):
                raise Unavailable from error
            if not again:
                raise
        await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 # jitter
    raise Unavailable
