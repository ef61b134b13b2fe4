"""A private RabbitMQ node: its own folder, ports, cookie and epmd; definitions say everything else."""

import base64
import json
import secrets
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local.environment import SYSTEM_FOLDERS, minimal
from tests.local.ports import free_port, is_listening
from tests.local.private_file import write_private
from tests.local.process import Process
from tests.local.waiting import until
from tests.provision import command, debian

VHOST = "caixa"
# Debian's /usr/sbin/rabbitmq-server insists on the user rabbitmq; the script that it wraps does not.
SCRIPTS = Path("/usr/lib/rabbitmq/bin")
CONTROL_SECONDS = 120.0


@dataclass(frozen=True)
class Ports:
    """Where a node listens, on 127.0.0.1 only."""

    amqp: int = field(default_factory=free_port)
    management: int = field(default_factory=free_port)
    epmd: int = field(default_factory=free_port)
    distribution: int = field(default_factory=free_port)


@dataclass(frozen=True)
class Programs:
    """The two programs of a node."""

    server: Path
    epmd: Path


def find() -> Programs:
    """Return this machine's RabbitMQ; install it, without starting it as a service, where it is missing."""
    if (programs := _present()) is None:
        debian.install("rabbitmq-server")
        programs = _present()
    if programs is None:
        raise debian.CannotInstall("rabbitmq-server and epmd are not on PATH")
    return programs


def configure(folder: Path, ports: Ports, definitions: Mapping[str, Any]) -> None:
    """Write what the node reads at start: configuration, plugins, definitions (users, vhost, queues) and a cookie of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "rabbitmq.conf", CONFIGURATION.format(ports=ports, definitions=folder / "definitions.json"))
    write_private(folder / "enabled_plugins", "[rabbitmq_management].\n")
    write_private(folder / "definitions.json", json.dumps(definitions, indent=2))
    write_private(folder / ".erlang.cookie", secrets.token_hex(24))


def environment(folder: Path, ports: Ports) -> Mapping[str, str]:
    """Return the environment of a node and of its epmd; it holds no secret."""
    return minimal(
        HOME=str(folder),
        RABBITMQ_NODENAME=f"caixa-{ports.amqp}@localhost",
        RABBITMQ_DIST_PORT=str(ports.distribution),
        ERL_EPMD_PORT=str(ports.epmd),
        ERL_EPMD_ADDRESS="127.0.0.1",
        RABBITMQ_MNESIA_BASE=str(folder / "data"),
        RABBITMQ_LOG_BASE=str(folder / "logs"),
        RABBITMQ_CONF_ENV_FILE="/dev/null",  # not the system's /etc/rabbitmq/rabbitmq-env.conf
        RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "enabled_plugins"),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        RUNNING_UNDER_SYSTEMD="true",  # has the script become the node instead of its parent, so that signals reach it
    )


def epmd_arguments(programs: Programs, ports: Ports) -> list[str]:
    """Return the command of the node's own port mapper, in the foreground; else the node starts one that outlives it."""
    return [str(programs.epmd), "-port", str(ports.epmd), "-address", "127.0.0.1"]


def is_ready(ports: Ports, user: str, password: str) -> bool:
    """Whether the node serves AMQP and knows its vhost."""
    try:
        call(ports.management, user, password, "GET", f"/api/vhosts/{VHOST}")
    except (OSError, ValueError):
        return False
    return is_listening(ports.amqp)


def call(port: int, user: str, password: str, method: str, path: str, body: Any = None) -> Any:
    """Call the management API and return its JSON. Raises urllib.error.HTTPError with the status it answered."""
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
        text = answer.read()
    return json.loads(text) if text else None


@dataclass
class RabbitMq:
    """A node that starts, stops, dies and starts again on the same ports and data; `admin` is one of the definitions' administrators."""

    folder: Path
    definitions: Mapping[str, Any] = field(repr=False)
    admin: str
    admin_password: str = field(repr=False)
    programs: Programs = field(default_factory=find)
    ports: Ports = field(default_factory=Ports)
    node: Process = field(init=False)
    epmd: Process = field(init=False)

    def __post_init__(self) -> None:
        """Write the node's configuration."""
        configure(self.folder, self.ports, self.definitions)
        environ = environment(self.folder, self.ports)
        self.node = Process([self.programs.server], log=self.folder / "node.log", environ=environ)
        self.epmd = Process(epmd_arguments(self.programs, self.ports), log=self.folder / "epmd.log", environ=environ)

    def start(self) -> None:
        """Start the node and wait until it serves. Raises process.Ended, with its log, when it does not live."""
        if not self.epmd.alive():
            self.epmd.start()
            until("epmd listens", lambda: is_listening(self.ports.epmd))
        self.node.start()
        until("RabbitMQ serves", self._serves, seconds=180, pause=0.1)

    def stop(self) -> None:
        """Shut the node down in order, and its epmd."""
        self.node.stop(grace=60)
        self.epmd.kill()

    def kill(self) -> None:
        """SIGKILL, as a power cut: what was confirmed is there at the next start."""
        self.node.kill()
        self.epmd.kill()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management API as administrator."""
        return call(self.ports.management, self.admin, self.admin_password, method, path, body)

    def control(self, *words: str) -> str:
        """Run `rabbitmqctl` on the node and return what it prints, for what the management API cannot do. Raises CommandFailed."""
        argv: list[str | Path] = [self.programs.server.with_name("rabbitmqctl"), *words]
        return command.run(argv, environ=environment(self.folder, self.ports), timeout=CONTROL_SECONDS)

    def queue(self, name: str) -> Mapping[str, Any]:
        """Return what the management API knows of a queue of the vhost; its counts are up to a second old."""
        answer: Mapping[str, Any] = self.call("GET", f"/api/queues/{VHOST}/{name}")
        return answer

    def purge(self, *queues: str) -> None:
        """Drop the messages that wait in these queues."""
        for name in queues:
            self.call("DELETE", f"/api/queues/{VHOST}/{name}/contents")

    def _serves(self) -> bool:
        self.node.check()
        return is_ready(self.ports, self.admin, self.admin_password)


@contextmanager
def running(folder: Path, definitions: Mapping[str, Any], *, admin: str, admin_password: str) -> Iterator[RabbitMq]:
    """Give a node that serves, and end it with the block."""
    server = RabbitMq(folder, definitions, admin, admin_password)
    try:
        server.start()
        yield server
    finally:
        server.kill()  # its data goes with it: an orderly shutdown would serve nobody


CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{ports.amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {ports.management}
load_definitions = {definitions}
log.console = true
log.console.level = warning
log.file = false
collect_statistics_interval = 1000
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
"""


def _present() -> Programs | None:
    server = SCRIPTS / "rabbitmq-server"
    if not server.exists():
        found = shutil.which("rabbitmq-server")
        server = Path(found) if found else server
    epmd = shutil.which("epmd") or shutil.which("epmd", path=SYSTEM_FOLDERS)
    return Programs(server, Path(epmd)) if epmd and server.exists() else None
