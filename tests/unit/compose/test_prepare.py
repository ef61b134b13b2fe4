"""What the first container of compose.yaml writes: credentials that never change, each readable by one process."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from compose import prepare
from compose.prepare import File


@pytest.fixture(scope="module")
def values() -> dict[str, dict[str, str]]:
    """Make every credential once."""
    return prepare.generated("")


def test_what_was_generated_is_kept(values: dict[str, dict[str, str]]) -> None:
    """A second `up` changes no password; one that is missing is made anew, and only that one."""
    assert prepare.generated(msgspec.json.encode(values).decode()) == values
    lacking = {secret: {key: value for key, value in of.items() if key != "saldo"} for secret, of in values.items()}
    again = prepare.generated(msgspec.json.encode(lacking).decode())
    assert again["mysql-users"]["saldo"] != values["mysql-users"]["saldo"]
    assert again["mysql-users"]["fluxo"] == values["mysql-users"]["fluxo"]


def test_each_process_is_given_its_own_passwords_and_no_other(values: dict[str, dict[str, str]]) -> None:
    """The entries' API knows one password, its database user's; no process may alter a schema but the migrations."""
    files = {file.path: file for file in prepare.files(values)}
    users = values["mysql-users"]
    assert files["environment/fluxo"].text == f"CAIXA_DATABASE_PASSWORD={users['fluxo']}\n"
    altering = [path for path, file in files.items() if users["saldo_migration"] in file.text]
    assert sorted(altering) == ["environment/saldo-migration", "init/init.sql"]


def test_no_two_processes_share_a_user() -> None:
    """So the file's owner alone decides who reads it; only the two servers, whose images know one user, share theirs."""
    own = [user for user in prepare.USERS.values() if user != prepare.STORE_USER]
    assert len(set(own)) == len(own)
    assert set(prepare.environments()) == {name for name, user in prepare.USERS.items() if user != prepare.STORE_USER}


def test_a_file_is_readable_by_its_user_only_and_replaced_as_a_whole(tmp_path: Path) -> None:
    """Writing again replaces the text, even of a file that nobody may write."""
    for text in ("one", "two"):
        prepare.write(tmp_path, File("admin/secret", os.getuid(), text))
    written = tmp_path / "admin" / "secret"
    assert written.read_text() == "two"
    assert stat.S_IMODE(written.stat().st_mode) == 0o400
    assert list(written.parent.iterdir()) == [written]
