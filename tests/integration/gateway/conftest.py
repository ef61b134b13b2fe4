"""A gateway over a real database, in front of a real HTTP service that the test can stop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from caixa_comum import migrations
from caixa_comum.settings import Secret, ServerSettings
from caixa_gateway import api
from caixa_gateway.settings import GatewaySettings
from tests.local.database import Database

SCHEMA = "caixa_gateway"
ADMIN = ("admin-teste", "segredo-da-administracao")


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A real HTTP server in fluxo's and saldo's place, which tells what it received."""

    def __init__(self) -> None:
        """Take a port."""
        self.port = free_port()
        self.received: list[web.Request] = []
        self.bodies: list[bytes] = []
        self._runner: web.AppRunner | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Tell of the request; `?lento` waits, `?corrente` streams."""
        if not request.path.startswith("/api/"):  # the gateway's own look whether somebody is there
            return web.json_response({})
        self.received.append(request)
        self.bodies.append(await request.read())
        if "lento" in request.query:
            await asyncio.sleep(1)
        if "corrente" in request.query:
            stream = web.StreamResponse(headers={"X-Loja": "1", "Connection": "X-Loja"})
            await stream.prepare(request)
            for _ in range(50):
                await stream.write(b"x" * 10_000)
            return stream
        return web.json_response({"caminho": request.raw_path, "cabecalhos": dict(request.headers), "metodo": request.method})

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{anything:.*}", self.answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Go away, connections and all."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


class Door:
    """The gateway as a merchant sees it."""

    def __init__(self, settings: GatewaySettings, session: aiohttp.ClientSession, fluxo: Service, saldo: Service) -> None:
        """Remember the parts."""
        self.settings = settings
        self.session = session
        self.fluxo = fluxo
        self.saldo = saldo
        self.url = f"http://127.0.0.1:{settings.server.port}"

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, dict[str, str]]:  # Any: aiohttp's options, JSON
        """Ask, and give status, body and headers (names in lower case)."""
        async with self.session.request(method, self.url + path, **options) as answer:
            body = await answer.read()
            parsed = json.loads(body) if "json" in answer.headers.get("content-type", "") and body else body
            return answer.status, parsed, {name.lower(): value for name, value in answer.headers.items()}

    async def token(self, client_id: str, client_secret: str, **fields: str) -> tuple[int, Any, dict[str, str]]:
        """Ask for a token."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret, **fields}
        return await self.ask("POST", "/oauth/token", data=form)

    async def bearer(self, client_id: str, client_secret: str) -> dict[str, str]:
        """Give the header of a client that has a token."""
        status, body, _ = await self.token(client_id, client_secret)
        assert status == 200, body
        return {"Authorization": f"Bearer {body['access_token']}"}

    async def register(self, **fields: str) -> dict[str, Any]:
        """Register a merchant as the admin."""
        status, body, _ = await self.ask(
            "POST", "/api/v1/comerciantes", json={"nome": "Padaria", **fields}, headers=await self.bearer(*ADMIN)
        )
        assert status == 201, body
        merchant: dict[str, Any] = body
        return merchant

    async def merchant(self) -> dict[str, str]:
        """Give the header of a new merchant."""
        registered = await self.register()
        return await self.bearer(registered["client_id"], registered["client_secret"])


@pytest.fixture(scope="session")
def schema(mysql: Database) -> Database:
    """Give the database with the gateway's schema migrated, by the user that may."""
    asyncio.run(migrations.upgrade(mysql.settings("gateway_migration", SCHEMA), "caixa_gateway"))
    return mysql


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a signing key."""
    file = tmp_path_factory.mktemp("gateway") / "key.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


@pytest.fixture
def rate_limit() -> str:
    """Give the rate that the gateway is told; a test may override it."""
    return "10000/second"


@pytest.fixture
async def door(schema: Database, key_file: Path, rate_limit: str) -> AsyncIterator[Door]:
    """Give a gateway that serves on ports of its own, with its services behind it."""
    fluxo, saldo = Service(), Service()
    await fluxo.start()
    await saldo.start()
    port = free_port()
    settings = GatewaySettings(
        server=ServerSettings(port=port, management_port=free_port()),
        database=schema.settings("gateway", SCHEMA),
        token_issuer=f"http://127.0.0.1:{port}",
        fluxo_url=f"http://127.0.0.1:{fluxo.port}",
        saldo_url=f"http://127.0.0.1:{saldo.port}",
        signing_key_file=str(key_file),
        admin_client_id=ADMIN[0],
        admin_client_secret=Secret(ADMIN[1]),
        rate_limit=rate_limit,
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(api.run(settings, stop))
    async with aiohttp.ClientSession() as session:
        door = Door(settings, session, fluxo, saldo)
        await _ready(door, serving)
        yield door
    stop.set()
    await asyncio.wait_for(serving, 30)
    await fluxo.stop()
    await saldo.stop()


async def _ready(door: Door, serving: "asyncio.Task[None]") -> None:
    url = f"http://127.0.0.1:{door.settings.server.management_port}/saude/pronta"
    for _ in range(300):
        if serving.done():
            await serving
        try:
            async with door.session.get(url) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the gateway is not ready after 30 s")
