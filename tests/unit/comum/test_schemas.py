"""Schemas as SQL: two users each, the working one without any right to alter, and nothing ever dropped."""

import pytest

from caixa_comum.schemas import USERS, statements

PASSWORDS = {user: f"senha-{user}" for user in USERS}


def test_each_service_has_a_user_that_works_and_one_that_alters() -> None:
    """The working user has exactly the four rights on its own schema, the migration's has all on that schema alone."""
    sql = statements(PASSWORDS)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `caixa_fluxo`.* TO 'fluxo'@'%'" in sql
    assert "GRANT ALL PRIVILEGES ON `caixa_fluxo`.* TO 'fluxo_migration'@'%'" in sql
    assert not [line for line in sql if line.startswith("GRANT") and "*.*" in line]


def test_nothing_is_dropped() -> None:
    """Run again, or on a server with data, the statements only add."""
    assert not [line for line in statements(PASSWORDS) if "DROP" in line]


def test_a_password_that_could_end_its_quotes_is_refused() -> None:
    """No password becomes SQL."""
    with pytest.raises(ValueError, match="quotes"):
        statements(PASSWORDS | {"fluxo": "x'; DROP DATABASE mysql; --"})
