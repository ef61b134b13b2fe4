"""What saldo's processes accept from their environment."""

import pytest

from caixa_comum.settings import ConfigurationError, load
from caixa_saldo.settings import ApiSettings, ConsumerSettings

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
