"""Starting the platform's processes without two seconds of imports each, so that a hundred of them can be killed in minutes.

A nursery is a process that has imported the programs and does nothing but fork. A child runs the same `main` as the console
script, with an environment, a log and a session of its own, and is signalled and killed like any other process.
Run as a program: `python -m tests.faults.nursery SOCKET`.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import caixa_fluxo.commands
import caixa_saldo.commands
from tests.local.environment import minimal
from tests.local.process import Process
from tests.local.waiting import until

PROGRAMS = {"caixa-fluxo": caixa_fluxo.commands.main, "caixa-saldo": caixa_saldo.commands.main}
PR_SET_PDEATHSIG = 1
INT = struct.Struct("!i")
REQUEST_BYTES = 65_536
ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A process that a nursery has forked, as far as `tests.local.process.Process` needs it."""

    def __init__(self, connection: socket.socket) -> None:
        """Take the connection on which the nursery tells the pid now and the exit status later."""
        self._connection = connection
        self.pid: int = INT.unpack(connection.recv(INT.size, socket.MSG_WAITALL))[0]
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal that ended it), or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                told = self._connection.recv(INT.size)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
            self.returncode = INT.unpack(told)[0] if told else -signal.SIGKILL
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """A nursery that runs; `process` makes processes that start in it."""

    def __init__(self, address: Path) -> None:
        self._address = address

    def process(self, program: str, command: str, *, log: Path, environ: Mapping[str, str]) -> Process:
        """Make a process that runs a program's command, not yet started."""
        return _Forked(self._address, program, command, log=log, environ=environ)


class _Forked(Process):
    def __init__(self, address: Path, program: str, command: str, *, log: Path, environ: Mapping[str, str]) -> None:
        super().__init__([program, command], log=log, environ=environ)
        self._address = address

    def _spawn(self) -> Child:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self._address))
        connection.sendall(json.dumps([self.argv, str(self.log.resolve()), self._environ]).encode())
        connection.shutdown(socket.SHUT_WR)
        return Child(connection)


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """Give a nursery, and end it and all its children with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "s"
    process = Process(
        [sys.executable, "-m", "tests.faults.nursery", address], log=folder / "nursery.log", environ=minimal(PYTHONPATH=str(ROOT))
    )
    process.start()

    def listens() -> bool:
        process.check()
        return address.exists()

    try:
        until("the nursery listens", listens)
        yield Nursery(address)
    finally:
        process.kill()


def serve(address: Path) -> None:
    """Fork for whoever asks, for ever."""
    assert threading.active_count() == 1, "a fork would leave the other threads behind"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    gc.freeze()  # what was imported stays shared with the children
    os.umask(0o077)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{address}.new")
    listener.listen(100)
    Path(f"{address}.new").rename(address)  # so that it is only seen once it listens
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _watch(connection)
        connection.close()


def _watch(connection: socket.socket) -> None:
    """Fork the process itself, and tell its pid and its end."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = b""
    while more := connection.recv(REQUEST_BYTES):
        request += more
    argv, log, environ = json.loads(request)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(argv, log, environ)
    connection.sendall(INT.pack(pid))
    _, status = os.waitpid(pid, 0)
    connection.sendall(INT.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(argv: list[str], log: str, environ: Mapping[str, str]) -> None:
    """Be the program: its session, its streams, its environment, its arguments."""
    _die_with_parent()
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = argv
    status: object = 1
    try:
        PROGRAMS[argv[0]]()
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
