"""Long-running programs in sessions of their own, found again by pid files that cannot name a stranger."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

TAIL_BYTES = 3000


def start(name: str, argv: Sequence[str | Path], folder: Path) -> None:
    """Start a program whose pid file and log are `folder/name.pid` and `folder/name.log`; it outlives this process."""
    folder.mkdir(parents=True, exist_ok=True)
    with log_path(folder, name).open("w") as log:
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"},
        )
    process.returncode = 0  # it is to outlive this object: no warning when the object goes
    _pid_path(folder, name).write_text(json.dumps({"pid": process.pid, "started": _started(process.pid)}))


def pid_of(folder: Path, name: str) -> int | None:
    """Return the pid of a program started under this name, while that very process lives: a reused pid has another start time."""
    try:
        noted = json.loads(_pid_path(folder, name).read_text())
    except (OSError, ValueError):
        return None
    pid = int(noted["pid"])
    _reap(pid)
    return pid if noted["started"] is not None and _started(pid) == noted["started"] else None


def names(folder: Path) -> list[str]:
    """List every name with a pid file here, dead or alive."""
    return sorted(path.stem for path in folder.glob("*.pid"))


def stop(folder: Path, name: str, *, grace: float = 10.0) -> None:
    """End the program by SIGTERM, by SIGKILL after `grace` seconds, and forget its pid file."""
    deadline = time.monotonic() + grace
    signal_to_send = signal.SIGTERM
    while (pid := pid_of(folder, name)) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_to_send)
        while pid_of(folder, name) is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        signal_to_send, deadline = signal.SIGKILL, time.monotonic() + grace
    _pid_path(folder, name).unlink(missing_ok=True)


def command_lines() -> dict[int, str]:
    """Return the command line of every process by its pid, words ended by NUL as proc(5) has them."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = path.read_text(errors="replace")
    return found


def log_path(folder: Path, name: str) -> Path:
    """Say where the program's output goes."""
    return folder / f"{name}.log"


def log_tail(folder: Path, name: str) -> str:
    """Return the end of what the program printed."""
    try:
        return log_path(folder, name).read_bytes()[-TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return ""


def _pid_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.pid"


def _started(pid: int) -> str | None:
    """When the process started, in clock ticks since boot (proc(5), stat field 22); None when it is gone or a zombie."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else fields[18]


def _reap(pid: int) -> None:
    """Collect the process if it was this one's child and has ended, so that it does not stay as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
