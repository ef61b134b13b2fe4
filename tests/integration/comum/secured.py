"""A database and a broker that speak TLS with certificates of a test's own authority, for the name 127.0.0.1 alone."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from caixa_comum import topology
from tests.kubernetes.certificates import Authority
from tests.local.broker import ADMIN, Broker, new_passwords, with_admin
from tests.local.database import Database
from tests.local.environment import minimal
from tests.local.mariadb import MariaDb, arguments
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.rabbitmq import RabbitMq

HOST = "127.0.0.1"
CONFIGURATION = """
listeners.ssl.1 = 127.0.0.1:{amqps}
ssl_options.cacertfile = {files.authority}
ssl_options.certfile = {files.certificate}
ssl_options.keyfile = {files.key}
ssl_options.verify = verify_none
management.ssl.ip = 127.0.0.1
management.ssl.port = {https}
management.ssl.certfile = {files.certificate}
management.ssl.keyfile = {files.key}
"""


@dataclass(frozen=True)
class Files:
    """A server's certificate, its key, and the authority's certificate."""

    authority: Path
    certificate: Path
    key: Path


def issued(authority: Authority, folder: Path) -> Files:
    """Issue a certificate for 127.0.0.1 into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = authority.issue(HOST, hosts=[HOST])
    files = Files(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    for path, content in ((files.authority, authority.certificate), (files.certificate, pair.certificate), (files.key, pair.key)):
        path.write_bytes(content)
    return files


@contextmanager
def secured_database(authority: Authority, folder: Path) -> Iterator[Database]:
    """Give a database that speaks TLS where a client wants it, and end it with the block."""
    files = issued(authority, folder / "tls")
    server = MariaDb(folder / "mysql")
    tls = [f"--ssl-ca={files.authority}", f"--ssl-cert={files.certificate}", f"--ssl-key={files.key}"]
    line = [*arguments(server.engine, server.folder, server.port), *tls]
    server.process = Process(line, log=server.folder / "server.log", environ=minimal())
    try:
        server.start()
        yield Database(server)
    finally:
        server.kill()


@dataclass(frozen=True)
class SecuredBroker:
    """A broker, and where it speaks TLS."""

    broker: Broker
    amqps: int
    https: int

    def url(self, host: str = HOST) -> str:
        """Return the URL of its vhost by TLS."""
        return f"amqps://{host}:{self.amqps}/{topology.VHOST}"


@contextmanager
def secured_broker(authority: Authority, folder: Path) -> Iterator[SecuredBroker]:
    """Give a broker that speaks AMQP and its management API by TLS too, and end it with the block."""
    files = issued(authority, folder / "tls")
    passwords, password = new_passwords(), secrets.token_urlsafe(18)
    definitions = with_admin(topology.definitions(passwords), password)
    server = RabbitMq(folder / "rabbit", definitions, ADMIN, password)
    amqps, https = free_port(), free_port()
    with (server.folder / "rabbitmq.conf").open("a") as conf:
        conf.write(CONFIGURATION.format(amqps=amqps, https=https, files=files))
    try:
        server.start()
        yield SecuredBroker(Broker(server, passwords), amqps, https)
    finally:
        server.kill()
