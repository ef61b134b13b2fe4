"""Child processes that cannot outlive their parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.process import Ended, Process
from tests.local.waiting import until

PARENT = """
import sys, time
from pathlib import Path
from tests.local.process import Process
child = Process(["/bin/sleep", "600"], log=Path(sys.argv[1]), environ={})
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Whether the process has ended; a zombie that init has not collected yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_child_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """SIGKILL gives the parent no chance to end its child; the kernel does."""
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until("the child runs its program", lambda: Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"/bin/sleep"))
        os.kill(parent.pid, signal.SIGKILL)
        until("the child is gone", lambda: gone(child))


def test_a_process_that_ended_tells_its_status_and_log(tmp_path: Path) -> None:
    """`check` raises with the exit status and what the program printed last."""
    process = Process(["/bin/sh", "-c", "echo no such disk; exit 7"], log=tmp_path / "log", environ={})
    process.start()
    assert process.wait(30) == 7
    with pytest.raises(Ended, match="ended with 7") as told:
        process.check()
    assert "no such disk" in str(told.value)


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    """`stop` ends what does not want to end."""
    process = Process(["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], log=tmp_path / "log", environ={})
    process.start()
    until("the trap is set", lambda: "ready" in process.tail())
    process.stop(grace=0.2)
    assert not process.alive()


def test_a_process_starts_again_after_its_death(tmp_path: Path) -> None:
    """The same object starts the same command anew, as another process."""
    process = Process(["/bin/sleep", "600"], log=tmp_path / "log", environ={})
    process.start()
    first = process.pid
    process.kill()
    process.start()
    assert process.pid != first
    process.kill()
