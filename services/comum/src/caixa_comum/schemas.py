"""Schemas and their users as SQL: two users per schema, one that works in it and one that may alter it; and one that compares."""

from collections.abc import Mapping
from typing import Final

SERVICES: Final = ("fluxo", "saldo", "gateway")
WORK: Final = "SELECT, INSERT, UPDATE, DELETE"


def schema_of(service: str) -> str:
    """Give a service's schema."""
    return f"caixa_{service}"


def migration_user(service: str) -> str:
    """Give the user that alters a service's schema; only the migrate command has its password."""
    return f"{service}_migration"


RECONCILIATION: Final = "reconciliacao"
"""The user that proves balance = sum of entries: the only one that reads two schemas, and it writes to neither."""

BACKUP: Final = "backup"
"""The user that copies every schema; there is one only where copies are wanted, so it is none of USERS."""

COMPARED: Final = (
    ("fluxo", "lancamento"),
    ("fluxo", "outbox"),
    ("fluxo", "fechamento"),
    ("saldo", "saldo_diario"),
    ("saldo", "inbox"),
    ("saldo", "fechamento_recebido"),
)

USERS: Final = (*(user for service in SERVICES for user in (service, migration_user(service))), RECONCILIATION)


def statements(passwords: Mapping[str, str]) -> list[str]:
    """Build the SQL that makes every schema and user, for MySQL 8 and 9 and MariaDB 10.11 alike; run again it changes nothing.

    `passwords` names every user of USERS; a changed password takes effect (rotation). Nothing is ever dropped.
    """
    sql: list[str] = []
    for service in SERVICES:
        schema = schema_of(service)
        sql.append(f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        for user, rights in ((service, WORK), (migration_user(service), "ALL PRIVILEGES")):
            sql += [*_user(user, passwords[user]), f"GRANT {rights} ON `{schema}`.* TO '{user}'@'%'"]
    sql += _user(RECONCILIATION, passwords[RECONCILIATION])
    for service, table in COMPARED:
        # Users come before the migrations' tables, and only a grant with CREATE may name a table that is not there yet.
        name = f"`{schema_of(service)}`.`{table}`"
        sql += [f"GRANT SELECT, CREATE ON {name} TO '{RECONCILIATION}'@'%'", f"REVOKE CREATE ON {name} FROM '{RECONCILIATION}'@'%'"]
    return sql


def backup_statements(password: str) -> list[str]:
    """Build the SQL of the user that dumps every schema: a consistent snapshot needs no lock and no right but to read."""
    grants = [f"GRANT SELECT, SHOW VIEW ON `{schema_of(service)}`.* TO '{BACKUP}'@'%'" for service in SERVICES]
    return [*_user(BACKUP, password), *grants]


def _user(user: str, password: str) -> list[str]:
    secret = quoted(password)
    return [f"CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY {secret}", f"ALTER USER '{user}'@'%' IDENTIFIED BY {secret}"]


def quoted(text: str) -> str:
    """Quote a string for SQL, whatever sql_mode says of backslashes. Raises ValueError for what no password of ours holds."""
    if any(character in "'\\\0\n\r" for character in text):
        raise ValueError("a password may hold neither quotes, backslashes nor line ends")
    return f"'{text}'"
