"""Secrets that somebody else makes, such as Vault, in the place of generated ones: read, never written, never deleted."""

import re
from collections.abc import Mapping

from caixa_operator.resources import external
from caixa_operator.resources.credentials import BACKUP_SECRET, GENERATED, RABBITMQ_ROLES, needed, secret_name, user_key
from caixa_operator.resources.external import Incomplete
from caixa_operator.spec.cashbox import CashBox

_PASSWORD = re.compile(r"[^'\\\s]+")
_KEY = re.compile(r"-----BEGIN (RSA )?PRIVATE KEY-----\s.+-----END (RSA )?PRIVATE KEY-----\s*", re.DOTALL)
_FORMS = {
    "signing-key": (_KEY, "an RSA private key in PEM, such as `openssl genpkey -algorithm RSA` writes"),
}
_PLAIN = (_PASSWORD, "one word without quotes and backslashes: mind the line end that `echo` adds")


def secrets(cashbox: CashBox) -> dict[str, str]:
    """Return the names of all Secrets that stand for generated ones, by what they stand for: those of external stores, and others."""
    spec = cashbox.spec.credentials.existing
    if spec is None:
        return external.secrets(cashbox)
    named = {
        "mysql-users": spec.mysql_users,
        BACKUP_SECRET: spec.mysql_backup,
        "rabbitmq-users": spec.rabbitmq_users,
        "admin": spec.admin,
        "signing-key": spec.signing_key,
    }
    wanted = needed(cashbox)
    return {secret: name for secret, name in named.items() if name is not None and secret in wanted} | external.secrets(cashbox)


def name_of(cashbox: CashBox, secret: str) -> str:
    """Name the Secret that pods read: the existing one, or the generated one."""
    return secrets(cashbox).get(secret) or secret_name(cashbox.name, secret)


def verified(cashbox: CashBox, secret: str, values: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the values of an existing Secret. Raises Incomplete when it is none that the platform could work with."""
    if secret in external.secrets(cashbox):
        return external.verified(cashbox, secret, values)
    name, keys = name_of(cashbox, secret), expected(secret)
    if values is None:
        raise Incomplete(f"there is no Secret {name}: make one with the keys {', '.join(keys)}")
    if lacking := [key for key in keys if not values.get(key)]:
        raise Incomplete(f"Secret {name} lacks {', '.join(lacking)}: add what is missing")
    form, said = _FORMS.get(secret, _PLAIN)
    if wrong := [key for key in keys if not form.fullmatch(values[key])]:
        raise Incomplete(f"{', '.join(wrong)} of Secret {name} must be {said}")
    if secret == "rabbitmq-users":  # noqa: S105 - a Secret's name
        return {**values, **{user_key(role): role for role in RABBITMQ_ROLES}}  # without a rotation a role's user has its name
    return values


def expected(secret: str) -> list[str]:
    """Name the keys that an existing Secret must have: those of the generated one, but for what a rotation alone changes."""
    names = {user_key(role) for role in RABBITMQ_ROLES}
    return [key for key in GENERATED[secret] if key not in names]
