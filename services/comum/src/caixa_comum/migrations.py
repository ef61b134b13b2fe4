"""Schemas by alembic: versions live in each service's `migrations/versions`, and there is no configuration file."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.database import create_engine
from caixa_comum.settings import DatabaseSettings


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(package))) / "migrations"))
    return config


def _scripts(package: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(package))


@cache
def head(package: str) -> str:
    """Give the newest revision that the package brings. Raises LookupError where it brings none."""
    newest = _scripts(package).get_current_head()
    if newest is None:
        raise LookupError(f"{package} has no migrations")
    return newest


async def revision(connection: AsyncConnection) -> str | None:
    """Give the revision that the schema is at, or None before the first migration."""
    try:
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return None
    return None if found is None else str(found)


async def is_current(connection: AsyncConnection, package: str) -> bool:
    """Tell whether the schema is at the revision that the package brings."""
    return await revision(connection) == head(package)


async def upgrade(settings: DatabaseSettings, package: str) -> None:
    """Bring the schema to the package's newest revision; two runs at once are serialised by a lock of the server's (GET_LOCK)."""
    engine = create_engine(settings, pool=2)
    try:
        async with engine.connect() as connection:
            # An ALTER waits for the readers of its table as long as the server lets it; only requests give up early.
            await connection.execute(text("SET SESSION lock_wait_timeout = DEFAULT"))
            lock = re.sub(r"\W", "_", package)
            await connection.execute(text("SELECT GET_LOCK(:name, 60)"), {"name": lock})
            await connection.run_sync(_upgrade, package)
            await connection.commit()
            await connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": lock})
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, package: str) -> None:
    scripts = _scripts(package)

    def steps(at: str | tuple[str, ...], _context: MigrationContext) -> list[object]:
        return list(scripts._upgrade_revs("head", at))  # type: ignore[arg-type]  # noqa: SLF001  as alembic.command.upgrade does

    with EnvironmentContext(_config(package), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        with environment.begin_transaction():
            environment.run_migrations()
