"""What fluxo's processes accept from their environment."""

import pytest

from caixa_comum.settings import ConfigurationError, load
from caixa_fluxo.settings import ApiSettings, RelaySettings

DATABASE = {"CAIXA_DATABASE_URL": "mysql://mysql:3306/caixa_fluxo", "CAIXA_DATABASE_USER": "fluxo", "CAIXA_DATABASE_PASSWORD": "d"}
API = DATABASE | {"CAIXA_TOKEN_ISSUER": "http://gateway:8080"}
RELAY = DATABASE | {"CAIXA_BROKER_URL": "amqp://rabbitmq:5672/caixa", "CAIXA_BROKER_USER": "fluxo", "CAIXA_BROKER_PASSWORD": "b"}


def test_the_api_needs_no_broker_and_the_relay_no_tokens() -> None:
    """Each process is told only what it uses, and the defaults are those of the contract."""
    api, relay = load(ApiSettings, API), load(RelaySettings, RELAY)
    assert (api.group_commit_rows, api.group_commit_wait_seconds) == (100, 0.002)
    assert (relay.relay_batch, relay.relay_poll_seconds) == (500, 0.05)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAIXA_GROUP_COMMIT_ROWS", "0"),
        ("CAIXA_GROUP_COMMIT_ROWS", "1001"),
        ("CAIXA_GROUP_COMMIT_ROWS", "many"),
        ("CAIXA_GROUP_COMMIT_WAIT_SECONDS", "-1"),
        ("CAIXA_GROUP_COMMIT_WAIT_SECONDS", "nan"),
        ("CAIXA_GROUP_COMMIT_WAIT_SECONDS", "2"),
    ],
)
def test_an_api_that_cannot_work_is_refused_by_name(variable: str, value: str) -> None:
    """A wrong number ends the process before it starts, naming the variable."""
    with pytest.raises(ConfigurationError) as raised:
        load(ApiSettings, API | {variable: value})
    assert raised.value.variable == variable


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAIXA_RELAY_BATCH", "0"),
        ("CAIXA_RELAY_BATCH", "5001"),
        ("CAIXA_RELAY_POLL_SECONDS", "0"),
        ("CAIXA_RELAY_POLL_SECONDS", "nan"),
        ("CAIXA_RELAY_POLL_SECONDS", "61"),
        ("CAIXA_BROKER_PASSWORD", ""),
    ],
)
def test_a_relay_that_cannot_work_is_refused_by_name(variable: str, value: str) -> None:
    """A wrong number, or a password that is missing, ends the process before it starts."""
    with pytest.raises(ConfigurationError) as raised:
        load(RelaySettings, RELAY | {variable: value})
    assert raised.value.variable == variable
