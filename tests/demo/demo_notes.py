"""What the demo remembers between runs, in `.caixa/demo.json`, and what it tells at its end."""

import os
from pathlib import Path

import msgspec

from tests.kubernetes.kubeconfig import write_private

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / ".caixa" / "demo.json"


class Credentials(msgspec.Struct, frozen=True):
    """What a client of the gateway signs in with."""

    client_id: str
    client_secret: str


class Merchant(msgspec.Struct, frozen=True):
    """The demo's merchant."""

    id: str
    client_id: str
    client_secret: str


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the demo runs and who may call it."""

    gateway: str
    admin: Credentials
    merchant: Merchant
    kubeconfig: str | None = None
    context: str | None = None


def read(path: Path = NOTES) -> Notes | None:
    """Return the notes of an earlier run, or None where there are none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Notes)
    except (OSError, msgspec.DecodeError):
        return None


def write(notes: Notes, path: Path = NOTES) -> None:
    """Keep the notes, for their owner only, also where `sudo make demo` runs in somebody's checkout."""
    write_private(path, msgspec.json.format(msgspec.json.encode(notes), indent=2) + b"\n")
    owner = path.parent.parent.stat()
    if os.geteuid() == 0:
        for made in (path.parent, path):
            os.chown(made, owner.st_uid, owner.st_gid)


def forget(path: Path = NOTES) -> None:
    """Delete the notes."""
    path.unlink(missing_ok=True)
