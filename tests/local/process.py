"""A child process that cannot outlive the program which started it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

TAIL_BYTES = 4000

# The kernel's parent-death signal is tied to the *thread* that forked (prctl(2)); this one lives as long as the program.
_SPAWNER = ThreadPoolExecutor(1, "spawner")


class Ended(RuntimeError):
    """A process ended that was meant to go on; the message holds the end of its log."""


class Child(Protocol):
    """What is needed of a process that was started; subprocess.Popen has it."""

    @property
    def pid(self) -> int:
        """Its id."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, once it is known."""

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended. Raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal."""


def bound_to_parent(argv: Sequence[str | Path], *, signal_name: str = "KILL") -> list[str]:
    """Return a command whose process gets the signal when its parent dies, however it dies."""
    return [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", signal_name, "--", *map(str, argv)]


class Process:
    """A program with its log file; started, stopped and killed any number of times."""

    def __init__(self, argv: Sequence[str | Path], *, log: Path, environ: Mapping[str, str]) -> None:
        self.argv = list(map(str, argv))
        self.log = log
        self._environ = dict(environ)
        self._process: Child | None = None

    @property
    def pid(self) -> int:
        """The process id; raises Ended while there is none."""
        if self._process is None or self._process.poll() is not None:
            raise Ended(self._obituary())
        return self._process.pid

    def start(self) -> None:
        """Start the program, with exactly the environment given."""
        if self.alive():
            raise RuntimeError(f"{self.argv[0]} runs already")
        self._process = _SPAWNER.submit(self._spawn).result()

    def alive(self) -> bool:
        """Whether the program runs."""
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """Raise Ended when the program does not run."""
        if not self.alive():
            raise Ended(self._obituary())

    def terminate(self) -> None:
        """Ask the program to end, without waiting for it."""
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Return the exit status once the program has ended; raises TimeoutError after `seconds`."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.argv[0]} still runs after {seconds:.0f} s\n{self.tail()}") from None

    def stop(self, *, grace: float = 30.0) -> None:
        """End the program by SIGTERM, and by SIGKILL after `grace` seconds."""
        self.terminate()
        try:
            self.wait(grace)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """End the program as a power cut would: SIGKILL."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def pause(self) -> None:
        """Freeze the program (SIGSTOP) until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen program go on."""
        self._signal(signal.SIGCONT)

    def tail(self) -> str:
        """Return the end of the log."""
        try:
            return self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""

    def _spawn(self) -> Child:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            return subprocess.Popen(
                bound_to_parent(self.argv),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the program that started it, which then ends its children in order
            )

    def _signal(self, number: signal.Signals) -> None:
        if self.alive() and self._process is not None:
            self._process.send_signal(number)

    def _obituary(self) -> str:
        status = "was never started" if self._process is None else f"ended with {self._process.returncode}"
        return f"{self.argv[0]} {status}; the end of {self.log}:\n{self.tail()}"
