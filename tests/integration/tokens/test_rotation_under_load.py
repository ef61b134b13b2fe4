"""The signing key rotates while a hundred requests a second pass: real gateways and a real fluxo, and not one request fails."""

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp
import jwt

from caixa_comum import migrations
from caixa_comum.jwks import FRESH_SECONDS
from tests.integration.gateway.door import ADMIN
from tests.integration.gateway.test_key_rotation import new_key
from tests.integration.tokens.hurried_fluxo import TIMES_FASTER
from tests.local.broker import BrokerAddress
from tests.local.database import Database
from tests.local.platform import Running
from tests.local.ports import free_port
from tests.local.services import APIS, Identity, Wiring, service

RATE: Final = 100.0
AT_ONCE: Final = 8
"""Requests under way at most: a machine too slow for the rate is asked less often, instead of refusing what it has no room for."""
LIFETIME_SECONDS: Final = 5
KNOWN_SECONDS: Final = FRESH_SECONDS / TIMES_FASTER
"""After so long every service has fetched the keys again by itself."""
LANCAMENTOS: Final = "/api/v1/lancamentos"


class Rollout:
    """One address in front of gateways that follow one another, each ready before the one before it is told to end."""

    def __init__(self, wiring: Wiring, folder: Path) -> None:
        """Take what each gateway is told; the wiring's port of the gateway is the address's."""
        self._wiring = wiring
        self._folder = folder
        self._running: list[Running] = []
        self._leads_to = 0

    async def to(self, *keys: str) -> None:
        """Replace the gateway by one with these keys; the first signs."""
        self._wiring.identity.signing_key.write_text("".join(keys))
        port, program = free_port(), service(self._wiring, "gateway")
        program = replace(program, environ={**program.environ, "CAIXA_PORT": str(port)})
        self._running.append(Running(program, self._folder / f"gateway-{len(self._running)}.log"))
        await asyncio.to_thread(self._running[-1].wait_ready)
        self._leads_to = port
        await asyncio.sleep(0.5)  # as a pod's preStop does: what was sent to the old one has been accepted by then
        await self.end(self._running[:-1])

    async def end(self, running: list[Running] | None = None) -> None:
        """End these gateways, or all."""
        for one in self._running if running is None else running:
            await asyncio.to_thread(one.process.stop)

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection to the gateway that is in service when it comes."""
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._leads_to)
        await asyncio.gather(_pumped(reader, onward_writer), _pumped(onward_reader, writer))


async def _pumped(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()


class Merchant:
    """A merchant that posts and reads all the time, with its newest token and with its oldest that is still good, in turn."""

    def __init__(self, session: aiohttp.ClientSession, credentials: dict[str, str]) -> None:
        """Take its credentials."""
        self._session = session
        self._form = {"grant_type": "client_credentials", **credentials}
        self._tokens: deque[tuple[float, str]] = deque()
        self._number = 0
        self._room = asyncio.Semaphore(AT_ONCE)
        self.statuses: Counter[int] = Counter()
        self.kids: set[str] = set()

    async def fetch(self) -> None:
        """Get another token, and forget those that are about to expire."""
        asked_at = time.monotonic()
        async with self._session.post("/oauth/token", data=self._form) as answer:
            self.statuses[answer.status] += 1
            token = (await answer.json())["access_token"]
        self.kids.add(jwt.get_unverified_header(token)["kid"])
        self._tokens.append((asked_at, token))
        while self._tokens[0][0] < asked_at - LIFETIME_SECONDS + 1:
            self._tokens.popleft()

    async def ask(self, number: int) -> None:
        """Post an entry, or read them, in the room that was taken for it."""
        _, token = self._tokens[0 if number % 2 else -1]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"k{number}"}
        body = {"tipo": "credito", "valor": 1}
        method = "GET" if number % 4 else "POST"
        async with self._session.request(method, LANCAMENTOS, headers=headers, json=body if method == "POST" else None) as answer:
            await answer.read()
            self.statuses[answer.status] += 1
        self._room.release()

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Ask RATE times a second until the block ends, and then finish what is under way."""
        over = asyncio.Event()
        await self.fetch()

        async def refresh() -> None:
            while not over.is_set():
                await self.fetch()
                await asyncio.sleep(0.5)

        async def load(group: asyncio.TaskGroup) -> None:
            due = began = time.monotonic()
            while not over.is_set():
                await self._room.acquire()
                self._number += 1
                group.create_task(self.ask(self._number))
                due = max(due + 1 / RATE, time.monotonic() - 1)  # catches up on a second at most
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            print(f"{self._number / (time.monotonic() - began):.0f} requests/s beside those for tokens")

        async with asyncio.TaskGroup() as group:
            group.create_task(refresh())
            group.create_task(load(group))
            try:
                yield
            finally:
                over.set()


async def test_the_signing_key_rotates_under_load_and_no_request_fails(mysql: Database, tmp_path: Path) -> None:
    """Published, then signing, then alone: every token request, entry and list on the way is answered 2xx."""
    for name in ("gateway", "fluxo"):
        await migrations.upgrade(mysql.settings(f"{name}_migration", f"caixa_{name}"), f"caixa_{name}")
    old, new = new_key(), new_key()
    told = {"CAIXA_TOKEN_LIFETIME_SECONDS": str(LIFETIME_SECONDS), "CAIXA_RATE_LIMIT": "100000/second", "CAIXA_LOG_LEVEL": "warning"}
    ports = {name: free_port() for name in APIS}
    wiring = Wiring(mysql.address, BrokerAddress(0, {}), Identity(tmp_path / "keys.pem", *ADMIN), ports, told)
    program = replace(service(wiring, "fluxo-api"), argv=(sys.executable, "-m", "tests.integration.tokens.hurried_fluxo"))
    rollout, fluxo = Rollout(wiring, tmp_path), Running(program, tmp_path / "fluxo.log")
    server = await asyncio.start_server(rollout.forward, "127.0.0.1", ports["gateway"])
    session = aiohttp.ClientSession(wiring.url("gateway"), connector=aiohttp.TCPConnector(limit=0, force_close=True))
    try:
        async with session:
            await rollout.to(old)
            await asyncio.to_thread(fluxo.wait_ready)
            merchant = Merchant(session, await registered(session))
            async with merchant.busy():
                await rollout.to(old, new)  # published ahead of its use
                await asyncio.sleep(KNOWN_SECONDS + 1)
                await rollout.to(new, old)  # signs; what the old one signed is still good
                await asyncio.sleep(LIFETIME_SECONDS)
                await rollout.to(new)
                await asyncio.sleep(1)
            assert set(merchant.statuses) == {200, 201}, merchant.statuses
            assert merchant.statuses.total() > RATE
            assert len(merchant.kids) == 2
    finally:
        server.close()
        await asyncio.to_thread(fluxo.process.stop)
        await rollout.end()


async def registered(session: aiohttp.ClientSession) -> dict[str, str]:
    """Register a merchant and give its credentials."""
    form = {"grant_type": "client_credentials", "client_id": ADMIN[0], "client_secret": ADMIN[1]}
    async with session.post("/oauth/token", data=form) as answer:
        admin = (await answer.json())["access_token"]
    async with session.post("/api/v1/comerciantes", json={"nome": "Padaria"}, headers={"Authorization": f"Bearer {admin}"}) as answer:
        made = await answer.json()
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}
