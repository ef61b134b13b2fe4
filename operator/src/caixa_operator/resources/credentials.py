"""Generated Secrets: each value is made once and never overwritten, and outlives the CashBox with deletionPolicy Retain."""

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from caixa_comum import schemas, topology
from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.resources.identity import kept
from caixa_operator.rotation.note import Note, standing
from caixa_operator.rotation.record import Rotation
from caixa_operator.spec.cashbox import CashBox

MYSQL_ROOT = "root"
MYSQL_USERS = (MYSQL_ROOT, *schemas.USERS)
RABBITMQ_ROLES = topology.ROLES
BACKUP_SECRET = "mysql-backup"  # noqa: S105 - a Secret's name
MYSQL_SECRETS = ("mysql-users", BACKUP_SECRET)
COOKIE = "erlang_cookie"
SIGNING_KEY = "key.pem"
ADMIN_ID, ADMIN_SECRET = "client_id", "client_secret"


class Credentials(msgspec.Struct, frozen=True):
    """Every generated value by Secret (without the CashBox's name) and key."""

    values: Mapping[str, Mapping[str, str]]
    notes: Mapping[str, Note] = {}
    """What the values of a Secret stand for, by Secret, where a rotation has written them."""
    born: Mapping[str, datetime] = {}
    """When the values of a Secret were generated, by Secret."""
    rotation: Rotation | None = None
    """The rotation that is under way."""

    def value(self, secret: str, key: str) -> str:
        """Return one value."""
        return self.values[secret][key]

    def hash(self, *used: tuple[str, str]) -> str:
        """Return digits that change when one of the values used does: pods that read them are then replaced. Some may be absent."""
        return fingerprint([value for secret, key in used if (value := self.values[secret].get(key)) is not None])

    def standing(self, secret: str) -> str:
        """Return digits that change when a store that reads all values of a Secret at its start must restart for them."""
        own = {key: self.values[secret][key] for key in GENERATED[secret]}
        return standing(own, self.notes.get(secret))

    @property
    def broker_users(self) -> dict[str, tuple[str, str]]:
        """Name and password of each role at the managed RabbitMQ."""
        values = self.values["rabbitmq-users"]
        return {role: (values[user_key(role)], values[role]) for role in RABBITMQ_ROLES}


def user_key(role: str) -> str:
    """Give the key beside a RabbitMQ role's password that has the name of its user: both change at once."""
    return f"{role}_user"


def _password() -> str:
    return secrets.token_hex(24)


def _signing_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


GENERATED: dict[str, dict[str, Callable[[], str]]] = {
    "mysql-users": dict.fromkeys(MYSQL_USERS, _password),
    BACKUP_SECRET: {schemas.BACKUP: _password},
    "rabbitmq-users": {
        **dict.fromkeys((*RABBITMQ_ROLES, COOKIE), _password),
        **{user_key(role): partial(str, role) for role in RABBITMQ_ROLES},
    },
    "admin": {ADMIN_ID: lambda: "admin", ADMIN_SECRET: _password},
    "signing-key": {SIGNING_KEY: _signing_key},
}
"""What is generated: by Secret and key."""


_OWN_ISSUER = ("admin", "signing-key")
"""What only a gateway that issues tokens itself needs."""


def needed(cashbox: CashBox) -> list[str]:
    """Name the Secrets that a CashBox needs: some only with its own issuer, that of the copies' user only where there are copies.

    Those that it no longer needs stay: with them a way back stays open.
    """
    left_out = set[str]()
    if not cashbox.spec.gateway.identity.issues:
        left_out |= set(_OWN_ISSUER)
    if cashbox.spec.mysql.backup is None:
        left_out.add(BACKUP_SECRET)
    return [secret for secret in GENERATED if secret not in left_out]


def secret_name(cashbox_name: str, secret: str) -> str:
    """Name a generated Secret."""
    return f"{cashbox_name}-{secret}"


def is_complete(secret: str, existing: Mapping[str, str]) -> bool:
    """Tell whether no value of a Secret is missing."""
    return all(existing.get(key) for key in GENERATED[secret])


def completed(secret: str, existing: Mapping[str, str]) -> dict[str, str]:
    """Return a Secret's values with those that are missing generated; none that exists is changed."""
    return {key: existing.get(key) or generate() for key, generate in GENERATED[secret].items()}


def manifest(cashbox: CashBox, secret: str, values: Mapping[str, str]) -> Manifest:
    """Write a generated Secret."""
    built = kept("v1", "Secret", cashbox, secret, secret_name(cashbox.name, secret))
    return {**built, "type": "Opaque", "data": encoded(values)}


def encoded(values: Mapping[str, str]) -> dict[str, str]:
    """Write text as a Secret's data."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def decoded(found: Manifest) -> dict[str, str]:
    """Read a Secret's data as text."""
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
