"""The control groups of pods, in version 1's many trees and in version 2's one."""

import contextlib
import os
import signal
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PODS = "kubepods"


def roots(tree: Path = ROOT) -> list[Path]:
    """List the top groups of pods: one on cgroup v2, one for each controller on v1."""
    found = [tree / PODS, *tree.glob(f"*/{PODS}")]
    return [path for path in found if path.is_dir() and not path.parent.is_symlink()]


def pids(tree: Path = ROOT) -> set[int]:
    """List every process in a pod."""
    return _pids(roots(tree))


def pids_of_pod(uid: str, tree: Path = ROOT) -> set[int]:
    """List every process of the pod with this uid."""
    return _pids([group for root in roots(tree) for group in _below(root) if group.name == f"pod{uid}"])


def kill(tree: Path = ROOT) -> bool:
    """Kill every process in a pod; true when none was left to kill."""
    alive = pids(tree)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not alive


def remove(tree: Path = ROOT) -> None:
    """Take the groups away, the deepest first; those that still hold a process stay."""
    for root in roots(tree):
        for group in sorted(_below(root), key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                group.rmdir()
        with contextlib.suppress(OSError):
            root.rmdir()


def _pids(groups: list[Path]) -> set[int]:
    found: set[int] = set()
    for top in groups:
        for group in [top, *_below(top)]:
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in (group / "cgroup.procs").read_text().split())
    return found


def _below(top: Path) -> list[Path]:
    """List the groups below one. `os.walk` passes over those that end meanwhile, where a glob would fail."""
    return [Path(folder, name) for folder, names, _ in os.walk(top) for name in names]
