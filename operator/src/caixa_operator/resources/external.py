"""Stores that somebody else runs: what their Secrets must hold."""

import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from caixa_comum import schemas, topology
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.stores import MySql, RabbitMq

URL = "url"
MANAGEMENT_URL = "management_url"
AUTHORITY = "ca.crt"
"""Optional: the certificates by which the store proves its name; with it MySQL is reached by TLS."""
_SYSTEM = "system"
_MYSQL_URL = re.compile(r"mysql://[^/@?#\s]+")
_BROKER_URL = re.compile(rf"amqps?://[^/@?#\s]+/{topology.VHOST}")
_MANAGEMENT_URL = re.compile(r"https?://[^/@?#\s]+")
_PORTS = {"mysql": 3306, "amqp": 5672, "amqps": 5671}


class Incomplete(Exception):
    """A Secret that people make is missing, or lacks something; the message says what to write into it."""


def secrets(cashbox: CashBox) -> dict[str, str]:
    """Return the names of the existing Secrets that stand for generated ones, by what they stand for."""
    stores: dict[str, MySql | RabbitMq] = {"mysql-users": cashbox.spec.mysql, "rabbitmq-users": cashbox.spec.rabbitmq}
    return {name: store.external.secret for name, store in stores.items() if store.mode == "External" and store.external is not None}


def verified(cashbox: CashBox, secret: str, values: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the values of an external store's Secret. Raises Incomplete when it is none that the services could work with."""
    name = secrets(cashbox)[secret]
    forms = _forms(cashbox, secret)
    if values is None:
        raise Incomplete(f"there is no Secret {name}: make one with the keys {', '.join(forms)}")
    if lacking := [key for key in forms if not values.get(key)]:
        raise Incomplete(f"Secret {name} lacks {', '.join(lacking)}: add what is missing")
    for key, form in forms.items():
        if form is not None and not form[0].fullmatch(values[key]):
            raise Incomplete(f"{key} of Secret {name} must be such as {form[1]}, without credentials or anything else")
    _trusted(name, values)
    return values


def trust(values: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return the context that verifies a store's HTTPS; None where the system's authorities do. Raises ValueError or ssl.SSLError."""
    told = values.get(AUTHORITY, _SYSTEM)
    return None if told == _SYSTEM else ssl.create_default_context(cadata=told)


def _trusted(name: str, values: Mapping[str, str]) -> None:
    try:
        trust(values)
    except (ssl.SSLError, ValueError):
        raise Incomplete(f"{AUTHORITY} of Secret {name} must be certificates as PEM, or the word {_SYSTEM}") from None
    if AUTHORITY in values and values[URL].startswith("amqp://"):
        raise Incomplete(f"{AUTHORITY} of Secret {name} is for a server with TLS: write a url that begins with amqps://, or remove it")


def port(url: str) -> int:
    """Return the port that a store's URL leads to."""
    parts = urlsplit(url)
    return parts.port or _PORTS[parts.scheme]


def _forms(cashbox: CashBox, secret: str) -> dict[str, tuple[re.Pattern[str], str] | None]:
    """Return the keys that a Secret must have; those of URLs with their form and an example."""
    if secret == "mysql-users":  # noqa: S105 - a Secret's name
        return {URL: (_MYSQL_URL, "mysql://db.example:3306"), **dict.fromkeys(_users(cashbox))}
    forms: dict[str, tuple[re.Pattern[str], str] | None] = {
        URL: (_BROKER_URL, "amqps://mq.example:5671/caixa"),
        "fluxo": None,
        "saldo": None,
    }
    if cashbox.spec.saldo.consumer.autoscaling.mode == "Operator":  # it reads the queue's figures
        forms |= {MANAGEMENT_URL: (_MANAGEMENT_URL, "https://mq.example:15671"), "operator": None}
    return forms


def _users(cashbox: CashBox) -> list[str]:
    """Return the users of MySQL whose passwords are read: before an external issuer's tokens the gateway has no database."""
    idle = () if cashbox.spec.gateway.identity.issues else ("gateway", schemas.migration_user("gateway"))
    return [user for user in schemas.USERS if user not in idle]
