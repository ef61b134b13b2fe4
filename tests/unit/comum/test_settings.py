"""Configuration that is wrong fails at start, naming the variable and the accepted form."""

import msgspec
import pytest

from caixa_comum.settings import BrokerSettings, ConfigurationError, DatabaseSettings, Secret, ServerSettings, load, url_parts


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A service's settings, of the shared ones and its own."""

    server: ServerSettings
    database: DatabaseSettings
    relay_batch: int = 500
    relay_poll_seconds: float = 0.05


REQUIRED = {
    "CAIXA_DATABASE_URL": "mysql://mysql:3306/caixa_fluxo",
    "CAIXA_DATABASE_USER": "fluxo",
    "CAIXA_DATABASE_PASSWORD": "segredo",
}


def test_nested_structs_are_read_from_flat_variables() -> None:
    """A field's variable is CAIXA_ and its name in capitals, whichever struct holds it."""
    settings = load(Settings, {**REQUIRED, "CAIXA_PORT": "9090", "CAIXA_RELAY_POLL_SECONDS": "0.5"})
    assert settings.server.port == 9090
    assert settings.database.database_user == "fluxo"
    assert settings.relay_poll_seconds == 0.5
    assert settings.relay_batch == 500


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CAIXA_PORT", "eighty", "CAIXA_PORT: must be a whole number"),
        ("CAIXA_RELAY_POLL_SECONDS", "often", "CAIXA_RELAY_POLL_SECONDS: must be a number, with a point for decimals"),
        ("CAIXA_DATABASE_USER", "", "CAIXA_DATABASE_USER: is required: a non-empty text"),
    ],
)
def test_a_wrong_variable_is_named_with_its_accepted_form(variable: str, value: str, said: str) -> None:
    """Missing and malformed variables are told apart, and both say what to write."""
    with pytest.raises(ConfigurationError) as raised:
        load(Settings, {**REQUIRED, variable: value})
    assert str(raised.value) == said


def test_a_secret_is_not_seen_in_a_repr() -> None:
    """A settings struct can be logged or shown in a traceback without telling passwords."""
    assert "segredo" not in repr(load(Settings, REQUIRED))
    assert Secret("segredo") == "segredo"


@pytest.mark.parametrize(
    "url", ["amqp://user:pass@host/caixa", "http://host/caixa", "amqp:///caixa", "amqp://host:99999/caixa", "host:5672"]
)
def test_a_url_of_another_form_is_refused(url: str) -> None:
    """Credentials within, other schemes, missing hosts and impossible ports are refused by the variable's name."""
    with pytest.raises(ConfigurationError, match="CAIXA_BROKER_URL"):
        url_parts("CAIXA_BROKER_URL", url, schemes=("amqp", "amqps"), example="amqp://rabbitmq:5672/caixa")


def test_a_whole_struct_without_required_fields_needs_no_variable() -> None:
    """Defaults are enough where a struct has one for every field."""
    assert load(ServerSettings, {}) == ServerSettings()
    with pytest.raises(ConfigurationError, match="CAIXA_BROKER_URL"):
        load(BrokerSettings, {})
