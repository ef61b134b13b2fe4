"""Waiting for a condition by asking again, with a deadline that is generous and a message that says what did not come."""

import time
from collections.abc import Callable


class TimedOut(RuntimeError):
    """What was waited for did not come in time; the message says what and after how long."""


def until(what: str, holds: Callable[[], bool], *, seconds: float = 90.0, pause: float = 0.1) -> None:
    """Return as soon as `holds()` is true. Raises TimedOut, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
