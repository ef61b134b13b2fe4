"""Locks that a test takes as root, so that fluxo waits for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.integration.fluxo.conftest import SCHEMA
from tests.local.database import Database
from tests.local.mariadb import ROOT, connected
from tests.local.waiting import eventually


@asynccontextmanager
async def held(database: Database, *statements: str) -> AsyncIterator[None]:
    """Keep the locks that these statements take, on a connection of root's, until the block ends."""
    with connected(database.port, database.address.passwords[ROOT], schema=SCHEMA) as root, root.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        yield
        root.rollback()
        cursor.execute("UNLOCK TABLES")


async def waiting(database: Database, statement: str) -> list[int]:
    """Wait until threads of fluxo's user are busy with such a statement, and give them."""
    found: list[int] = []

    async def busy() -> bool:
        rows = database.query(
            "SELECT id FROM information_schema.processlist WHERE user = 'fluxo' AND time >= 1 AND info LIKE %s", statement
        )
        found[:] = [int(row[0]) for row in rows]
        return bool(found)

    await eventually(f"fluxo waits for {statement}", busy)
    return found
