"""`caixa-saldo` as its pods run it: real processes, told to stop by SIGTERM."""

import asyncio
from collections.abc import Mapping
from functools import partial
from uuid import uuid4

import aiohttp
import pytest

from caixa_saldo.tables import metadata
from tests.integration.saldo.entries import DIA, Stored, count, entry, publish_entries, stored
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.environment import PROGRAMS
from tests.local.ports import free_port
from tests.local.waiting import eventually

COMMAND = PROGRAMS / "caixa-saldo"
STOP_SECONDS = 60.0


async def _ready(port: int) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/saude/pronta") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _start(command: str, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(COMMAND, command, env=environ, stdout=asyncio.subprocess.DEVNULL)


@pytest.mark.usefixtures("schema")
async def test_the_consumer_finishes_and_leaves_on_sigterm(mysql: Database, queues: Broker) -> None:
    """SIGTERM in the middle of a backlog: exit code 0, and a second consumer finds exactly the rest."""
    merchant = uuid4()
    await publish_entries(queues, [entry(merchant, 1) for _ in range(3000)])
    for goal in (1, 3000):
        port = free_port()
        environ = {
            **mysql.environ("saldo", "caixa_saldo"),
            **queues.environ("saldo"),
            "CAIXA_MANAGEMENT_PORT": str(port),
            "CAIXA_BATCH": "50",
        }
        process = await _start("consumer", environ)
        await eventually("the consumer is ready", partial(_ready, port))

        async def reached(goal: int = goal) -> bool:
            return await asyncio.to_thread(count, mysql, "inbox") >= goal

        await eventually("entries are applied", reached, pause=0.01)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(3000, 0, 3000)}


@pytest.mark.usefixtures("schema")
async def test_migrate_may_run_again_and_the_api_drains_on_sigterm(mysql: Database, issuer: Issuer) -> None:
    """A second migration changes nothing and exits 0; the API is ready without a broker and ends with 0."""
    migration = await _start("migrate", dict(mysql.environ("saldo_migration", "caixa_saldo")))
    assert await asyncio.wait_for(migration.wait(), STOP_SECONDS) == 0
    port = free_port()
    tokens = issuer.settings()
    environ = {
        **mysql.environ("saldo", "caixa_saldo"),
        "CAIXA_TOKEN_ISSUER": tokens.token_issuer,
        "CAIXA_JWKS_URL": tokens.jwks_url,
        "CAIXA_PORT": str(free_port()),
        "CAIXA_MANAGEMENT_PORT": str(port),
    }
    process = await _start("api", environ)
    await eventually("the API is ready", partial(_ready, port))
    process.terminate()
    assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0


@pytest.mark.usefixtures("schema")
def test_the_schema_is_what_the_code_reads(mysql: Database) -> None:
    """The migrated tables have exactly the columns that the code knows, and those are nullable that may be unknown."""
    rows = mysql.query("SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'caixa_saldo'")
    known = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert {(table, column) for table, column, _ in rows if table != "alembic_version"} == known
    assert {(table, column) for table, column, nullable in rows if nullable == "YES"} == {
        ("inbox", "comerciante_id"),
        ("quarentena", "event_id"),
        ("fechamento_recebido", "hash_anterior"),
        ("fechamento_recebido", "conferido_em"),
    }
