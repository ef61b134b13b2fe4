"""What Caixa's processes are told."""

from pathlib import Path

import pytest

from tests.local.broker import BrokerAddress
from tests.local.database import DatabaseAddress
from tests.local.services import NAMES, Identity, Wiring, migrations, service, services

WIRING = Wiring(
    DatabaseAddress(1, {user: f"db-secret-{user}" for part in ("fluxo", "saldo", "gateway") for user in (part, f"{part}_migration")}),
    BrokerAddress(2, {"fluxo": "broker-secret-fluxo", "saldo": "broker-secret-saldo"}),
    Identity(Path("/keys/signing.pem"), admin_secret="admin-secret"),
)


def test_no_secret_stands_on_a_command_line() -> None:
    """Whoever lists this machine's processes learns no password."""
    assert not [word for program in [*services(WIRING), *migrations(WIRING)] for word in program.argv if "secret" in word]


@pytest.mark.parametrize("name", NAMES)
def test_each_process_gets_its_own_users_only(name: str) -> None:
    """A process is told the password of its own database user, and of its own broker user where it needs the broker."""
    part = name.partition("-")[0]
    told = {value for value in service(WIRING, name).environ.values() if "secret-" in value}
    assert told == {f"db-secret-{part}", *([f"broker-secret-{part}"] if name in {"fluxo-relay", "saldo-consumer"} else [])}


def test_migrations_run_as_the_users_that_may_alter() -> None:
    """Each migrate command is given its schema and the migration's user."""
    told = {
        (program.environ["CAIXA_DATABASE_URL"].rpartition("/")[2], program.environ["CAIXA_DATABASE_USER"]) for program in migrations(WIRING)
    }
    assert told == {(f"caixa_{part}", f"{part}_migration") for part in ("fluxo", "saldo", "gateway")}


def test_a_process_may_run_several_times() -> None:
    """Every program that is made has a management port of its own."""
    assert len({service(WIRING, "saldo-consumer").management_port for _ in range(4)}) == 4


def test_all_agree_on_the_issuer() -> None:
    """The gateway issues tokens under the name by which the services know it."""
    issuers = {service(WIRING, name).environ["CAIXA_TOKEN_ISSUER"] for name in ("gateway", "fluxo-api", "saldo-api")}
    assert issuers == {WIRING.url("gateway")}
