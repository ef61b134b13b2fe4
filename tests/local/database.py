"""A private database server with Caixa's schemas and least-privilege users, as the operator makes them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caixa_comum import schemas
from caixa_comum.settings import DatabaseSettings, load
from tests.local.mariadb import ROOT, MariaDb, running

ALEMBIC = "alembic_version"


def new_passwords() -> dict[str, str]:
    """Return a password for each user: per service its own, and one that may migrate its schema."""
    return {user: secrets.token_urlsafe(18) for user in schemas.USERS}


@dataclass(frozen=True)
class DatabaseAddress:
    """Where the schemas are, and each user's password."""

    port: int
    passwords: Mapping[str, str] = field(repr=False)

    def environ(self, user: str, schema: str) -> Mapping[str, str]:
        """Return the variables by which a process of this user (`fluxo`, `fluxo_migration`…) finds this schema (`caixa_fluxo`…)."""
        return {
            "CAIXA_DATABASE_URL": f"mysql://127.0.0.1:{self.port}/{schema}",
            "CAIXA_DATABASE_USER": user,
            "CAIXA_DATABASE_PASSWORD": self.passwords[user],
        }


class Database:
    """The schemas caixa_fluxo, caixa_saldo and caixa_gateway (empty until migrated) on a server of their own."""

    def __init__(self, server: MariaDb) -> None:
        """Make schemas and users on a server that runs."""
        self.server = server
        passwords = new_passwords()
        server.execute(schemas.statements(passwords))
        self.address = DatabaseAddress(server.port, {**passwords, ROOT: server.root_password})

    @property
    def port(self) -> int:
        """The server's port on 127.0.0.1."""
        return self.server.port

    def environ(self, user: str, schema: str) -> Mapping[str, str]:
        """Return the variables by which a process of this user (`root` included) finds this schema."""
        return self.address.environ(user, schema)

    def settings(self, user: str, schema: str) -> DatabaseSettings:
        """Return the same as settings."""
        return load(DatabaseSettings, self.environ(user, schema))

    def query(self, statement: str, *values: object, schema: str | None = None) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives root."""
        return self.server.query(statement, values, schema=schema)

    def empty(self, *names: str) -> None:
        """Delete every row of these schemas (caixa_fluxo…), but keep them migrated."""
        rows = self.query("SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'")
        tables = [f"`{schema}`.`{table}`" for schema, table in rows if schema in names and table != ALEMBIC]
        self.server.execute(["SET foreign_key_checks = 0", *(f"TRUNCATE TABLE {table}" for table in tables)])

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.server.start()

    def stop(self) -> None:
        """Shut the server down in order."""
        self.server.stop()

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.server.kill()


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """Give a server with schemas and users, and end it with the block."""
    with running(folder) as server:
        yield Database(server)
