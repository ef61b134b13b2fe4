"""What compose.yaml's first container does: generates credentials once, and writes all that the others read into their volume.

Statements, configuration files and definitions come from the operator's own functions, so that a database under Compose is the database
on Kubernetes. Each file belongs to the one user that reads it; what was generated is read again, never changed.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from caixa_comum import schemas
from caixa_operator.images import resolved
from caixa_operator.manifest import Manifest
from caixa_operator.resources import fluxo, gateway, mysql, rabbitmq, saldo
from caixa_operator.resources.credentials import COOKIE, GENERATED, Credentials, completed, decoded
from caixa_operator.resources.environment import database
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import CashBox, Spec
from caixa_operator.spec.gateway import Gateway

CASHBOX = CashBox(name="caixa", namespace="compose", uid="", generation=1, spec=Spec(gateway=Gateway(replicas=1)))
"""A CashBox with nothing but defaults and one gateway: what the operator would make of it, this prepares for Compose."""
STORE_USER = 999
USERS = {
    "fluxo": 10001,
    "fluxo-relay": 10002,
    "fluxo-migration": 10003,
    "saldo": 10004,
    "saldo-consumer": 10005,
    "saldo-migration": 10006,
    "gateway": 10007,
    "gateway-migration": 10008,
    "mysql": STORE_USER,
    "rabbitmq": STORE_USER,
}
"""Whom each of compose.yaml's services runs as: one user per process, so that none reads another's passwords."""
STATE = "credentials.json"


class File(NamedTuple):
    """A file below the volume: its path, its one reader, its text."""

    path: str
    user: int
    text: str


def generated(existing: str) -> dict[str, dict[str, str]]:
    """Return every credential by Secret and key: those in `existing` (JSON, or nothing), and new ones for what it lacks."""
    known: dict[str, dict[str, str]] = msgspec.json.decode(existing or "{}", type=dict[str, dict[str, str]])
    return {secret: completed(secret, known.get(secret, {})) for secret in GENERATED}


def environments() -> dict[str, dict[str, tuple[str, str]]]:
    """Return, by service of compose.yaml, which credential (Secret, key) each of its variables holds: as the operator's pods have them."""
    processes = (fluxo.api, fluxo.relay, saldo.api, saldo.consumer, gateway.process)
    found = {process.component: process.environment.secret for process in (describe(CASHBOX) for describe in processes)}
    migrations = {
        f"{service}-migration": database(CASHBOX, service, schemas.migration_user(service)).secret for service in schemas.SERVICES
    }
    return found | migrations


def files(values: dict[str, dict[str, str]]) -> Iterator[File]:
    """Give every file that a container reads."""
    credentials = Credentials(values)
    for name, variables in environments().items():
        lines = (f"{variable}={shlex.quote(values[secret][key])}\n" for variable, (secret, key) in variables.items())
        yield File(f"environment/{name}", USERS[name], "".join(lines))
    for secret in ("admin", "signing-key"):
        yield from (File(f"{secret}/{key}", USERS["gateway"], text) for key, text in values[secret].items())
    images = resolved(CASHBOX.spec, Settings())
    for store in (mysql.store(CASHBOX, images, credentials), rabbitmq.store(CASHBOX, images, credentials)):
        yield File(f"{store.component}.sh", STORE_USER, store.prepare["command"][-1])
    yield File("my.cnf", STORE_USER, _data(mysql.config_map(CASHBOX))["my.cnf"])
    yield File("init/init.sql", STORE_USER, decoded(mysql.init_secret(CASHBOX, credentials))["init.sql"])
    yield from (File(f"configuration/{name}", STORE_USER, text) for name, text in _data(rabbitmq.config_map(CASHBOX)).items())
    for name, text in decoded(rabbitmq.definitions_secret(CASHBOX, credentials)).items():
        yield File(f"definitions/{name}", STORE_USER, text)
    yield File(f"cookie/{COOKIE}", STORE_USER, values["rabbitmq-users"][COOKIE])


def write(folder: Path, file: File) -> None:
    """Write a file that only its user reads, whole or not at all; needs to be root, with the capability CHOWN and no other."""
    path = folder / file.path
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as out:
        out.write(file.text)
        os.fsync(out.fileno())
        os.fchown(out.fileno(), file.user, file.user)
    draft.replace(path)


def main(folder: Path, *data: Path) -> None:
    """Prepare the volume at `folder`, and give the servers' `data` folders to the user that they run as."""
    state = folder / STATE
    values = generated(state.read_text() if state.exists() else "")
    # Before everything that is made of them: a run that is cut off here is repeated with the same values.
    write(folder, File(STATE, os.getuid(), msgspec.json.encode(values).decode()))
    for file in files(values):
        write(folder, file)
    for path in data:
        os.chown(path, STORE_USER, STORE_USER)
    print(f"prepared {folder}")


def _data(config_map: Manifest) -> dict[str, str]:
    found: dict[str, str] = config_map["data"]
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
