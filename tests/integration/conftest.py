"""Real servers for integration tests: one database and one broker a session, each started by the first test that asks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.issuer import Issuer
from tests.local.broker import Broker, broker
from tests.local.database import Database, database


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give the session's database server, with Caixa's schemas (not migrated) and users; tests share it and must not stop it."""
    with database(tmp_path_factory.mktemp("mysql")) as server:
        yield server


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give the session's broker, with Caixa's topology and users; tests share it and must not stop it."""
    with broker(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Give the session's token issuer: it signs for any merchant and publishes its key."""
    with Issuer() as made:
        yield made


@pytest.fixture
def private_mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Database]]:
    """Give a factory of database servers that a test may kill and start again."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(database(tmp_path_factory.mktemp("mysql")))


@pytest.fixture
def private_rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Broker]]:
    """Give a factory of brokers that a test may kill and start again."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(broker(tmp_path_factory.mktemp("rabbit")))
