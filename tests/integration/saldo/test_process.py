"""saldo's API as its pod runs it: without a broker, through an outage of its database, and told to stop."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_saldo.applier import Applier
from tests.faults.services import Service
from tests.integration.readiness import readiness, until_missing
from tests.integration.saldo.entries import DIA, entry, received
from tests.integration.saldo.proxy import Proxy
from tests.issuer import Issuer
from tests.local.database import Database
from tests.local.environment import PROGRAMS, minimal
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import eventually


class Api:
    """`caixa-saldo api` in a process of its own; no variable names a broker."""

    def __init__(self, database: Database, database_port: int, issuer: Issuer, folder: Path) -> None:
        """Start it."""
        port, management = free_port(), free_port()
        environ = {
            **minimal(),
            **database.environ("saldo", "caixa_saldo"),
            "CAIXA_DATABASE_URL": f"mysql://127.0.0.1:{database_port}/caixa_saldo",
            "CAIXA_PORT": str(port),
            "CAIXA_MANAGEMENT_PORT": str(management),
            "CAIXA_TOKEN_ISSUER": issuer.url,
            "CAIXA_JWKS_URL": issuer.settings().jwks_url,
        }
        process = Process([PROGRAMS / "caixa-saldo", "api"], log=folder / "api.log", environ=environ)
        process.start()
        self.service = Service(process, f"http://127.0.0.1:{management}")
        self.comerciante_id = uuid4()
        self._url = f"http://127.0.0.1:{port}/api/v1/saldos/{DIA}"
        self._headers = {"Authorization": f"Bearer {issuer.token(self.comerciante_id)}"}

    async def balance(self, apos: UUID | None = None) -> tuple[int, int | None, str | None]:
        """Give status, final balance in BRL and Retry-After of the day."""
        parameters = {"apos": str(apos)} if apos else {}
        async with aiohttp.ClientSession() as session, session.get(self._url, headers=self._headers, params=parameters) as answer:
            body = await answer.json(content_type=None)
            return answer.status, body["saldos"][0]["saldo_final"] if answer.status == 200 else None, answer.headers.get("Retry-After")


async def test_sigterm_lets_a_reader_wait_for_its_entry(mysql: Database, engine: AsyncEngine, issuer: Issuer, tmp_path: Path) -> None:
    """Ready without any broker; told to stop while somebody waits for an entry, it answers when that has come, and ends with status 0."""
    running = Api(mysql, mysql.port, issuer, tmp_path)
    try:
        await running.service.until_ready()
        lancamento = entry(running.comerciante_id, 42)
        reading = asyncio.create_task(running.balance(apos=lancamento.id))
        await asyncio.sleep(1)
        assert not reading.done()
        running.service.process.terminate()

        async def draining() -> bool:
            return (await readiness(running.service))[0] == "encerrando"

        await eventually("the process says that it ends", draining)
        await Applier(engine, asyncio.Event(), lambda: datetime.now(UTC)).apply([received(lancamento)])
        status, saldo, _ = await reading
        assert (status, saldo) in {(200, 42), (504, None)}, "504: the machine was so slow that five seconds had passed"
        assert await asyncio.to_thread(running.service.process.wait, 60) == 0, running.service.process.tail()
    finally:
        running.service.process.kill()


async def test_the_api_outlives_its_database(mysql: Database, engine: AsyncEngine, issuer: Issuer, tmp_path: Path) -> None:
    """Cut off it answers 503 with Retry-After and names the database; back, it answers by itself, and nothing was restarted."""
    async with Proxy(mysql.port) as proxy:
        running = Api(mysql, proxy.port, issuer, tmp_path)
        try:
            await running.service.until_ready()
            await Applier(engine, asyncio.Event(), lambda: datetime.now(UTC)).apply([received(entry(running.comerciante_id, 7))])
            assert await running.balance() == (200, 7, None)
            await proxy.cut()
            status, _, retry_after = await running.balance()
            assert (status, retry_after is not None and int(retry_after) > 0) == (503, True)
            assert "CAIXA_DATABASE_URL" in (await until_missing(running.service, "banco"))["banco"]
            await proxy.mend()
            await running.service.until_ready()
            assert await running.balance() == (200, 7, None)
            await running.service.end()
        finally:
            running.service.process.kill()
