"""What each identity needs to be told, and that nothing else is asked for."""

import pytest

from caixa_comum.settings import ClaimSettings, ConfigurationError
from caixa_gateway.settings import ExternalSettings, GatewaySettings, read_settings

DOOR = {"CAIXA_TOKEN_ISSUER": "https://emissor.example", "CAIXA_FLUXO_URL": "http://fluxo:8080", "CAIXA_SALDO_URL": "http://saldo:8080"}
BUILT_IN = {
    "CAIXA_DATABASE_URL": "mysql://mysql:3306/caixa_gateway",
    "CAIXA_DATABASE_USER": "gateway",
    "CAIXA_DATABASE_PASSWORD": "x",
    "CAIXA_SIGNING_KEY_FILE": "/etc/caixa/key.pem",
    "CAIXA_ADMIN_CLIENT_ID": "admin",
    "CAIXA_ADMIN_CLIENT_SECRET": "x",
}


def test_an_external_issuer_needs_no_database_no_key_and_no_admin() -> None:
    """Its address is enough; keys, claims and scopes are told where they are not the usual ones."""
    told = read_settings(DOOR | {"CAIXA_IDENTITY": "oidc"})
    assert told == ExternalSettings(
        server=told.server, token_issuer="https://emissor.example", fluxo_url="http://fluxo:8080", saldo_url="http://saldo:8080"
    )
    told = read_settings(DOOR | {"CAIXA_IDENTITY": "oidc", "CAIXA_TOKEN_MERCHANT_CLAIM": "oid", "CAIXA_TOKEN_SCOPE_CLAIM": "roles"})
    assert isinstance(told, ExternalSettings)
    assert told.claims == ClaimSettings(token_merchant_claim="oid", token_scope_claim="roles")


@pytest.mark.parametrize("identity", [{}, {"CAIXA_IDENTITY": ""}, {"CAIXA_IDENTITY": "builtin"}])
def test_the_built_in_identity_is_the_usual_one_and_lacks_nothing_silently(identity: dict[str, str]) -> None:
    """Without its key it does not become another one: the missing variable is named."""
    assert isinstance(read_settings(DOOR | BUILT_IN | identity), GatewaySettings)
    for variable in BUILT_IN:
        with pytest.raises(ConfigurationError, match=variable):
            read_settings({name: value for name, value in (DOOR | BUILT_IN | identity).items() if name != variable})


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CAIXA_IDENTITY", "saml"), ("CAIXA_JWKS_URL", "emissor.example"), ("CAIXA_TOKEN_ISSUER", "emissor"), ("CAIXA_ANSWER_SECONDS", "0")],
)
def test_wrong_settings_of_an_external_issuer_are_refused_by_name(variable: str, value: str) -> None:
    """The message names the variable."""
    with pytest.raises(ConfigurationError, match=variable):
        read_settings(DOOR | {"CAIXA_IDENTITY": "oidc"} | {variable: value})
