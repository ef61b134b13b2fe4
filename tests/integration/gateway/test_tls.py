"""The door with a certificate of its own: HTTPS for clients, and plain HTTP only at the management port."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from caixa_gateway.certificate import TlsSettings
from tests.integration.gateway.conftest import SCHEMA
from tests.integration.gateway.door import ADMIN, Door, opened, settings_for
from tests.kubernetes.certificates import Authority
from tests.local.database import Database

AUTHORITY = Authority("teste")


@pytest.fixture
async def door(schema: Database, key_file: Path, tmp_path: Path) -> AsyncIterator[Door]:
    """Serve a gateway with a certificate for localhost."""
    pair = AUTHORITY.issue("localhost", hosts=["localhost"])
    (tmp_path / "tls.crt").write_bytes(pair.certificate)
    (tmp_path / "tls.key").write_bytes(pair.key)
    tls = TlsSettings(tls_certificate=str(tmp_path / "tls.crt"), tls_key=str(tmp_path / "tls.key"))
    settings = settings_for(schema.settings("gateway", SCHEMA), str(key_file), rate_limit="10000/second")
    async with opened(settings, tls=tls, token_issuer=f"https://localhost:{settings.server.port}") as served:
        served.url = f"https://localhost:{served.port}"
        yield served


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """Trust the certificate's authority, and check the host's name."""
    return ssl.create_default_context(cadata=AUTHORITY.certificate.decode())


async def test_clients_reach_everything_by_https_alone(door: Door, trusting: ssl.SSLContext) -> None:
    """A token is issued and good at once over a verified connection; plain HTTP and a client that does not trust the issuer get nothing."""
    form = {"grant_type": "client_credentials", "client_id": ADMIN[0], "client_secret": ADMIN[1]}
    status, body, headers = await door.ask("POST", "/oauth/token", data=form, ssl=trusting)
    assert status == 200
    assert headers["strict-transport-security"] == "max-age=31536000"
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    status, _, _ = await door.ask("POST", "/api/v1/comerciantes", json={"nome": "Padaria"}, headers=bearer, ssl=trusting)
    assert status == 201
    status, discovery, _ = await door.ask("GET", "/.well-known/openid-configuration", ssl=trusting)
    assert discovery["token_endpoint"] == f"{door.url}/oauth/token"
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await door.ask("GET", "/.well-known/jwks.json")
    with pytest.raises(aiohttp.ClientError):
        async with door.session.get(f"http://localhost:{door.port}/.well-known/jwks.json"):
            pass


async def test_the_page_s_cookie_is_for_https_only(door: Door, trusting: ssl.SSLContext) -> None:
    """Nobody need say so: the connection itself does."""
    async with door.session.get(f"{door.url}/entrar", ssl=trusting) as answer:
        assert "; Secure" in answer.headers["Set-Cookie"]


async def test_neighbours_read_the_keys_at_the_management_port(door: Door, trusting: ssl.SSLContext) -> None:
    """The same keys as the door's own, in plain HTTP: what is public needs no secret, and the port is reached within the cluster only."""
    async with door.session.get(f"http://127.0.0.1:{door.server.management_port}/.well-known/jwks.json") as answer:
        assert (answer.status, await answer.json()) == (200, (await door.ask("GET", "/.well-known/jwks.json", ssl=trusting))[1])
