"""The gateway as a process of its own, as in production, in front of services that record what they receive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.integration.gateway.conftest import SCHEMA
from tests.integration.gateway.door import ADMIN, Door, settings_for
from tests.integration.gateway.service import Service
from tests.local.broker import BrokerAddress
from tests.local.database import Database
from tests.local.platform import Platform, Running
from tests.local.services import Identity, Wiring


class OwnProcess:
    """A door, and the process behind it."""

    def __init__(self, door: Door, running: Running) -> None:
        """Remember both."""
        self.door = door
        self._running = running

    @property
    def log(self) -> str:
        """What the process has logged so far."""
        return self._running.process.log.read_text()

    def sockets(self) -> int:
        """Count the process's open sockets."""
        found = 0
        for descriptor in Path(f"/proc/{self._running.process.pid}/fd").iterdir():
            try:
                found += str(descriptor.readlink()).startswith("socket:")
            except OSError:  # closed while being listed
                continue
        return found

    def resident(self) -> int:
        """Give the bytes of memory that the process holds."""
        pages = Path(f"/proc/{self._running.process.pid}/statm").read_text().split()[1]
        return int(pages) * 4096


@asynccontextmanager
async def own_process(schema: Database, key_file: Path, folder: Path, **more: str) -> AsyncIterator[OwnProcess]:
    """Run a gateway, told `more` by its environment, until the block ends; Scripted or stopped services may take the ports too."""
    settings = settings_for(schema.settings("gateway", SCHEMA), str(key_file))
    fluxo, saldo = Service(), Service()
    fluxo.port, saldo.port = (int(url.rpartition(":")[2]) for url in (settings.fluxo_url, settings.saldo_url))
    ports = {"gateway": settings.server.port, "fluxo-api": fluxo.port, "saldo-api": saldo.port}
    told = {"CAIXA_RATE_LIMIT": "100000/second", **more}
    wiring = Wiring(schema.address, BrokerAddress(0, {}), Identity(key_file, *ADMIN), ports, told)
    platform = Platform(wiring, folder)
    await fluxo.start()
    await saldo.start()
    try:
        (running,) = await asyncio.to_thread(platform.start, "gateway")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield OwnProcess(Door(settings, session, fluxo, saldo), running)
    finally:
        await asyncio.to_thread(platform.stop)
        await fluxo.stop()
        await saldo.stop()
