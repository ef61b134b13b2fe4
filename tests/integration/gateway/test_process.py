"""The console script as it runs in production: migrated, ready, drained, configured, silent about secrets; and without its database."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from caixa_comum import migrations
from caixa_gateway.settings import GatewaySettings
from tests.integration.gateway.conftest import SCHEMA
from tests.integration.gateway.door import ADMIN, Door, opened, settings_for
from tests.integration.gateway.service import Service
from tests.local.database import Database
from tests.local.waiting import eventually

SCRIPT = Path(sys.executable).with_name("caixa-gateway")


def environ_of(settings: GatewaySettings, database: Mapping[str, str]) -> dict[str, str]:
    """Give the environment that says the same as the settings."""
    return {
        "PATH": os.environ["PATH"],
        **database,
        "CAIXA_PORT": str(settings.server.port),
        "CAIXA_MANAGEMENT_PORT": str(settings.server.management_port),
        "CAIXA_TOKEN_ISSUER": settings.token_issuer,
        "CAIXA_FLUXO_URL": settings.fluxo_url,
        "CAIXA_SALDO_URL": settings.saldo_url,
        "CAIXA_SIGNING_KEY_FILE": settings.signing_key_file,
        "CAIXA_ADMIN_CLIENT_ID": ADMIN[0],
        "CAIXA_ADMIN_CLIENT_SECRET": ADMIN[1],
        "CAIXA_RATE_LIMIT": "10000/second",
    }


@pytest.fixture
def environ(schema: Database, key_file: Path) -> dict[str, str]:
    """Give a whole environment on free ports."""
    settings = settings_for(schema.settings("gateway", SCHEMA), str(key_file))
    return environ_of(settings, schema.environ("gateway", SCHEMA))


async def ended(environ: Mapping[str, str], command: str) -> tuple[int | None, str]:
    """Run a command to its end; give its exit code and what it wrote on standard error."""
    process = await asyncio.create_subprocess_exec(
        SCRIPT, command, env=dict(environ), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, told.decode()


@asynccontextmanager
async def running(environ: Mapping[str, str], log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the gateway until it is ready, its output in a file; kill it at the end if it still lives."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(SCRIPT, "api", env=dict(environ), stdout=output, stderr=output)
    try:
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                assert process.returncode is None, "the gateway ended: its log is in the test's folder"
                try:
                    async with session.get(f"http://127.0.0.1:{environ['CAIXA_MANAGEMENT_PORT']}/saude/pronta") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually("the gateway is ready", ready)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_sigterm_lets_the_request_in_flight_finish(environ: dict[str, str], schema: Database, key_file: Path, tmp_path: Path) -> None:
    """The process ends by itself with 0, after the answer that was under way has gone out whole; its log holds no secret."""
    settings = settings_for(schema.settings("gateway", SCHEMA), str(key_file))
    fluxo, saldo = Service(), Service()
    environ |= {"CAIXA_FLUXO_URL": f"http://127.0.0.1:{fluxo.port}", "CAIXA_SALDO_URL": f"http://127.0.0.1:{saldo.port}"}
    await saldo.start()
    log = tmp_path / "gateway.log"
    async with running(environ, log) as process, aiohttp.ClientSession() as session:
        door = Door(settings, session, fluxo, saldo)
        door.url = f"http://127.0.0.1:{environ['CAIXA_PORT']}"
        merchant = await door.register()
        headers = await door.bearer(merchant["client_id"], merchant["client_secret"])
        asking = asyncio.create_task(door.ask("GET", "/api/v1/saldos/atual?segurado", headers=headers))

        async def arrived() -> bool:
            return saldo.busy_with == 1

        await eventually("the request is at the service", arrived)
        process.send_signal(signal.SIGTERM)
        saldo.let_go.set()
        status, _, _ = await asyncio.wait_for(asking, 60)
        assert status == 200
        assert await asyncio.wait_for(process.wait(), 60) == 0
    await saldo.stop()
    told = log.read_text()
    for secret in (ADMIN[1], merchant["client_secret"], headers["Authorization"].split()[1], environ["CAIXA_DATABASE_PASSWORD"]):
        assert secret not in told
    assert '"path": "/api/v1/saldos/atual"' in told


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAIXA_ADMIN_CLIENT_SECRET", ""),
        ("CAIXA_FLUXO_URL", "fluxo:8080"),
        ("CAIXA_TOKEN_ISSUER", "gateway"),
        ("CAIXA_SIGNING_KEY_FILE", "/nonexistent/key.pem"),
        ("CAIXA_RATE_LIMIT", "often"),
        ("CAIXA_TOKEN_LIFETIME_SECONDS", "0"),
        ("CAIXA_ANSWER_SECONDS", "-1"),
        ("CAIXA_DATABASE_URL", "postgres://x/y"),
        ("CAIXA_PORT", "http"),
    ],
)
async def test_wrong_configuration_ends_the_process_by_name(environ: dict[str, str], variable: str, value: str) -> None:
    """Exit code 2, and one line on standard error that names the variable."""
    code, told = await ended(environ | {variable: value}, "api")
    assert (code, told.count("\n")) == (2, 1), told
    assert told.startswith(f"caixa-gateway: {variable}: ")


async def test_migrate_runs_again_without_harm(schema: Database) -> None:
    """A Job that is repeated changes nothing."""
    assert (await ended({"PATH": os.environ["PATH"], **schema.environ("gateway_migration", SCHEMA)}, "migrate"))[0] == 0


async def test_without_its_database_the_gateway_still_passes_requests(private_mysql: Callable[[], Database], key_file: Path) -> None:
    """Tokens in hand stay good; new ones are 503 with a time to come back; readiness names the database; all heals by itself."""
    database = await asyncio.to_thread(private_mysql)
    await migrations.upgrade(database.settings("gateway_migration", SCHEMA), "caixa_gateway")
    settings = settings_for(database.settings("gateway", SCHEMA), str(key_file), rate_limit="10000/second")
    async with opened(settings) as door:
        merchant = await door.register()
        credentials = (merchant["client_id"], merchant["client_secret"])
        headers = await door.bearer(*credentials)
        await asyncio.to_thread(database.server.kill)
        assert (await door.ask("GET", "/api/v1/saldos/atual", headers=headers))[0] == 200
        assert (await door.ask("GET", "/.well-known/jwks.json"))[0] == 200
        status, _, answered = await door.token(*credentials)
        assert (status, answered["retry-after"]) == (503, "2")
        status, body = await door.health()
        assert status == 503
        assert "CAIXA_DATABASE_URL" in body["verificacoes"]["banco"]
        await asyncio.to_thread(database.server.start)

        async def heals() -> bool:
            return (await door.token(*credentials))[0] == 200

        await eventually("tokens are given again", heals)
