"""The demo by hand: `python -m tests.demo up|down`, which `make demo` and `make demo-down` call."""

import argparse
import subprocess
import sys

from tests.cluster.shop import Refused
from tests.demo import demo
from tests.kubernetes.existing import RegistryNeeded
from tests.kubernetes.go import GoMissing
from tests.kubernetes.requirements import CannotRun
from tests.kubernetes.waiting import TimedOut
from tests.kubernetes.where import decide
from tests.provision.command import CommandFailed
from tests.provision.debian import CannotInstall

EXPECTED = (CannotInstall, CannotRun, CommandFailed, GoMissing, Refused, RegistryNeeded, TimedOut, subprocess.TimeoutExpired)


def main(words: list[str]) -> int:
    """Do what the words say and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("do", choices=["up", "down"])
    arguments = parser.parse_args(words)
    try:
        if arguments.do == "up":
            print(demo.up(decide()))
            return 0
        left = demo.down(decide())
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(left) or "Nothing is left.")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
