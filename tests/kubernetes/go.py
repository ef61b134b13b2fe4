"""The Go toolchain that builds the cluster: found, and new enough."""

import re
import shutil
from pathlib import Path

from tests.provision.command import run

NEEDED = (1, 26)


class GoMissing(RuntimeError):
    """There is no Go here that can build the cluster; the message says which one is needed."""


def parse_version(printed: str) -> tuple[int, int]:
    """Read the (major, minor) of what `go version` printed; (0, 0) when it is no version."""
    found = re.search(r"\bgo(\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def go() -> Path:
    """Find the `go` command on PATH or in its usual folder.

    Raises GoMissing where there is none that is new enough (1.21 and newer fetch the toolchain that go.mod names by themselves).
    """
    usual = "/usr/local/go/bin/go"
    found = shutil.which("go") or (usual if Path(usual).exists() else None)
    wanted = f"Go {NEEDED[0]}.{NEEDED[1]} or newer builds the cluster from source: install it from https://go.dev/dl"
    if found is None:
        raise GoMissing(f"{wanted}, and have `go` on PATH")
    printed = run([found, "version"], cwd=Path("/"))
    if parse_version(printed) < (1, 21):
        raise GoMissing(f"{wanted} (found: {printed.strip()})")
    return Path(found)
