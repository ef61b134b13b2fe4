"""The private broker: Caixa's topology and users on a real node."""

import urllib.error

import pytest

from caixa_comum import topology
from tests.local.broker import Broker
from tests.local.rabbitmq import call


def test_the_topology_is_there_before_any_client(rabbit: Broker) -> None:
    """Queues are durable quorum queues and the event exchange leads to saldo's queue, all from definitions."""
    assert rabbit.server.queue(topology.QUEUE)["arguments"]["x-queue-type"] == "quorum"
    bindings = rabbit.server.call("GET", f"/api/exchanges/{topology.VHOST}/{topology.EXCHANGE}/bindings/source")
    assert [(binding["destination"], binding["routing_key"]) for binding in bindings] == [(topology.QUEUE, topology.ROUTING_PATTERN)]


def test_there_is_no_guest(rabbit: Broker) -> None:
    """The users are those of the definitions and the tests' administrator; RabbitMQ's default user does not exist."""
    assert {user["name"] for user in rabbit.server.call("GET", "/api/users")} == {*topology.USERS, "admin"}


def test_the_operator_sees_queues_and_changes_none(rabbit: Broker) -> None:
    """The monitoring user reads a queue's counts, and is refused when it purges."""
    port, path = rabbit.server.ports.management, f"/api/queues/{topology.VHOST}/{topology.QUEUE}"
    assert call(port, "operator", rabbit.operator_password, "GET", path)["name"] == topology.QUEUE
    with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
        call(port, "operator", rabbit.operator_password, "DELETE", f"{path}/contents")
