"""Checks of what a process needs before it can serve, each telling what to do."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.migrations import head, revision

Check = Callable[[], Awaitable[None]]


class NotReady(Exception):
    """What a process needs is missing; the message says what to do."""


def database_check(engine: AsyncEngine) -> Check:
    """Make the check that the database answers."""

    async def check() -> None:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise NotReady(f"the database does not answer ({type(error).__name__}): check CAIXA_DATABASE_URL and the server") from error

    return check


def schema_check(engine: AsyncEngine, package: str) -> Check:
    """Make the check that the schema is at this release's revision; once it was, it is not asked again (releases only add to it)."""
    seen = False

    async def check() -> None:
        nonlocal seen
        if seen:
            return
        try:
            async with engine.connect() as connection:
                found = await revision(connection)
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise NotReady(f"the schema cannot be read ({type(error).__name__}): see the database check") from error
        if found != head(package):
            raise NotReady(f"the schema is at {found or 'nothing'}, this release needs {head(package)}: run the migrate command")
        seen = True

    return check


def broker_check(connected: Callable[[], bool]) -> Check:
    """Make the check that the connection to the broker stands."""

    async def check() -> None:
        if not connected():
            raise NotReady("the broker is not connected: check CAIXA_BROKER_URL and the server; the process keeps trying")

    return check
