"""A private RabbitMQ with Caixa's topology and least-privilege users, as the operator makes them, and an administrator for tests."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caixa_comum import topology
from caixa_comum.settings import BrokerSettings, load
from tests.local.rabbitmq import RabbitMq, running

ADMIN = "admin"


def new_passwords() -> dict[str, str]:
    """Return a password for each user of the broker."""
    return {user: secrets.token_urlsafe(18) for user in topology.USERS}


def with_admin(definitions: Mapping[str, Any], password: str) -> dict[str, Any]:
    """Return the definitions with an administrator, who exists in tests and in `make up` only."""
    user = {
        "name": ADMIN,
        "password_hash": topology.password_hash(ADMIN, password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"],
    }
    permission = {"user": ADMIN, "vhost": topology.VHOST, "configure": ".*", "write": ".*", "read": ".*"}
    return {
        **definitions,
        "users": [*definitions["users"], user],
        "permissions": [*definitions["permissions"], permission],
    }


@dataclass(frozen=True)
class BrokerAddress:
    """Where the vhost is, and each user's password."""

    port: int
    passwords: Mapping[str, str] = field(repr=False)

    def environ(self, user: str) -> Mapping[str, str]:
        """Return the variables by which a process of this user (`fluxo`, `saldo`, `admin`) finds the broker."""
        return {
            "CAIXA_BROKER_URL": f"amqp://127.0.0.1:{self.port}/{topology.VHOST}",
            "CAIXA_BROKER_USER": user,
            "CAIXA_BROKER_PASSWORD": self.passwords[user],
        }


class Broker:
    """The vhost `caixa` with its exchanges, queues and users on a node of its own."""

    def __init__(self, server: RabbitMq, passwords: Mapping[str, str]) -> None:
        """Take a node that serves; `passwords` are those of its definitions, by user."""
        self.server = server
        self.address = BrokerAddress(server.ports.amqp, {**passwords, ADMIN: server.admin_password})

    @property
    def port(self) -> int:
        """The node's AMQP port on 127.0.0.1."""
        return self.address.port

    @property
    def management_url(self) -> str:
        """The management API, without a path."""
        return f"http://127.0.0.1:{self.server.ports.management}"

    @property
    def operator_password(self) -> str:
        """The password of the user `operator`, who may only monitor."""
        return self.address.passwords["operator"]

    @property
    def admin(self) -> tuple[str, str]:
        """Name and password of the tests' administrator."""
        return self.server.admin, self.server.admin_password

    def environ(self, user: str) -> Mapping[str, str]:
        """Return the variables by which a process of this user finds the broker."""
        return self.address.environ(user)

    def settings(self, user: str) -> BrokerSettings:
        """Return the same as settings."""
        return load(BrokerSettings, self.environ(user))

    def purge(self) -> None:
        """Drop all messages that wait in Caixa's queues."""
        self.server.purge(topology.QUEUE, topology.PARKING)

    def messages(self, queue: str) -> int:
        """Return how many messages a queue holds, ready and unacknowledged; up to a second old."""
        return int(self.server.queue(queue).get("messages", 0))

    def start(self) -> None:
        """Start the node and wait until it serves."""
        self.server.start()

    def stop(self) -> None:
        """Shut the node down in order."""
        self.server.stop()

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.server.kill()


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Give a node with Caixa's definitions, and end it with the block."""
    passwords = new_passwords()
    password = secrets.token_urlsafe(18)
    definitions = with_admin(topology.definitions(passwords), password)
    with running(folder, definitions, admin=ADMIN, admin_password=password) as server:
        yield Broker(server, passwords)
