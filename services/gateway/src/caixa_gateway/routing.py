"""Which service answers a path: pure, and refusing every path that two readers could read differently."""

import re
from typing import Final

PREFIXES: Final = {"/api/v1/lancamentos": "fluxo", "/api/v1/fechamentos": "fluxo", "/api/v1/saldos": "saldo"}
_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*")
_AMBIGUOUS: Final = re.compile(r"%(?:2f|5c|00|2e|25)", re.IGNORECASE)


class AmbiguousPath(Exception):
    """A path that could mean another one to the service than to the gateway."""


def service_of(raw_path: str) -> str | None:
    """Name the service of a raw (still encoded) path, or None where no service has it.

    Raises AmbiguousPath for dot segments, empty segments, encoded slashes, dots, percents or NULs, and bytes that no path holds.
    """
    for prefix, service in PREFIXES.items():
        if raw_path == prefix or raw_path.startswith(prefix + "/"):
            if not _unambiguous(raw_path):
                raise AmbiguousPath(raw_path)
            return service
    return None


def _unambiguous(raw_path: str) -> bool:
    segments = raw_path.split("/")[1:]
    return not _AMBIGUOUS.search(raw_path) and all(
        _PLAIN.fullmatch(segment) and segment not in {".", ".."} and (segment or index == len(segments) - 1)
        for index, segment in enumerate(segments)
    )
