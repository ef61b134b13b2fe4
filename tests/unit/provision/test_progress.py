"""Progress is told without a terminal, in time, and also when work fails."""

import io
import threading

import pytest

from tests.provision.progress import step


def test_a_step_says_when_it_begins_and_how_long_it_took() -> None:
    """Two lines frame each step: what begins, and the seconds that it took."""
    out = io.StringIO()
    with step("starting the servers", out=out):
        pass
    begun, done = out.getvalue().splitlines()
    assert begun == "▸ starting the servers"
    assert done.startswith("  ✓ ")
    assert done.endswith(" s")


def test_a_long_step_shows_that_it_lives() -> None:
    """No silent minute: the latest note is repeated while the step lasts."""
    out = io.StringIO()
    with step("building", out=out, heartbeat=0.01) as current:
        current.note("image 3 of 5")
        for _ in range(500):
            if "s image 3 of 5" in out.getvalue():
                break
            threading.Event().wait(0.01)
    assert "s image 3 of 5" in out.getvalue()


def test_a_failed_step_says_so_and_raises() -> None:
    """A failure is told with its time and never swallowed."""
    out = io.StringIO()
    with pytest.raises(RuntimeError, match="no disk"), step("building", out=out):
        raise RuntimeError("no disk")
    assert "✗ building: failed after" in out.getvalue()
