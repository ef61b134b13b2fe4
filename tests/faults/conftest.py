"""A database and a broker that every test here may kill, apart from those that the other tests share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults import servers as private
from tests.faults.servers import Servers
from tests.faults.services import Platform


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Give the servers that the faults are done to."""
    with private.servers(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture
async def platform(servers: Servers, tmp_path: Path) -> AsyncIterator[Platform]:
    """Give the servers, alive and empty whatever the test before did to them; processes end with the test."""
    async with private.platform(servers, tmp_path) as made:
        yield made
