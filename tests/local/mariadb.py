"""A private MariaDB or MySQL: its own folder, its own port, durable at commit as in production."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql

from tests.local.environment import SYSTEM_FOLDERS, minimal
from tests.local.ports import free_port
from tests.local.private_file import write_private
from tests.local.process import Process
from tests.local.waiting import until
from tests.provision import command, debian

ROOT = "root"
SETTINGS = (
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=192M",
    "--character-set-server=utf8mb4",
    "--max-connections=500",
    "--skip-log-bin",
)


@dataclass(frozen=True)
class Engine:
    """Which server this machine has, and where."""

    server: Path
    installer: Path | None
    """MariaDB's program that makes the data folder; MySQL's server does that itself."""


def find() -> Engine:
    """Return the machine's MariaDB or MySQL; install MariaDB, without starting it as a service, where there is neither."""
    if (engine := _present()) is None:
        debian.install("mariadb-server-core", "mariadb-client-core")
        engine = _present()
    if engine is None:
        raise debian.CannotInstall("neither mariadbd nor mysqld is on PATH")
    return engine


def initialise(engine: Engine, folder: Path) -> str:
    """Make a data folder in `folder` and return the password of root, which is set before the server accepts anybody."""
    data = folder / "data"
    log = folder / "initialise.log"
    password = secrets.token_urlsafe(24)
    if engine.installer is None:
        argv: list[str | Path] = [engine.server, "--no-defaults", "--initialize-insecure", *_user(), f"--datadir={data}"]
    else:
        argv = [
            engine.installer,
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *_user(),
            f"--datadir={data}",
        ]
    folder.mkdir(parents=True, exist_ok=True)
    command.run(argv, log=log, timeout=300)
    statements = [
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';\n",
        *(f"DROP USER IF EXISTS 'root'@'{host}';\n" for host in ("127.0.0.1", "::1", socket.gethostname())),
    ]
    write_private(folder / "root.sql", "".join(statements))
    return password


def arguments(engine: Engine, folder: Path, port: int) -> list[str]:
    """Return the server's command line; it holds no secret."""
    return [
        str(engine.server),
        "--no-defaults",
        *_user(),
        f"--datadir={folder / 'data'}",
        f"--pid-file={folder / 'server.pid'}",
        f"--init-file={folder / 'root.sql'}",
        "--socket=mysql.sock",  # relative to the data folder: a socket's whole path may not exceed 107 characters
        "--bind-address=127.0.0.1",
        f"--port={port}",
        *([] if engine.installer else ["--mysqlx=OFF"]),
        *SETTINGS,
    ]


@contextmanager
def connected(port: int, password: str, *, user: str = ROOT, schema: str | None = None) -> "Iterator[pymysql.Connection[Any]]":
    """Give an autocommitting connection to the server at 127.0.0.1."""
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user=user, password=password, database=schema, autocommit=True, connect_timeout=10, charset="utf8mb4"
    )
    try:
        yield connection
    finally:
        with suppress(pymysql.Error):
            connection.close()


def accepts(port: int, password: str) -> bool:
    """Whether the server answers a query by root."""
    try:
        with connected(port, password) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (pymysql.Error, OSError):
        return False
    return True


@dataclass
class MariaDb:
    """A server that starts, stops, dies and starts again on the same port and data."""

    folder: Path
    engine: Engine = field(default_factory=find)
    port: int = field(default_factory=free_port)
    root_password: str = field(init=False, repr=False)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        """Make the data folder."""
        self.root_password = initialise(self.engine, self.folder)
        self.process = Process(arguments(self.engine, self.folder, self.port), log=self.folder / "server.log", environ=minimal())

    def start(self) -> None:
        """Start the server and wait until it answers queries. Raises process.Ended, with its log, when it does not live."""
        self.process.start()
        until("the database answers", self._answers)

    def stop(self) -> None:
        """Shut the server down in order."""
        self.process.stop(grace=60)

    def kill(self) -> None:
        """SIGKILL, as a power cut: what was committed is there at the next start."""
        self.process.kill()

    def execute(self, statements: Iterable[str]) -> None:
        """Run statements as root."""
        with connected(self.port, self.root_password) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def query(self, statement: str, values: Sequence[object] = (), *, schema: str | None = None) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives root."""
        with connected(self.port, self.root_password, schema=schema) as connection, connection.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            return list(cursor.fetchall())

    def _answers(self) -> bool:
        self.process.check()
        return accepts(self.port, self.root_password)


@contextmanager
def running(folder: Path) -> Iterator[MariaDb]:
    """Give a server that answers, and end it with the block."""
    server = MariaDb(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()  # its data goes with it: an orderly shutdown would serve nobody


def _present() -> Engine | None:
    if (mariadbd := _which("mariadbd")) and (installer := _which("mariadb-install-db")):
        return Engine(mariadbd, installer)
    mysqld = _which("mysqld")
    if mysqld is None:
        return None
    version = subprocess.run([mysqld, "--version"], capture_output=True, text=True, check=False).stdout
    if "MariaDB" in version:
        installer = _which("mysql_install_db")
        return Engine(mysqld, installer) if installer else None
    return Engine(mysqld, None)


def _which(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)
    return Path(found) if found else None


def _user() -> list[str]:
    """Whom the server runs as: this user; mysqld wants to be told where that is root."""
    return ["--user=root"] if os.geteuid() == 0 else []
