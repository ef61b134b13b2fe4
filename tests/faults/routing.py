"""The binding that leads events to saldo's queue: taken away and put back as an operator's mistake would."""

from urllib.parse import quote

from caixa_comum.topology import EXCHANGE, QUEUE, ROUTING_PATTERN, VHOST
from tests.local.broker import Broker

BINDINGS = f"/api/bindings/{VHOST}/e/{EXCHANGE}/q/{QUEUE}"


def bind(broker: Broker) -> None:
    """Lead events to the queue, as the definitions do; binding twice changes nothing."""
    broker.server.call("POST", BINDINGS, {"routing_key": ROUTING_PATTERN, "arguments": {}})


def unbind(broker: Broker) -> None:
    """Have the exchange lead nowhere."""
    for binding in broker.server.call("GET", BINDINGS):
        broker.server.call("DELETE", f"{BINDINGS}/{quote(binding['properties_key'], safe='%')}")
