"""Finding every process of a run by a variable that it was given and hands on to its children."""

import os
import signal
import time
from pathlib import Path

VARIABLE = "CAIXA_UP_ROOT"


def mark(root: Path) -> dict[str, str]:
    """Return the variable by which the processes of this root are known."""
    return {VARIABLE: str(root)}


def living(root: Path) -> list[int]:
    """Return the ids of this user's processes that bear the root's mark; zombies do not live."""
    wanted = f"{VARIABLE}={root}".encode()
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and wanted in _environ(entry).split(b"\0"))


def end(root: Path, first: int | None, *, grace: float) -> None:
    """End all: SIGTERM to the first (their supervisor), which ends the others in order; SIGKILL to whoever is left after `grace`."""
    if first is not None:
        _signal(first, signal.SIGTERM)
        _wait(root, grace)
    while left := living(root):
        for pid in left:
            _signal(pid, signal.SIGKILL)
        _wait(root, 5)


def _wait(root: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while living(root) and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended in the meantime


def _environ(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:  # gone, or another user's
        return b""
