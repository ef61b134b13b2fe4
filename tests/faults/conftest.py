"""A database and a broker that every test here may kill, empty and running when each begins."""

import asyncio
import urllib.error
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from caixa_comum.migrations import upgrade
from tests.faults.invariants import consumers
from tests.faults.routing import bind
from tests.faults.services import Platform
from tests.local.broker import Broker, broker
from tests.local.database import Database, database
from tests.local.waiting import eventually

SCHEMAS = {"fluxo_migration": "caixa_fluxo", "saldo_migration": "caixa_saldo"}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Broker]]:
    """Give a migrated database and a broker with Caixa's topology, apart from those that the other tests share."""
    with database(tmp_path_factory.mktemp("mysql")) as mysql, broker(tmp_path_factory.mktemp("rabbit")) as rabbit:
        for user, schema in SCHEMAS.items():
            asyncio.run(upgrade(mysql.settings(user, schema), schema))
        yield mysql, rabbit


@pytest.fixture
async def platform(servers: tuple[Database, Broker], tmp_path: Path) -> AsyncIterator[Platform]:
    """Give the servers, alive and empty whatever the test before did to them; processes end with the test."""
    mysql, rabbit = servers
    if not mysql.server.process.alive():
        mysql.start()
    if not rabbit.server.node.alive():
        rabbit.start()

    async def nobody_consumes() -> bool:
        return await consumers(rabbit) == 0

    await eventually("the last test's consumers are gone", nobody_consumes)
    with suppress(urllib.error.HTTPError):
        bind(rabbit)
    mysql.empty(*SCHEMAS.values())
    rabbit.purge()
    made = Platform(mysql, rabbit, tmp_path)
    try:
        yield made
    finally:
        made.kill_all()
