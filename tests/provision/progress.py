"""Telling how long work goes: one line when a step begins, a sign of life while it lasts, one when it is done."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

HEARTBEAT_SECONDS = 20.0


class Step:
    """A step under way; `note` says what it is at, and the next sign of life repeats it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.latest = ""

    def note(self, text: str) -> None:
        """Say what the step is at, once for each new text."""
        if text != self.latest:
            self.latest = text
            self._say(f"    {text}")


@contextmanager
def step(text: str, *, out: TextIO | None = None, heartbeat: float = HEARTBEAT_SECONDS) -> Iterator[Step]:
    """Announce a step, show that it lives every `heartbeat` seconds, and say how many seconds it took; works without a terminal."""
    stream = out or sys.stderr
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            print(line, file=stream, flush=True)

    began = time.monotonic()
    done = threading.Event()
    current = Step(say)

    def beat() -> None:
        while not done.wait(heartbeat):
            say(f"    … {time.monotonic() - began:.0f} s {current.latest}".rstrip())

    say(f"▸ {text}")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield current
    except BaseException:
        say(f"  ✗ {text}: failed after {time.monotonic() - began:.1f} s")
        raise
    else:
        say(f"  ✓ {time.monotonic() - began:.1f} s")
    finally:
        done.set()
        thread.join()
