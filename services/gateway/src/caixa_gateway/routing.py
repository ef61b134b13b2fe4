"""Which service answers a path, and how patiently: pure, and refusing every path that two readers could read differently."""

import re
from typing import Final

import msgspec

from caixa_gateway.incoming import MAIOR_CORPO

PREFIXES: Final = {"/api/v1/lancamentos": "fluxo", "/api/v1/fechamentos": "fluxo", "/api/v1/saldos": "saldo"}
LOTES: Final = frozenset({"/api/v1/lancamentos/lote"})
LOTE_BYTES: Final = 2 * 1024 * 1024
KEYED: Final = frozenset({"/api/v1/lancamentos", "/api/v1/fechamentos"})
"""Below these paths every POST honours its Idempotency-Key, so sending one twice does it once."""

_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*")
_AMBIGUOUS: Final = re.compile(r"%(?:2f|5c|00|2e|25|3b)", re.IGNORECASE)


class Patience(msgspec.Struct, frozen=True):
    """How long a route's answer may take, in seconds: the whole of it, and any of its bytes, the first one included."""

    whole: float
    silent: float


EXPORT: Final = Patience(600.0, 60.0)
"""A stream of everything that a merchant has, whose first page is read before it begins."""
CLOSING: Final = Patience(120.0, 120.0)
"""Closing a day closes all those before it that are still open: years of them the first time, and no byte before the end."""
PATIENT: Final = {
    ("GET", "/api/v1/lancamentos/exportacao"): EXPORT,
    ("GET", "/api/v1/fechamentos/exportacao"): EXPORT,
    ("POST", "/api/v1/fechamentos"): CLOSING,
}

# What stands in the paths of services beside identifiers and days.
_WORDS: Final = frozenset({"atual", "estorno", "exportacao", "lote"})
_IDENTIFIER: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DEEPEST: Final = 3


class AmbiguousPath(Exception):
    """A path that could mean another one to the service than to the gateway."""


class Destination(msgspec.Struct, frozen=True):
    """Where a request goes: the service, and what it is asked for.

    `patience`: how long the answer may take (None: as configured). `keyed`: a POST there honours its Idempotency-Key.
    `maior`: how many bytes a body may have.
    """

    service: str
    target: str
    patience: Patience | None = None
    keyed: bool = False
    maior: int = MAIOR_CORPO

    def patient(self, seconds: float) -> Patience:
        """Give how long the answer may take where others may take `seconds`; never less than those."""
        if self.patience is None:
            return Patience(seconds, seconds)
        return Patience(max(self.patience.whole, seconds), max(self.patience.silent, seconds))


def destination_of(raw_path: str, query: str, method: str = "GET") -> Destination | None:
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
                patience=PATIENT.get((method, raw_path)),
                keyed=prefix in KEYED,
                maior=LOTE_BYTES if raw_path in LOTES else MAIOR_CORPO,
            )
    return None


def _unambiguous(raw_path: str) -> bool:
    segments = raw_path.split("/")[1:]
    return not _AMBIGUOUS.search(raw_path) and all(
        _PLAIN.fullmatch(segment) and segment not in {".", ".."} and (segment or index == len(segments) - 1)
        for index, segment in enumerate(segments)
    )


def template(path: str) -> str | None:
    """Name a service's route for the metrics, such as /api/v1/lancamentos/{id}/estorno; None where no service has the path.

    Whatever is asked for, there are few names: what is neither an identifier, a day nor a known word is `{outro}`.
    """
    for prefix in PREFIXES:
        if path == prefix or path.startswith(prefix + "/"):
            segments = path[len(prefix) :].split("/")[1:]
            return "/".join([prefix, *map(_named, segments[:_DEEPEST])])
    return None


def _named(segment: str) -> str:
    if segment in _WORDS:
        return segment
    return "{id}" if _IDENTIFIER.fullmatch(segment) else "{dia}" if _DAY.fullmatch(segment) else "{outro}"
