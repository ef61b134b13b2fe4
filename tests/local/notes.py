"""What `make up` leaves for people and programs: `.caixa/up.json` with addresses and credentials, and its own notes on its servers."""

from pathlib import Path

import msgspec

from tests.local.private_file import write_private


class Credentials(msgspec.Struct, frozen=True):
    """What a client of the gateway signs in with."""

    client_id: str
    client_secret: str


class Merchant(msgspec.Struct, frozen=True):
    """The merchant that `make up` registered."""

    id: str
    client_id: str
    client_secret: str


class Notes(msgspec.Struct, frozen=True):
    """Where the platform runs and who may call it."""

    gateway: str
    admin: Credentials
    merchant: Merchant


class State(msgspec.Struct, frozen=True):
    """What `status` needs: supervisor's port and password, and where each process tells its readiness."""

    control_port: int
    control_password: str
    management_ports: dict[str, int]


def read(path: Path) -> Notes | None:
    """Return the notes of a run, or None where there are none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Notes)
    except (OSError, msgspec.DecodeError):
        return None


def read_state(path: Path) -> State | None:
    """Return the state of a run, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def write(notes: Notes | State, path: Path) -> None:
    """Keep the notes in a file that only this user may read."""
    write_private(path, msgspec.json.format(msgspec.json.encode(notes), indent=2).decode() + "\n")
