"""Schemas as SQL: two users each, the working one without any right to alter, and nothing ever dropped."""

import pytest

from caixa_comum.schemas import BACKUP, COMPARED, RECONCILIATION, USERS, backup_statements, statements

PASSWORDS = {user: f"senha-{user}" for user in USERS}


def test_each_service_has_a_user_that_works_and_one_that_alters() -> None:
    """The working user has exactly the four rights on its own schema, the migration's has all on that schema alone."""
    sql = statements(PASSWORDS)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `caixa_fluxo`.* TO 'fluxo'@'%'" in sql
    assert "GRANT ALL PRIVILEGES ON `caixa_fluxo`.* TO 'fluxo_migration'@'%'" in sql
    assert not [line for line in sql if line.startswith("GRANT") and "*.*" in line]


def test_who_compares_may_only_read_what_is_compared() -> None:
    """The user of the reconciliation keeps SELECT on five tables: every CREATE that it is granted is taken back at once."""
    mine = [line for line in statements(PASSWORDS) if RECONCILIATION in line and line.startswith(("GRANT", "REVOKE"))]
    granted, revoked = mine[::2], mine[1::2]
    assert len(granted) == len(revoked) == len(COMPARED)
    for grant, revoke in zip(granted, revoked, strict=True):
        table = grant.removeprefix("GRANT SELECT, CREATE ON ").removesuffix(f" TO '{RECONCILIATION}'@'%'")
        assert table.count("`") == 4
        assert revoke == f"REVOKE CREATE ON {table} FROM '{RECONCILIATION}'@'%'"


def test_who_copies_may_only_read_and_is_there_only_where_copies_are_wanted() -> None:
    """No right to write, to lock or to alter, and none beyond the three schemas."""
    grants = [line for line in backup_statements("senha") if line.startswith("GRANT")]
    assert [line.partition(" ON ")[0] for line in grants] == ["GRANT SELECT, SHOW VIEW"] * 3
    assert not [line for line in grants if "*.*" in line]
    assert not [line for line in statements(PASSWORDS) if f"'{BACKUP}'@" in line]


def test_nothing_is_dropped() -> None:
    """Run again, or on a server with data, the statements only add."""
    assert not [line for line in statements(PASSWORDS) if "DROP" in line]


def test_a_password_that_could_end_its_quotes_is_refused() -> None:
    """No password becomes SQL."""
    with pytest.raises(ValueError, match="quotes"):
        statements(PASSWORDS | {"fluxo": "x'; DROP DATABASE mysql; --"})
