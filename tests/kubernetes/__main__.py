"""The one-node cluster by hand: `python -m tests.kubernetes up|down|status|load ARCHIVE…`."""

import argparse
import sys
from pathlib import Path

from tests.kubernetes import image_store, node, status
from tests.kubernetes.folders import NODE
from tests.kubernetes.go import GoMissing
from tests.kubernetes.requirements import CannotRun
from tests.kubernetes.waiting import TimedOut
from tests.provision.command import CommandFailed
from tests.provision.debian import CannotInstall


def main(words: list[str]) -> int:
    """Do what the words say and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes", description=__doc__)
    parser.add_argument("do", choices=["up", "down", "status", "load"])
    parser.add_argument("archives", nargs="*", type=Path, help="image archives to load")
    arguments = parser.parse_args(words)
    try:
        return _do(arguments.do, arguments.archives)
    except (CannotInstall, CannotRun, CommandFailed, GoMissing, TimedOut) as error:
        print(error, file=sys.stderr)
        return 1


def _do(what: str, archives: list[Path]) -> int:
    if what == "status":
        code, text = status.report()
        print(text)
        return code
    if what == "down":
        left = node.down()
        print("\n".join(left) or "nothing is left")
        return bool(left)
    node.up()
    image_store.load({archive.stem: archive for archive in archives})
    print(f"ready: export KUBECONFIG={NODE.kubeconfig}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
