"""A database, a broker and an issuer of tokens that every fault may use up: empty and running when each begins."""

import asyncio
import tempfile
import urllib.error
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from caixa_comum.migrations import upgrade
from tests.faults.invariants import consumers
from tests.faults.nursery import Nursery, nursery
from tests.faults.routing import bind
from tests.faults.services import Platform, silent
from tests.issuer import Issuer
from tests.local.broker import Broker, broker
from tests.local.database import Database, database
from tests.local.waiting import eventually

SCHEMAS = {"fluxo_migration": "caixa_fluxo", "saldo_migration": "caixa_saldo"}


@dataclass(frozen=True)
class Servers:
    """What outlives the single fault."""

    database: Database
    broker: Broker
    issuer: Issuer
    nursery: Nursery


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Give a migrated database, a broker with Caixa's topology and an issuer, all private, and end them with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="caixa-") as short,  # a socket's whole path may not exceed 107 characters
        nursery(Path(short)) as forking,
        database(folder / "mysql") as mysql,
        broker(folder / "rabbit") as rabbit,
        Issuer() as issuer,
    ):
        for user, schema in SCHEMAS.items():
            asyncio.run(upgrade(mysql.settings(user, schema), schema))
        yield Servers(mysql, rabbit, issuer, forking)


@asynccontextmanager
async def platform(of: Servers, folder: Path, say: Callable[[str], None] = silent) -> AsyncIterator[Platform]:
    """Give the servers, alive and empty whatever the fault before did to them; processes end with the block."""
    mysql, rabbit = of.database, of.broker
    if not mysql.server.process.alive():
        mysql.start()
    if not rabbit.server.node.alive():
        rabbit.start()

    async def nobody_consumes() -> bool:
        return await consumers(rabbit) == 0

    await eventually("the last fault's consumers are gone", nobody_consumes)
    with suppress(urllib.error.HTTPError):
        bind(rabbit)
    mysql.empty(*SCHEMAS.values())
    rabbit.purge()
    made = Platform(mysql, rabbit, of.issuer, of.nursery, folder, say)
    try:
        yield made
    finally:
        made.kill_all()
