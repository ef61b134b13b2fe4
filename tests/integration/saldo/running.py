"""saldo's processes, run inside a test with free ports."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from caixa_comum.settings import BrokerSettings, DatabaseSettings, ServerSettings, TokenSettings
from caixa_saldo.api_process import serve_api
from caixa_saldo.consumer_process import run_consumer
from caixa_saldo.settings import ApiSettings, ConsumerSettings
from tests.local.ports import free_port
from tests.local.waiting import eventually

STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """One process: where it answers, and how to stop it."""

    server: ServerSettings
    stop: asyncio.Event
    task: asyncio.Task[None]
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """The API."""
        return f"http://127.0.0.1:{self.server.port}"

    async def readiness(self) -> tuple[int, Mapping[str, str]]:
        """Give the status of /saude/pronta and what each check says; 0 while nothing answers."""
        try:
            async with self.session.get(f"http://127.0.0.1:{self.server.management_port}/saude/pronta") as answer:
                return answer.status, (await answer.json())["verificacoes"]
        except aiohttp.ClientError:
            return 0, {}

    async def until_ready(self) -> None:
        """Wait until it is ready; fails at once when it has ended."""

        async def ready() -> bool:
            if self.task.done():
                await self.task
            return (await self.readiness())[0] == 200

        await eventually("the process is ready", ready)

    async def end(self) -> None:
        """Tell it to stop, as SIGTERM does, and wait until it has."""
        self.stop.set()
        await asyncio.wait_for(self.task, STOP_SECONDS)


@asynccontextmanager
async def consumer(database: DatabaseSettings, broker: BrokerSettings, *, batch: int = 200) -> AsyncIterator[Running]:
    """Run a consumer until the block ends."""
    server = _server()
    settings = ConsumerSettings(server=server, database=database, broker=broker, batch=batch)
    stop = asyncio.Event()
    async with _running(server, stop, asyncio.create_task(run_consumer(settings, stop))) as running:
        yield running


@asynccontextmanager
async def api(database: DatabaseSettings, tokens: TokenSettings) -> AsyncIterator[Running]:
    """Run the API until the block ends."""
    server = _server()
    stop = asyncio.Event()
    task = asyncio.create_task(serve_api(ApiSettings(server=server, database=database, tokens=tokens), stop))
    async with _running(server, stop, task) as running:
        await running.until_ready()
        yield running


def _server() -> ServerSettings:
    return ServerSettings(port=free_port(), management_port=free_port())


@asynccontextmanager
async def _running(server: ServerSettings, stop: asyncio.Event, task: asyncio.Task[None]) -> AsyncIterator[Running]:
    async with aiohttp.ClientSession() as session:
        running = Running(server, stop, task, session)
        try:
            yield running
        finally:
            await running.end()
