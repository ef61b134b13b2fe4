"""What is measured, in which order, and the servers that it is measured on."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import msgspec

from caixa_comum import migrations, schemas
from tests.bench import consuming, door, fleet, lag, relaying, writing
from tests.bench.figure import Figure
from tests.issuer import Issuer
from tests.local.broker import Broker, broker
from tests.local.database import Database, database
from tests.provision.progress import step

Say = Callable[[str], None]


class Bench:
    """The private servers of one run, each started by the first part that needs it; all end with the stack."""

    schemas = tuple(schemas.schema_of(service) for service in schemas.SERVICES)

    def __init__(self, folder: Path, rounds: int, stack: ExitStack) -> None:
        """Take a folder for what they write."""
        self.folder = folder
        self.rounds = rounds
        self._stack = stack
        self._migrated = False

    @cached_property
    def database(self) -> Database:
        """The database, its schemas not migrated."""
        with step("private database"):
            return self._stack.enter_context(database(self.folder / "mysql"))

    @cached_property
    def broker(self) -> Broker:
        """The broker."""
        return self._stack.enter_context(broker(self.folder / "rabbit"))

    @cached_property
    def issuer(self) -> Issuer:
        """What signs tokens where no gateway runs."""
        return self._stack.enter_context(Issuer())

    def empty(self) -> None:
        """Empty all schemas, once they are up to date."""
        if not self._migrated:
            asyncio.run(self._migrate())
            self._migrated = True
        self.database.empty(*self.schemas)

    async def _migrate(self) -> None:
        for service in schemas.SERVICES:
            await migrations.upgrade(self.database.settings(f"{service}_migration", f"caixa_{service}"), f"caixa_{service}")


class Part(msgspec.Struct, frozen=True):
    """Figures that are measured together: their ids (`P1,P2`), what they are about, and how."""

    ids: str
    title: str
    measure: Callable[[Bench, Say], list[Figure]]
    stores: bool = True
    """Whether it needs the private database, and empty."""


def _writing(bench: Bench, say: Say) -> list[Figure]:
    return writing.measure(bench.database, bench.issuer, bench.folder, bench.rounds, say)


def _door(bench: Bench, say: Say) -> list[Figure]:
    return door.measure(bench.database, bench.folder, bench.rounds, say)


def _relaying(bench: Bench, say: Say) -> list[Figure]:
    return [asyncio.run(relaying.measure(bench.database, bench.broker, bench.rounds, say))]


def _consuming(bench: Bench, say: Say) -> list[Figure]:
    return [asyncio.run(consuming.measure(bench.database, bench.broker, bench.rounds, say))]


def _lag(bench: Bench, say: Say) -> list[Figure]:
    return [lag.measure(bench.database, bench.broker, bench.issuer, bench.folder, bench.rounds, say)]


def _fleet(bench: Bench, say: Say) -> list[Figure]:
    return asyncio.run(fleet.measure(bench.folder, say))


PARTS = (
    Part("P1,P2", "writing entries", _writing),
    Part("P3", "through the gateway", _door),
    Part("P4", "relaying", _relaying),
    Part("P5", "consuming", _consuming),
    Part("P7", "the lag of a balance", _lag),
    Part("O1,O2,O3,O4,O5", "200 CashBoxes on one API server", _fleet, stores=False),
)


def chosen(only: str) -> list[Part]:
    """Give the parts that measure the named figures (`P3`, `P4,P5`), all where none is named. Raises ValueError for a name of none."""
    names = {name.strip().upper() for name in only.split(",") if name.strip()}
    known = {name for part in PARTS for name in part.ids.split(",")}
    if names - known:
        raise ValueError(f"there is no figure {', '.join(sorted(names - known))}; there are {', '.join(sorted(known))}")
    return [part for part in PARTS if not names or names & set(part.ids.split(","))]
