"""Registering a merchant and getting a token, over a real database."""

import base64

import aiohttp
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


@pytest.mark.parametrize("rate_limit", ["5/hour"])
async def test_tokens_are_limited_by_client_too_wherever_it_asks_from(door: Door) -> None:
    """A client that asks from six addresses waits at the sixth, one that exists as one that does not; another from there does not wait."""

    async def status(number: int, client_id: str, secret: str) -> int:
        connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number}", 0))
        async with aiohttp.ClientSession(connector=connector) as session:
            return (await Door(door.settings, session, door.fluxo, door.saldo).token(client_id, secret))[0]

    known, other = await door.register(), await door.register()
    for client_id, first in ((known["client_id"], 1), ("cx_" + "0" * 24, 11)):
        assert [await status(first + number, client_id, "errado") for number in range(6)] == [401] * 5 + [429]
    assert await status(6, other["client_id"], other["client_secret"]) == 200
    assert await door.metric("caixa_rate_limited_total", scope="client") >= 2


async def test_a_secret_of_a_disabled_client_is_said_to_be_so_and_a_wrong_one_is_not(door: Door) -> None:
    """Who holds the secret learns why it gets no token; who guesses learns nothing."""
    merchant = await door.register()
    admin = await door.bearer(*ADMIN)
    assert (await door.ask("POST", f"/api/v1/comerciantes/{merchant['id']}/desativacao", headers=admin))[0] == 200
    for secret, said in ((merchant["client_secret"], "the client is disabled"), ("errado", "unknown client or wrong secret")):
        status, body, headers = await door.token(merchant["client_id"], secret)
        assert (status, body["error"], body["error_description"]) == (401, "invalid_client", said)
        assert headers["www-authenticate"].startswith("Basic")
