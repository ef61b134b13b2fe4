"""The transaction around a batch of registrations: who is retried, and who fails alone."""

import asyncio
import random
import time
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.database import is_disconnect, is_retryable
from caixa_fluxo import day_locks
from caixa_fluxo import registration_repository as repository
from caixa_fluxo.registration import Answer, Refused, Registration

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 10.0
"""No attempt begins later: a lock that is kept is waited for once (10 s), and the answer is there before the gateway gives up (30 s)."""

Outcome = Answer | Exception


class Unavailable(Exception):
    """The database cannot be asked now. What was sent may have been committed: the same key tells, later."""


class RegistrationWriter:
    """Commits batches of registrations, each in one durable transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, batch: Sequence[Registration]) -> list[Outcome]:
        """Commit the batch and return each registration's outcome, in order.

        A registration that the database does not take fails alone; raises Unavailable for all when it does not answer.
        """
        try:
            return list(await self._persist(batch))
        except DBAPIError as error:
            if is_disconnect(error) or is_retryable(error):
                raise Unavailable from error
            if len(batch) == 1:
                return [error]
        return [outcome for one in batch for outcome in await self.write([one])]

    async def _persist(self, batch: Sequence[Registration]) -> Sequence[Answer | Refused]:
        """Retry the whole transaction after a deadlock or lock timeout, of which InnoDB expects clients to make nothing."""
        began = time.monotonic()
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._attempt(batch)
            except DBAPIError as error:
                if not is_retryable(error) or time.monotonic() - began > PATIENCE_SECONDS:
                    raise
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 # jitter
        return await self._attempt(batch)

    async def _attempt(self, batch: Sequence[Registration]) -> Sequence[Answer | Refused]:
        comerciantes = {one.registro.comerciante_id for one in batch}
        try:
            async with self._engine.begin() as connection:
                closed = await day_locks.hold_open(connection, comerciantes)
                if repository.late((one.registro for one in batch), closed):
                    return await repository.insert_one_by_one(connection, batch, closed)
                return await repository.insert_registrations(connection, batch)
        except IntegrityError:
            async with self._engine.begin() as connection:
                closed = await day_locks.hold_open(connection, comerciantes)
                return await repository.insert_one_by_one(connection, batch, closed)
