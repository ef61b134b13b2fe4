"""Waiting for a condition by asking again, with a generous deadline and a message that says what did not come."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class TimedOut(RuntimeError):
    """What was waited for did not come in time."""


def until(what: str, holds: Callable[[], bool], *, seconds: float = 90.0, pause: float = 0.05) -> None:
    """Return as soon as `holds()` is true. Raises TimedOut, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


async def eventually(what: str, holds: Callable[[], Awaitable[bool]], *, seconds: float = 90.0, pause: float = 0.05) -> None:
    """Return as soon as `await holds()` is true. Raises TimedOut, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(pause)
