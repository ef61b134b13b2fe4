"""The three services together, served on real sockets over a real database."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from caixa_comum import migrations
from caixa_comum.application import serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_comum.management import management_app
from caixa_comum.readiness import database_check
from caixa_comum.settings import Secret, ServerSettings, TokenSettings
from caixa_fluxo import api as fluxo_api
from caixa_fluxo.settings import ApiSettings as FluxoSettings
from caixa_gateway import api as gateway_api
from caixa_gateway.settings import GatewaySettings
from caixa_saldo.api_process import application
from tests.integration.background import Background
from tests.local.database import Database
from tests.local.ports import free_port

SERVICES = ("fluxo", "saldo", "gateway")
ADMIN = ("admin-teste", "segredo-da-administracao")


@dataclass(frozen=True)
class Platform:
    """Where the services listen, and the tokens of a merchant who has entries and of the admin."""

    urls: dict[str, str]
    merchant: dict[str, str]
    admin: dict[str, str]


def _url(server: ServerSettings) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
def platform(mysql: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Serve all three; the gateway gives the tokens that the others verify."""
    for name in SERVICES:
        asyncio.run(migrations.upgrade(mysql.settings(f"{name}_migration", f"caixa_{name}"), f"caixa_{name}"))
    servers = {name: ServerSettings(port=free_port(), management_port=free_port()) for name in SERVICES}
    urls = {name: _url(server) for name, server in servers.items()}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_file: Path = tmp_path_factory.mktemp("contract") / "key.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tokens = TokenSettings(token_issuer=urls["gateway"], jwks_url=f"{urls['gateway']}/.well-known/jwks.json")
    gateway = GatewaySettings(
        server=servers["gateway"],
        database=mysql.settings("gateway", "caixa_gateway"),
        token_issuer=urls["gateway"],
        fluxo_url=urls["fluxo"],
        saldo_url=urls["saldo"],
        signing_key_file=str(key_file),
        admin_client_id=ADMIN[0],
        admin_client_secret=Secret(ADMIN[1]),
        rate_limit="100000/second",
    )
    fluxo = FluxoSettings(server=servers["fluxo"], database=mysql.settings("fluxo", "caixa_fluxo"), tokens=tokens)

    async def saldo(stop: asyncio.Event) -> None:
        """Serve balances that wait for no entry: half of what Schemathesis asks for would be waited for five seconds."""
        engine = create_engine(mysql.settings("saldo", "caixa_saldo"))
        async with published_verifier(tokens) as verifier:
            app = application(engine, verifier, partial(datetime.now, UTC), longest_wait_seconds=0.01)
            await serve(app, servers["saldo"], management_app({"banco": database_check(engine)}), stop)
        await engine.dispose()

    with Background() as background:
        background.serve(lambda stop: gateway_api.run(gateway, stop), servers["gateway"].management_port)
        background.serve(lambda stop: fluxo_api.run(fluxo, stop), servers["fluxo"].management_port)
        background.serve(saldo, servers["saldo"].management_port)
        yield _with_tokens(urls)


def _with_tokens(urls: dict[str, str]) -> Platform:
    admin = _bearer(urls["gateway"], *ADMIN)
    made = httpx.post(f"{urls['gateway']}/api/v1/comerciantes", headers=admin, json={"nome": "Padaria"}).json()
    merchant = _bearer(urls["gateway"], made["client_id"], made["client_secret"])
    for data in ("2024-03-01", "2024-03-02"):
        entry = {"tipo": "credito", "valor": 100, "data": data}
        httpx.post(
            f"{urls['fluxo']}/api/v1/lancamentos", headers={**merchant, "Idempotency-Key": str(uuid4())}, json=entry
        ).raise_for_status()
    return Platform(urls, merchant, admin)


def _bearer(url: str, client_id: str, client_secret: str) -> dict[str, str]:
    answer = httpx.post(f"{url}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, client_secret))
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
