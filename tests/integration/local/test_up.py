"""`make up` and `make down`, as people use them."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.cluster.shop import Credentials, Merchant, Shop, opened
from tests.integration.local.up_command import Up
from tests.local import notes
from tests.local.marked import living
from tests.local.platform import readiness
from tests.local.services import NAMES
from tests.local.supervision import Control
from tests.local.waiting import eventually, until


@pytest.fixture
async def shop(up: Up) -> AsyncIterator[Shop]:
    """Give a client of the platform's gateway."""
    async with opened(up.notes["gateway"], Credentials(**up.notes["admin"])) as made:
        yield made


def state_of(up: Up) -> notes.State:
    """Return where the run's supervisor and processes are to be asked."""
    state = notes.read_state(up.layout.state)
    assert state is not None
    return state


async def test_the_registered_merchants_entry_becomes_balance(up: Up, shop: Shop) -> None:
    """With nothing but up.json, an entry is accepted and the balance follows."""
    told = up.notes["merchant"]
    merchant = Merchant(told["id"], Credentials(told["client_id"], told["client_secret"]))
    before = await shop.balance(merchant)
    assert (await shop.post(merchant, 12_345)).last == 201

    async def follows() -> bool:
        return await shop.balance(merchant) == before + 12_345

    await eventually("the balance follows", follows)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_comes_back_by_itself(up: Up, name: str) -> None:
    """Supervisor starts each of the five processes again after SIGKILL, and it becomes ready."""
    state = state_of(up)
    control = Control(state.control_port, state.control_password).connect()
    pid = control.getProcessInfo(f"services:{name}")["pid"]
    os.kill(pid, signal.SIGKILL)
    until(f"{name} is another process", lambda: control.getProcessInfo(f"services:{name}")["pid"] not in {0, pid})
    until(f"{name} is ready", lambda: readiness(state.management_ports[name])[0] == 200)


def test_up_again_says_that_it_runs(up: Up) -> None:
    """A second `up` starts nothing and registers nobody, but says where the platform is."""
    before = up.notes
    said = up.checked("up")
    assert "runs already" in said
    assert before["gateway"] in said
    assert up.notes == before


def test_status_names_every_process(up: Up) -> None:
    """`status` has a line for each process and server, all running."""
    said = up.checked("status")
    assert {line.split()[0] for line in said.splitlines() if "RUNNING" in line} == {*NAMES, "mysql", "rabbitmq", "epmd"}


def test_the_notes_are_private(up: Up) -> None:
    """No file with a secret within can be read by other users: the notes, supervisor's configuration, keys, definitions."""
    secret = up.notes["admin"]["client_secret"].encode()
    files = [path for path in up.layout.root.rglob("*") if path.is_file() and secret in path.read_bytes()]
    private = [up.layout.notes, up.layout.up / "signing.pem", up.layout.rabbitmq / "definitions.json", *files]
    assert up.layout.up / "supervisord.conf" in files
    assert [path for path in private if path.stat().st_mode & 0o077] == []


def test_no_secret_is_seen_in_the_list_of_processes(up: Up) -> None:
    """The command lines of all processes hold neither the administrator's secret nor a password."""
    secrets = [up.notes["admin"]["client_secret"], state_of(up).control_password]
    for line in up.layout.up.joinpath("supervisord.conf").read_text().splitlines():
        secrets += [part.split('"')[1] for part in line.split(",") if "PASSWORD=" in part]
    lines = [Path(f"/proc/{pid}/cmdline").read_text(errors="replace") for pid in living(up.layout.root)]
    assert len(secrets) > 5
    assert len(lines) >= len(NAMES)
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def test_down_leaves_nothing(up: Up, new_up: Callable[[], Up]) -> None:
    """`down` ends every process of its own run and removes its folder and notes; a run beside it goes on; then `status` says what to do."""
    other = new_up()
    assert living(other.layout.root)
    other.checked("down")
    assert living(other.layout.root) == []
    assert list(other.layout.root.iterdir()) == []
    assert "make up" in other.run("status").stdout
    up.checked("status")


def test_down_after_the_supervisor_was_killed_leaves_nothing(new_up: Callable[[], Up]) -> None:
    """Even when supervisor itself got SIGKILL, nothing that it started lives on, and `down` cleans up."""
    made = new_up()
    control = Control(state_of(made).control_port, state_of(made).control_password).connect()
    os.kill(control.getPID(), signal.SIGKILL)
    until("everything died with its supervisor", lambda: living(made.layout.root) == [])
    made.checked("down")
    assert list(made.layout.root.iterdir()) == []
