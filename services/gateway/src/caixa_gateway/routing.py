"""Which service answers a path, and how patiently: pure, and refusing every path that two readers could read differently."""

import re
from typing import Final

import msgspec

from caixa_gateway.incoming import MAIOR_CORPO

PREFIXES: Final = {"/api/v1/lancamentos": "fluxo", "/api/v1/fechamentos": "fluxo", "/api/v1/saldos": "saldo"}
EXPORTS: Final = frozenset({"/api/v1/lancamentos/exportacao"})
EXPORT_SECONDS: Final = 600.0
LOTES: Final = frozenset({"/api/v1/lancamentos/lote"})
LOTE_BYTES: Final = 2 * 1024 * 1024
KEYED: Final = "/api/v1/lancamentos"
"""Below this path every POST honours its Idempotency-Key, so sending one twice records it once."""

_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*")
_AMBIGUOUS: Final = re.compile(r"%(?:2f|5c|00|2e|25|3b)", re.IGNORECASE)


class AmbiguousPath(Exception):
    """A path that could mean another one to the service than to the gateway."""


class Destination(msgspec.Struct, frozen=True):
    """Where a request goes: the service, and what it is asked for.

    `seconds`: how long the whole answer may take (None: as configured). `keyed`: a POST there honours its Idempotency-Key.
    `maior`: how many bytes a body may have.
    """

    service: str
    target: str
    seconds: float | None = None
    keyed: bool = False
    maior: int = MAIOR_CORPO


def destination_of(raw_path: str, query: str) -> Destination | None:
    """Find the destination of a raw (still encoded) path and query, or None where no service has it.

    Raises AmbiguousPath for dot segments, empty segments, semicolons (parameters to
    some servers), encoded slashes, dots, percents or NULs, bytes that no path holds,
    and a fragment, which no request has.
    """
    for prefix, service in PREFIXES.items():
        if raw_path == prefix or raw_path.startswith(prefix + "/"):
            if not _unambiguous(raw_path) or "#" in query:
                raise AmbiguousPath(raw_path)
            target = f"{raw_path}?{query}" if query else raw_path
            return Destination(
                service,
                target,
                seconds=EXPORT_SECONDS if raw_path in EXPORTS else None,
                keyed=prefix == KEYED,
                maior=LOTE_BYTES if raw_path in LOTES else MAIOR_CORPO,
            )
    return None


def _unambiguous(raw_path: str) -> bool:
    segments = raw_path.split("/")[1:]
    return not _AMBIGUOUS.search(raw_path) and all(
        _PLAIN.fullmatch(segment) and segment not in {".", ".."} and (segment or index == len(segments) - 1)
        for index, segment in enumerate(segments)
    )
