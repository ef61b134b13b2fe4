"""The broker's exchanges, queues and users as RabbitMQ definitions: loaded by whoever runs the broker, never declared by a service."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

VHOST: Final = "caixa"
EXCHANGE: Final = "caixa.eventos"
QUEUE: Final = "saldo.eventos"
PARKING_EXCHANGE: Final = "caixa.estacionamento"
PARKING: Final = "saldo.estacionamento"
ROUTING_PATTERN: Final = "br.caixa.#"
DELIVERY_LIMIT: Final = 20
NOTHING: Final = "^$"

USERS: Final = ("fluxo", "saldo", "operator")
"""Who has a user of its own; there is no guest."""

ADMINISTRATOR: Final = "administrator"
"""Makes and removes users where the operator runs the broker, and nothing else: it has no permission on the virtual host."""

ROLES: Final = (*USERS, ADMINISTRATOR)
_SECOND: Final = "-b"

_PERMISSIONS: Final = {
    "fluxo": {"configure": NOTHING, "write": r"^caixa\.eventos$", "read": NOTHING},
    "saldo": {"configure": NOTHING, "write": NOTHING, "read": r"^saldo\.(eventos|estacionamento)$"},
    "operator": {"configure": NOTHING, "write": NOTHING, "read": NOTHING},
}
_TAGS: Final = {"operator": ["monitoring"], ADMINISTRATOR: ["administrator"]}


def password_hash(user: str, password: str) -> str:
    """Hash a password as RabbitMQ does (salted SHA-256, `rabbit_password_hashing_sha256`).

    The salt follows from user and password, so that the same input always gives the same definitions: a reconcile that
    changes nothing writes nothing.
    """
    salt = hashlib.sha256(f"caixa:{user}:{password}".encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def slots(role: str) -> tuple[str, str]:
    """Give the two names that a role's user may have: RabbitMQ knows one password per user, so a second one needs a second name."""
    return role, f"{role}{_SECOND}"


def other_slot(name: str) -> str:
    """Give the name that a role's user has when it does not have this one."""
    first, second = slots(name.removesuffix(_SECOND))
    return first if name == second else second


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:  # Any: RabbitMQ's JSON
    """Build the definitions for the users of `passwords`, each with the least that its role needs; a role may have both of its names."""
    users = [(name, role) for role in ROLES for name in slots(role) if name in passwords]
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {
                "name": name,
                "password_hash": password_hash(name, passwords[name]),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": _TAGS.get(role, []),
            }
            for name, role in users
        ],
        "permissions": [{"user": name, "vhost": VHOST, **_PERMISSIONS[role]} for name, role in users if role in _PERMISSIONS],
        "exchanges": [_exchange(EXCHANGE, "topic"), _exchange(PARKING_EXCHANGE, "fanout")],
        "queues": [
            _queue(
                QUEUE,
                {
                    "x-delivery-limit": DELIVERY_LIMIT,
                    "x-dead-letter-exchange": PARKING_EXCHANGE,
                    # At least once needs reject-publish: a full parking must stop the dead-lettering, not lose it.
                    "x-dead-letter-strategy": "at-least-once",
                    "x-overflow": "reject-publish",
                },
            ),
            _queue(PARKING, {}),
        ],
        "bindings": [_binding(EXCHANGE, QUEUE, ROUTING_PATTERN), _binding(PARKING_EXCHANGE, PARKING, "")],
    }


def _exchange(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "vhost": VHOST, "type": kind, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}


def _queue(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    quorum = {"x-queue-type": "quorum", **arguments}
    return {"name": name, "vhost": VHOST, "type": "quorum", "durable": True, "auto_delete": False, "arguments": quorum}


def _binding(source: str, queue: str, key: str) -> dict[str, Any]:
    return {"source": source, "vhost": VHOST, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
