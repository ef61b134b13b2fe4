"""`python -m tests.local`, run as make runs it, on a root of the tests' own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Up:
    """One root, with or without a platform that runs."""

    layout: Layout

    def run(self, action: str) -> subprocess.CompletedProcess[str]:
        """Run `up`, `down` or `status`, without a terminal."""
        argv = [sys.executable, "-m", "tests.local", action, "--root", str(self.layout.root)]
        return subprocess.run(argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)

    def checked(self, action: str) -> str:
        """Run the action, which must succeed, and return what it printed for people."""
        done = self.run(action)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def notes(self) -> dict[str, Any]:
        """The content of up.json."""
        notes: dict[str, Any] = json.loads(self.layout.notes.read_text())
        return notes
