"""The gateway as a merchant sees it, served in the test's own loop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from caixa_comum.settings import DatabaseSettings, Secret, ServerSettings
from caixa_gateway import api
from caixa_gateway.settings import ExternalSettings, GatewaySettings
from tests.integration.gateway.service import Service
from tests.local.ports import free_port
from tests.local.waiting import eventually

ADMIN = ("admin-teste", "segredo-da-administracao")


class Served:
    """A client of a gateway."""

    def __init__(self, server: ServerSettings, session: aiohttp.ClientSession) -> None:
        """Remember where it listens."""
        self.server = server
        self.session = session
        self.port = server.port
        self.url = f"http://127.0.0.1:{self.port}"

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, dict[str, str]]:  # Any: aiohttp's options, JSON
        """Ask, and give status, body and headers (names in lower case)."""
        async with self.session.request(method, self.url + path, **options) as answer:
            body = await answer.read()
            parsed = json.loads(body) if "json" in answer.headers.get("content-type", "") and body else body
            return answer.status, parsed, {name.lower(): value for name, value in answer.headers.items()}

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Ask whether the gateway is ready; 0 while nothing answers."""
        try:
            async with self.session.get(f"http://127.0.0.1:{self.server.management_port}/saude/pronta") as answer:
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, {}

    async def metric(self, name: str, **labels: str) -> float:
        """Read one figure of /metrics."""
        async with self.session.get(f"http://127.0.0.1:{self.server.management_port}/metrics") as answer:
            families = text_string_to_metric_families(await answer.text())
            samples = [one for family in families for one in family.samples if one.name == name and one.labels == labels]
            return samples[0].value if samples else 0.0


class Door(Served):
    """A client of a gateway with an identity of its own, and the services behind it."""

    def __init__(self, settings: GatewaySettings, session: aiohttp.ClientSession, fluxo: Service, saldo: Service) -> None:
        """Remember the parts."""
        super().__init__(settings.server, session)
        self.settings = settings
        self.fluxo = fluxo
        self.saldo = saldo

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
        status, body, headers = await self.ask(
            "POST", "/api/v1/comerciantes", json={"nome": "Padaria", **fields}, headers=await self.bearer(*ADMIN)
        )
        assert status == 201, body
        assert headers["cache-control"] == "no-store"
        merchant: dict[str, Any] = body
        return merchant

    async def merchant(self) -> dict[str, str]:
        """Give the header of a new merchant."""
        registered = await self.register()
        return await self.bearer(registered["client_id"], registered["client_secret"])


def settings_for(database: DatabaseSettings, key_file: str, **options: Any) -> GatewaySettings:  # Any: each option has its own type
    """Make settings on free ports, with services on free ports too."""
    port = free_port()
    return GatewaySettings(
        server=ServerSettings(port=port, management_port=free_port()),
        database=database,
        token_issuer=f"http://127.0.0.1:{port}",
        fluxo_url=f"http://127.0.0.1:{free_port()}",
        saldo_url=f"http://127.0.0.1:{free_port()}",
        signing_key_file=key_file,
        admin_client_id=ADMIN[0],
        admin_client_secret=Secret(ADMIN[1]),
        **options,
    )


@asynccontextmanager
async def opened(settings: GatewaySettings, **changes: Any) -> AsyncIterator[Door]:  # Any: each setting has its own type
    """Serve a gateway with its services behind it; `changes` are settings told otherwise."""
    settings = msgspec.structs.replace(settings, **changes)
    fluxo, saldo = Service(), Service()
    fluxo.port, saldo.port = (int(url.rpartition(":")[2]) for url in (settings.fluxo_url, settings.saldo_url))
    await fluxo.start()
    await saldo.start()
    try:
        async with aiohttp.ClientSession() as session:
            door = Door(settings, session, fluxo, saldo)
            async with running(settings, door):
                yield door
    finally:
        await fluxo.stop()
        await saldo.stop()


@asynccontextmanager
async def opened_externally(settings: ExternalSettings) -> AsyncIterator[Served]:
    """Serve a gateway before an external issuer's tokens; whether there are services behind it is the test's business."""
    async with aiohttp.ClientSession() as session:
        served = Served(settings.server, session)
        async with running(settings, served):
            yield served


@asynccontextmanager
async def running(settings: api.Settings, served: Served) -> AsyncIterator[None]:
    """Run a gateway from the moment that it is ready until the block ends."""
    stop = asyncio.Event()
    serving = asyncio.create_task(api.run(settings, stop))

    async def ready() -> bool:
        if serving.done():
            await serving
        return (await served.health())[0] == 200

    try:
        await eventually("the gateway is ready", ready)
        yield
    finally:
        stop.set()
        await asyncio.wait_for(serving, 60)
