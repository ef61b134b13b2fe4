"""fluxo's API, run inside a test on free ports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from caixa_comum import migrations
from caixa_comum.settings import ServerSettings, TokenSettings
from caixa_fluxo.api import run
from caixa_fluxo.settings import ApiSettings
from tests.local.database import Database
from tests.local.ports import free_port
from tests.local.waiting import eventually

SCHEMA = "caixa_fluxo"


@asynccontextmanager
async def api(database: Database, tokens: TokenSettings) -> AsyncIterator[str]:
    """Migrate the schema and run the API, ready, until the block ends; give its address."""
    await migrations.upgrade(database.settings("fluxo_migration", SCHEMA), SCHEMA)
    server = ServerSettings(port=free_port(), management_port=free_port())
    stop = asyncio.Event()
    task = asyncio.create_task(run(ApiSettings(server=server, database=database.settings("fluxo", SCHEMA), tokens=tokens), stop))
    try:
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                if task.done():
                    await task
                try:
                    async with session.get(f"http://127.0.0.1:{server.management_port}/saude/pronta") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually("fluxo is ready", ready)
        yield f"http://127.0.0.1:{server.port}"
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)
