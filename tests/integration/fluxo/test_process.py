"""fluxo's processes as their pods run them: without a broker, before their schema, through outages, and told to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx

from tests.faults.services import Service
from tests.integration.fluxo.conftest import LANCAMENTOS, SCHEMA
from tests.integration.fluxo.locks import held, waiting
from tests.integration.readiness import readiness, until_missing
from tests.integration.saldo.proxy import Proxy
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.environment import PROGRAMS, minimal
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import eventually

ENTRY = {"tipo": "credito", "valor": 1}


class Api:
    """`caixa-fluxo api` in a process of its own, and one merchant's client of it."""

    def __init__(self, database: Database, issuer: Issuer, folder: Path) -> None:
        """Start it; no variable names a broker."""
        port, management = free_port(), free_port()
        environ = {
            **minimal(),
            **database.environ("fluxo", SCHEMA),
            "CAIXA_PORT": str(port),
            "CAIXA_MANAGEMENT_PORT": str(management),
            "CAIXA_TOKEN_ISSUER": issuer.url,
            "CAIXA_JWKS_URL": issuer.settings().jwks_url,
        }
        process = Process([PROGRAMS / "caixa-fluxo", "api"], log=folder / "api.log", environ=environ)
        process.start()
        self.service = Service(process, f"http://127.0.0.1:{management}")
        self.id = uuid4()
        self._headers = {"Authorization": f"Bearer {issuer.token(self.id)}"}
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)

    async def post(self, key: str) -> httpx.Response:
        """Record an entry under a key."""
        return await self._client.post(LANCAMENTOS, headers=self._headers | {"Idempotency-Key": key}, json=ENTRY)

    async def close(self) -> None:
        """Let go of the connections, and of the process if it still lives."""
        await self._client.aclose()
        self.service.process.kill()


@asynccontextmanager
async def api(database: Database, issuer: Issuer, folder: Path) -> AsyncIterator[Api]:
    """Run the API until the block ends."""
    running = Api(database, issuer, folder)
    try:
        yield running
    finally:
        await running.close()


async def test_sigterm_lets_an_entry_in_flight_finish_and_no_broker_is_missed(migrated: Database, issuer: Issuer, tmp_path: Path) -> None:
    """Ready without any broker; told to stop it says so, answers what it accepted once that is committed, and ends with status 0."""
    async with api(migrated, issuer, tmp_path) as running:
        await running.service.until_ready()
        assert (await running.post("antes")).status_code == 201
        async with held(migrated, "LOCK TABLES lancamento WRITE"):
            asking = asyncio.create_task(running.post("voo"))
            await waiting(migrated, "INSERT INTO lancamento%")
            running.service.process.terminate()

            async def draining() -> bool:
                return (await readiness(running.service))[0] == "encerrando"

            await eventually("the process says that it ends", draining)
            assert not asking.done()
        assert (await asking).status_code == 201
        assert await asyncio.to_thread(running.service.process.wait, 60) == 0, running.service.process.tail()
    count = "SELECT COUNT(*) FROM lancamento WHERE comerciante_id = %s"
    assert migrated.query(count, running.id.bytes, schema=SCHEMA)[0][0] == 2


async def test_the_api_waits_for_its_schema_and_outlives_its_database(
    private_mysql: Callable[[], Database], issuer: Issuer, tmp_path: Path
) -> None:
    """Readiness names the schema alone, then nothing, then the database alone; the process heals by itself and records each key once."""
    database = await asyncio.to_thread(private_mysql)
    async with api(database, issuer, tmp_path) as running:
        assert "run the migrate command" in (await until_missing(running.service, "esquema"))["esquema"]
        environ = {**minimal(), **database.environ("fluxo_migration", SCHEMA)}
        migrate = Process([PROGRAMS / "caixa-fluxo", "migrate"], log=tmp_path / "migrate.log", environ=environ)
        migrate.start()
        assert await asyncio.to_thread(migrate.wait, 60) == 0, migrate.tail()
        await running.service.until_ready()
        assert (await running.post("um")).status_code == 201
        await asyncio.to_thread(database.kill)
        answer = await running.post("dois")
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
        assert "CAIXA_DATABASE_URL" in (await until_missing(running.service, "banco"))["banco"]
        await asyncio.to_thread(database.start)
        await running.service.until_ready()
        assert [(await running.post(key)).status_code for key in ("um", "dois", "tres")] == [201] * 3
        assert database.query("SELECT COUNT(*) FROM lancamento", schema=SCHEMA) == [(3,)]
        await running.service.end()


async def test_the_relay_names_the_broker_alone_and_finds_it_again(migrated: Database, rabbit: Broker, tmp_path: Path) -> None:
    """Started before its broker, and again when it was cut off: unready for that reason only, and then ready by itself."""
    proxy = Proxy(rabbit.port)
    management = free_port()
    environ = {
        **minimal(),
        **migrated.environ("fluxo", SCHEMA),
        **rabbit.environ("fluxo"),
        "CAIXA_BROKER_URL": f"amqp://127.0.0.1:{proxy.port}/caixa",
        "CAIXA_MANAGEMENT_PORT": str(management),
    }
    process = Process([PROGRAMS / "caixa-fluxo", "relay"], log=tmp_path / "relay.log", environ=environ)
    process.start()
    relay = Service(process, f"http://127.0.0.1:{management}")
    try:
        assert "CAIXA_BROKER_URL" in (await until_missing(relay, "broker"))["broker"]
        async with proxy:
            await relay.until_ready()
            await proxy.cut()
            await until_missing(relay, "broker")
            await proxy.mend()
            await relay.until_ready()
            await relay.end()
    finally:
        process.kill()


async def test_wrong_configuration_ends_the_process_by_name(migrated: Database, tmp_path: Path) -> None:
    """Exit code 2, and one line that names the variable."""
    environ = {
        **minimal(),
        **migrated.environ("fluxo", SCHEMA),
        "CAIXA_TOKEN_ISSUER": "http://gateway:8080",
        "CAIXA_GROUP_COMMIT_ROWS": "0",
    }
    process = Process([PROGRAMS / "caixa-fluxo", "api"], log=tmp_path / "api.log", environ=environ)
    process.start()
    assert await asyncio.to_thread(process.wait, 60) == 2
    assert process.tail().startswith("caixa-fluxo: CAIXA_GROUP_COMMIT_ROWS: ")
