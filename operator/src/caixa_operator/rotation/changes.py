"""Which values a rotation replaces, and by which: those of the stores that the operator runs, and whose Secrets it has generated.

root of MySQL is left out: it can only be used within the pod, and its password takes effect at a start. So is Erlang's cookie, which
never leaves RabbitMQ's pod; and the administrator's secret and the signing key, which no store knows.
"""

from collections.abc import Callable, Iterator, Mapping

from caixa_comum import schemas, topology
from caixa_operator.resources import existing
from caixa_operator.resources.credentials import BACKUP_SECRET, RABBITMQ_ROLES, needed, user_key
from caixa_operator.rotation.record import Change, Values
from caixa_operator.spec.cashbox import CashBox

_NAMES: Mapping[str, tuple[str, ...]] = {
    "mysql-users": schemas.USERS,
    BACKUP_SECRET: (schemas.BACKUP,),
    "rabbitmq-users": RABBITMQ_ROLES,
}


def rotated(cashbox: CashBox) -> list[str]:
    """Name the Secrets whose values are rotated."""
    return [secret for secret in needed(cashbox) if secret in _NAMES and secret not in existing.secrets(cashbox)]


def changes(cashbox: CashBox, values: Values, password: Callable[[int], str]) -> Iterator[Change]:
    """Make the next values; `password` gives hex digits for a number of random bytes. A user of RabbitMQ gets another name too."""
    for secret in rotated(cashbox):
        for name in _NAMES[secret]:
            old, new = {name: values[secret][name]}, {name: password(24)}
            if secret == "rabbitmq-users":  # noqa: S105 - a Secret's name
                key = user_key(name)
                old[key] = values[secret][key]
                new[key] = topology.other_slot(old[key])
            yield Change(secret=secret, name=name, old=old, new=new)
