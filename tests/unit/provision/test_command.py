"""Programs are quiet when they work and tell when they fail."""

import sys
from pathlib import Path

import pytest

from tests.provision.command import CommandFailed, run


def test_what_a_program_prints_is_returned() -> None:
    """Standard output is the answer of a program that worked."""
    assert run([sys.executable, "-c", "print('certo')"]) == "certo\n"


def test_a_failure_shows_the_end_of_what_was_printed() -> None:
    """The last lines of a failed program are in the error."""
    with pytest.raises(CommandFailed, match="disk is full"):
        run([sys.executable, "-c", "import sys; sys.exit('disk is full')"])


def test_a_failure_names_its_log(tmp_path: Path) -> None:
    """With a log, the error shows its end and says where the whole of it is."""
    log = tmp_path / "logs" / "build.log"
    with pytest.raises(CommandFailed, match=r"build\.log"):
        run([sys.executable, "-c", "import sys; print('step 1'); sys.exit(3)"], log=log)
    assert "step 1" in log.read_text()
