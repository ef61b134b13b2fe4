"""Traces: the W3C Trace Context header, read strictly and passed on."""

import re
import secrets
from typing import Final

TRACEPARENT: Final = "traceparent"
_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def parse_traceparent(value: str | None) -> str | None:
    """Give the header's value where it is a valid version-00 traceparent (W3C Trace Context, section 3.2), else None."""
    return value if value is not None and _FORM.fullmatch(value) else None


def make_traceparent() -> str:
    """Begin a trace: a random trace id and span id, sampled."""
    digits = secrets.token_hex(24)
    return f"00-{digits[:32]}-{digits[32:]}-01"
