"""What saldo's processes accept from their environment."""

import pytest

from caixa_comum.settings import ConfigurationError, load
from caixa_saldo.settings import ApiSettings, ConsumerSettings, ReconciliationSettings, ReplaySettings

ENVIRON = {
    "CAIXA_DATABASE_URL": "mysql://mysql:3306/caixa_saldo",
    "CAIXA_DATABASE_USER": "saldo",
    "CAIXA_DATABASE_PASSWORD": "d",
    "CAIXA_BROKER_URL": "amqp://rabbitmq:5672/caixa",
    "CAIXA_BROKER_USER": "saldo",
    "CAIXA_BROKER_PASSWORD": "b",
    "CAIXA_TOKEN_ISSUER": "http://gateway:8080",
    "CAIXA_JWKS_URL": "http://gateway:8080/.well-known/jwks.json",
}


def test_the_defaults_are_those_of_the_contract() -> None:
    """Prefetch 200, batches of 200 or 50 ms."""
    settings = load(ConsumerSettings, ENVIRON)
    assert (settings.prefetch, settings.batch, settings.batch_window_seconds) == (200, 200, 0.05)


def test_the_api_needs_no_broker() -> None:
    """The API of balances starts without any broker configured."""
    without = {name: value for name, value in ENVIRON.items() if "BROKER" not in name}
    assert load(ApiSettings, without).database.database_user == "saldo"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAIXA_BATCH", "0"),
        ("CAIXA_BATCH", "1001"),
        ("CAIXA_BATCH", "many"),
        ("CAIXA_PREFETCH", "199"),
        ("CAIXA_PREFETCH", "65536"),
        ("CAIXA_BATCH_WINDOW_SECONDS", "-1"),
        ("CAIXA_BATCH_WINDOW_SECONDS", "nan"),
        ("CAIXA_BATCH_WINDOW_SECONDS", "60"),
    ],
)
def test_what_cannot_work_is_refused_by_its_name(variable: str, value: str) -> None:
    """A wrong number ends the process before it starts, naming the variable."""
    with pytest.raises(ConfigurationError) as raised:
        load(ConsumerSettings, ENVIRON | {variable: value})
    assert raised.value.variable == variable


RECONCILIATION = {name: value for name, value in ENVIRON.items() if "DATABASE" in name} | {
    "CAIXA_FLUXO_DATABASE_URL": "mysql://mysql:3306/caixa_fluxo"
}


def test_the_reconciliation_needs_both_schemas_and_nothing_else() -> None:
    """Two databases are enough; it waits a minute for what is under way, and writes no file unless told to."""
    settings = load(ReconciliationSettings, RECONCILIATION)
    assert settings.fluxo_database_url == "mysql://mysql:3306/caixa_fluxo"
    assert (settings.patience_seconds, settings.metrics_file) == (60.0, "")
    assert load(ReconciliationSettings, RECONCILIATION | {"CAIXA_METRICS_FILE": "/m.prom"}).metrics_file == "/m.prom"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAIXA_FLUXO_DATABASE_URL", ""),
        ("CAIXA_FLUXO_DATABASE_URL", "postgres://mysql:3306/caixa_fluxo"),
        ("CAIXA_FLUXO_DATABASE_URL", "mysql://"),
        ("CAIXA_FLUXO_DATABASE_URL", "mysql://user:password@mysql:3306/caixa_fluxo"),
        ("CAIXA_FLUXO_DATABASE_URL", "mysql://mysql:porta/caixa_fluxo"),
        ("CAIXA_FLUXO_DATABASE_URL", "mysql://mysql:0/caixa_fluxo"),
        ("CAIXA_PATIENCE_SECONDS", "-1"),
        ("CAIXA_PATIENCE_SECONDS", "3601"),
        ("CAIXA_PATIENCE_SECONDS", "nan"),
        ("CAIXA_PATIENCE_SECONDS", "soon"),
    ],
)
def test_a_reconciliation_that_cannot_work_is_refused_by_name(variable: str, value: str) -> None:
    """A wrong address or patience ends the process before it compares, naming the variable and never telling a password."""
    with pytest.raises(ConfigurationError) as raised:
        load(ReconciliationSettings, RECONCILIATION | {variable: value})
    assert raised.value.variable == variable
    assert "password" not in str(raised.value)


@pytest.mark.parametrize("variable", ["CAIXA_BROKER_URL", "CAIXA_DATABASE_PASSWORD"])
def test_a_replay_needs_database_and_broker(variable: str) -> None:
    """It takes from the one and writes to the other."""
    assert load(ReplaySettings, ENVIRON).broker.broker_user == "saldo"
    with pytest.raises(ConfigurationError) as raised:
        load(ReplaySettings, ENVIRON | {variable: ""})
    assert raised.value.variable == variable
