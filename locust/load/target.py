"""Which gateway the load goes to: only one on this machine, unless a person says otherwise by hand."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

NOTES = ("demo.json", "up.json")
"""What `make demo` and `make up` leave in `.caixa`."""
VARIABLES = ("GATEWAY", "ADMIN_ID", "ADMIN_SECRET")


class NoTarget(RuntimeError):
    """There is nothing to send load to, or it must not be sent there; the message says what to do."""


class Credentials(msgspec.Struct, frozen=True):
    """What a client of the gateway signs in with."""

    client_id: str
    client_secret: str


class Target(msgspec.Struct, frozen=True):
    """A gateway, without a path, and its administrator, who registers the load's merchants."""

    gateway: str
    admin: Credentials


def candidates(environ: Mapping[str, str], notes: Path) -> list[Target]:
    """List what could be meant: what GATEWAY, ADMIN_ID and ADMIN_SECRET say, else what runs here by the notes, the newest first.

    Raises NoTarget where there is none, or where one is not on this machine and ANYWHERE is not `yes`.
    """
    given = [name for name in VARIABLES if environ.get(name)]
    if given and len(given) < len(VARIABLES):
        raise NoTarget(f"{', '.join(given)} given, but not {', '.join(name for name in VARIABLES if name not in given)}: give all three")
    found = [_named(environ)] if given else _noted(notes)
    if not found:
        raise NoTarget(
            "nothing runs here by the notes in .caixa: `make demo` or `make up` first, or give GATEWAY=, ADMIN_ID= and ADMIN_SECRET="
        )
    for target in found:
        if not is_local(target.gateway) and environ.get("ANYWHERE") != "yes":
            raise NoTarget(f"{target.gateway} is not on this machine: load goes elsewhere only with ANYWHERE=yes, given by hand")
    return found


def is_local(gateway: str) -> bool:
    """Whether a gateway's URL names this machine itself. Raises NoTarget for what is no http(s) URL."""
    parts = urlsplit(gateway)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NoTarget(f"{gateway!r} is no gateway: write http://host:port")
    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _named(environ: Mapping[str, str]) -> Target:
    gateway, client_id, client_secret = (environ[name] for name in VARIABLES)
    return Target(gateway.rstrip("/"), Credentials(client_id, client_secret))


def _noted(notes: Path) -> list[Target]:
    files = [path for name in NOTES if (path := notes / name).is_file()]
    newest_first = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)
    return [msgspec.json.decode(path.read_bytes(), type=Target) for path in newest_first]
