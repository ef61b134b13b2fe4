"""A migrated schema `caixa_saldo`, empty for each test, and merchants' tokens."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.database import create_engine
from caixa_comum.migrations import upgrade
from caixa_comum.settings import DatabaseSettings
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database

SCHEMA = "caixa_saldo"


@pytest.fixture
async def schema(mysql: Database) -> DatabaseSettings:
    """Migrate the schema, empty it, and give what saldo's own least-privilege user needs to reach it."""
    await upgrade(mysql.settings("saldo_migration", SCHEMA), SCHEMA)
    mysql.empty(SCHEMA)
    return mysql.settings("saldo", SCHEMA)


@pytest.fixture
async def engine(schema: DatabaseSettings) -> AsyncIterator[AsyncEngine]:
    """Give an engine of saldo's own user."""
    engine = create_engine(schema)
    yield engine
    await engine.dispose()


@pytest.fixture
def queues(rabbit: Broker) -> Broker:
    """Give the broker with empty queues."""
    rabbit.purge()
    return rabbit


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Give a token issuer."""
    with Issuer() as issuer:
        yield issuer
