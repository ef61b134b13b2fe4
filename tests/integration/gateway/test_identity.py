"""Registering a merchant and getting a token, over a real database."""

import base64

import jwt
import pytest

from tests.integration.gateway.door import ADMIN, Door


async def test_a_merchant_is_registered_and_gets_a_token_that_names_it(door: Door) -> None:
    """The token's subject is the merchant, its zone the one that was registered, and the published key verifies it."""
    merchant = await door.register(nome="Padaria da Esquina", fuso="America/Manaus")
    status, body, headers = await door.token(merchant["client_id"], merchant["client_secret"])
    assert (status, body["token_type"], body["expires_in"], headers["cache-control"]) == (200, "Bearer", 900, "no-store")
    _, jwks, _ = await door.ask("GET", "/.well-known/jwks.json")
    key = jwt.PyJWKSet.from_dict(jwks)[jwt.get_unverified_header(body["access_token"])["kid"]]
    claims = jwt.decode(body["access_token"], key, algorithms=["RS256"], audience="caixa", issuer=door.url)
    assert (claims["sub"], claims["fuso"], claims["scope"]) == (merchant["id"], "America/Manaus", "lancamentos saldos")


async def test_basic_and_form_are_both_accepted(door: Door) -> None:
    """Client libraries use either."""
    merchant = await door.register()
    basic = base64.b64encode(f"{merchant['client_id']}:{merchant['client_secret']}".encode()).decode()
    status, _, _ = await door.ask(
        "POST", "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert status == 200


@pytest.mark.parametrize(("client_id", "secret"), [("ninguém", "x"), ("cx_" + "0" * 24, "x"), (ADMIN[0], "errado"), ("a" * 10_000, "x")])
async def test_unknown_clients_and_wrong_secrets_look_alike(door: Door, client_id: str, secret: str) -> None:
    """Neither answer tells whether the client exists; both say how to authenticate."""
    status, body, headers = await door.token(client_id, secret)
    if len(client_id) > 8_192:
        assert status == 413
        return
    assert (status, body["error"], body["error_description"]) == (401, "invalid_client", "unknown client or wrong secret")
    assert headers["www-authenticate"].startswith("Basic")


async def test_only_the_admin_registers_merchants(door: Door) -> None:
    """A merchant's token is refused with 403, none with 401."""
    status, _, _ = await door.ask("POST", "/api/v1/comerciantes", json={"nome": "X"}, headers=await door.merchant())
    assert status == 403
    status, _, headers = await door.ask("POST", "/api/v1/comerciantes", json={"nome": "X"})
    assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="caixa"')


@pytest.mark.parametrize(
    ("body", "ponteiro"),
    [
        ({}, "#/nome"),
        ({"nome": " "}, "#/nome"),
        ({"nome": "a" * 141}, "#/nome"),
        ({"nome": "A", "fuso": "-03:00"}, "#/fuso"),
        ({"nome": "A", "x": 1}, "#/x"),
    ],
)
async def test_a_wrong_registration_points_at_its_field(door: Door, body: dict[str, object], ponteiro: str) -> None:
    """Blank names, zones that are none and unknown fields are refused by pointer."""
    status, answer, _ = await door.ask("POST", "/api/v1/comerciantes", json=body, headers=await door.bearer(*ADMIN))
    assert (status, answer["erros"][0]["ponteiro"]) == (422, ponteiro)


async def test_discovery_names_what_there_is(door: Door) -> None:
    """The discovery document's addresses answer."""
    _, document, _ = await door.ask("GET", "/.well-known/openid-configuration")
    assert document["issuer"] == door.url
    status, _, headers = await door.ask("GET", document["jwks_uri"].removeprefix(door.url))
    assert (status, headers["cache-control"]) == (200, "public, max-age=300")
