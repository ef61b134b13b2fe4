"""UUIDv7: identifiers that sort by time, so that a primary key grows at its end (RFC 9562, section 5.7)."""

import os
import threading
import time
from uuid import UUID

_RANDOM_BITS = 74
_lock = threading.Lock()
_last = 0  # the 122 bits of the newest identifier, without version and variant


def uuid7() -> UUID:
    """Make an identifier greater than every other that this process made, also within a millisecond and when the clock steps back."""
    global _last  # noqa: PLW0603  monotony needs the newest one
    now = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10)) >> 6
    with _lock:
        # Within a millisecond: continue from the newest (method 2 of section 6.2), a random step ahead so that it can't be guessed.
        _last = now if now > _last else _last + 1 + int.from_bytes(os.urandom(4))
        value = _last
    milliseconds, random_a, random_b = value >> 74, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)
