"""Caixa's processes as children of this one: tests start, kill and multiply them; all end with the block."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.local.process import Process
from tests.local.services import NAMES, Program, Wiring, migrations, service
from tests.local.waiting import until

READY_SECONDS = 120.0


class Running:
    """One process that was started, with its program."""

    def __init__(self, program: Program, log: Path) -> None:
        """Start the program."""
        self.program = program
        self.process = Process(program.argv, log=log, environ=program.environ)
        self.process.start()

    def readiness(self) -> dict[str, Any]:
        """Return the process's own account of its readiness; empty while it does not answer."""
        return readiness(self.program.management_port)[1]

    def wait_ready(self) -> None:
        """Wait until the process says that it is ready. Raises process.Ended, with its log, when it dies instead."""
        until(f"{self.program.name} is ready", self._ready, seconds=READY_SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def restart(self) -> None:
        """Start the program again after its death, with the same ports."""
        self.process.start()

    def _ready(self) -> bool:
        self.process.check()
        return readiness(self.program.management_port)[0] == 200


class Platform:
    """The processes that run, by name; several may have the same."""

    def __init__(self, wiring: Wiring, folder: Path) -> None:
        self.wiring = wiring
        self.folder = folder
        self.running: list[Running] = []

    @property
    def gateway(self) -> str:
        """The gateway's URL."""
        return self.wiring.url("gateway")

    def migrate(self) -> None:
        """Bring all schemas up to date. Raises RuntimeError, with the log, when a migration fails."""
        begun = [Running(program, self.folder / f"{program.name}.log") for program in migrations(self.wiring)]
        for one in begun:
            if status := one.process.wait(120):
                raise RuntimeError(f"{one.program.name} ended with {status}\n{one.process.tail()}")

    def start(self, *names: str) -> list[Running]:
        """Start one process per name (all five where none is named), and wait until they are ready."""
        begun = [
            Running(service(self.wiring, name), self.folder / f"{name}-{len(self.running) + index}.log")
            for index, name in enumerate(names or NAMES)
        ]
        self.running += begun
        for one in begun:
            one.wait_ready()
        return begun

    def one(self, name: str) -> Running:
        """Return the first process of this name."""
        return next(one for one in self.running if one.program.name == name)

    def stop(self) -> None:
        """End all processes in order."""
        for one in self.running:
            one.process.terminate()
        for one in self.running:
            one.process.stop(grace=30)


def readiness(management_port: int) -> tuple[int, dict[str, Any]]:
    """Return the status and body of /saude/pronta; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{management_port}/saude/pronta", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read() or b"{}")
    except (OSError, ValueError):
        return 0, {}


@contextmanager
def platform(wiring: Wiring, folder: Path) -> Iterator[Platform]:
    """Give a platform whose schemas are migrated and of which no process runs yet, and end with the block what was started."""
    made = Platform(wiring, folder)
    try:
        made.migrate()
        yield made
    finally:
        made.stop()
