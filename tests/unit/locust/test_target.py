"""Where load may go."""

import json
import os
from pathlib import Path

import pytest

from load.target import NoTarget, Target, candidates, is_local

GIVEN = {"GATEWAY": "http://127.0.0.1:8080/", "ADMIN_ID": "admin", "ADMIN_SECRET": "s"}


def note(folder: Path, name: str, gateway: str, age: float) -> None:
    """Leave notes as `make demo` and `make up` do, so many seconds old."""
    path = folder / name
    path.write_text(json.dumps({"gateway": gateway, "admin": {"client_id": "a", "client_secret": "b"}, "merchant": {"id": "m"}}))
    os.utime(path, (1e9 - age, 1e9 - age))


def gateways(targets: list[Target]) -> list[str]:
    """Name the targets by their URLs."""
    return [target.gateway for target in targets]


def test_what_a_person_names_wins_over_what_runs_here(tmp_path: Path) -> None:
    """GATEWAY= is taken as it is given."""
    note(tmp_path, "up.json", "http://127.0.0.1:1", 0)
    assert gateways(candidates(GIVEN, tmp_path)) == ["http://127.0.0.1:8080"]


def test_what_runs_here_is_found_by_its_notes_newest_first(tmp_path: Path) -> None:
    """Where both `make up` and `make demo` left notes, the later one is tried first."""
    note(tmp_path, "demo.json", "http://127.0.0.1:30080", 50)
    note(tmp_path, "up.json", "http://127.0.0.1:8080", 10)
    assert gateways(candidates({}, tmp_path)) == ["http://127.0.0.1:8080", "http://127.0.0.1:30080"]


@pytest.mark.parametrize(
    "gateway", ["https://caixa.example", "http://10.0.0.1:8080", "http://127.0.0.1.example:80", "http://[2001:db8::1]"]
)
def test_load_never_goes_to_another_machine_by_accident(tmp_path: Path, gateway: str) -> None:
    """Only ANYWHERE=yes, given by hand, lets load leave this machine."""
    environ = {**GIVEN, "GATEWAY": gateway}
    with pytest.raises(NoTarget, match="ANYWHERE=yes"):
        candidates(environ, tmp_path)
    with pytest.raises(NoTarget, match="ANYWHERE=yes"):
        candidates({**environ, "ANYWHERE": "1"}, tmp_path)
    assert gateways(candidates({**environ, "ANYWHERE": "yes"}, tmp_path)) == [gateway]


def test_notes_that_name_another_machine_are_refused_too(tmp_path: Path) -> None:
    """A demo on a cluster elsewhere is not loaded without being told to."""
    note(tmp_path, "demo.json", "http://192.0.2.7:30080", 0)
    with pytest.raises(NoTarget, match=r"192\.0\.2\.7"):
        candidates({}, tmp_path)


@pytest.mark.parametrize("gateway", ["http://127.0.0.1:8080", "http://localhost", "https://127.9.9.9", "http://[::1]:80"])
def test_this_machine_is_known_by_its_names(gateway: str) -> None:
    """Loopback addresses and localhost are here."""
    assert is_local(gateway)


@pytest.mark.parametrize("gateway", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_what_is_no_url_is_said_to_be_none(gateway: str) -> None:
    """The message says what to write."""
    with pytest.raises(NoTarget, match="http://host:port"):
        is_local(gateway)


def test_the_missing_half_of_what_a_person_gave_is_named(tmp_path: Path) -> None:
    """Without an administrator no merchant could be registered."""
    with pytest.raises(NoTarget, match="not ADMIN_ID, ADMIN_SECRET"):
        candidates({"GATEWAY": "http://127.0.0.1:1"}, tmp_path)


def test_where_nothing_runs_the_message_says_what_to_start(tmp_path: Path) -> None:
    """No notes and no GATEWAY: the way on is named."""
    with pytest.raises(NoTarget, match="make demo"):
        candidates({}, tmp_path)
