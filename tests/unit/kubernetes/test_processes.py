"""Processes are found again by name, and a stranger is never taken for one of ours."""

import json
import os
from pathlib import Path

from tests.kubernetes import processes
from tests.kubernetes.waiting import until


def test_a_process_is_started_found_and_stopped(tmp_path: Path) -> None:
    """What was started is found by its name until it is stopped."""
    processes.start("sleeper", ["sleep", "300"], tmp_path)
    pid = processes.pid_of(tmp_path, "sleeper")
    assert pid is not None
    assert os.getsid(pid) == pid
    assert processes.names(tmp_path) == ["sleeper"]
    processes.stop(tmp_path, "sleeper")
    assert processes.pid_of(tmp_path, "sleeper") is None
    assert processes.names(tmp_path) == []


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Stopping ends in SIGKILL when the process does not end in time."""
    processes.start("stubborn", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], tmp_path)
    until("the trap is set", lambda: "ready" in processes.log_tail(tmp_path, "stubborn"))
    processes.stop(tmp_path, "stubborn", grace=0.2)
    assert processes.pid_of(tmp_path, "stubborn") is None


def test_a_reused_pid_is_a_stranger(tmp_path: Path) -> None:
    """A living process with the noted pid but another start time is not ours, and stopping leaves it alone."""
    (tmp_path / "old.pid").write_text(json.dumps({"pid": os.getpid(), "started": "1"}))
    assert processes.pid_of(tmp_path, "old") is None
    processes.stop(tmp_path, "old")
    assert processes.names(tmp_path) == []


def test_an_unreadable_pid_file_is_no_process(tmp_path: Path) -> None:
    """A pid file cut off while it was written names nothing."""
    (tmp_path / "cut.pid").write_text("")
    assert processes.pid_of(tmp_path, "cut") is None
