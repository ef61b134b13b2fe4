"""Old idempotency keys are deleted from a real table, beside whoever claims new ones."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.database import create_engine, is_retryable
from caixa_comum.identifiers import uuid7
from caixa_fluxo.idempotency_repository import FORGET, forget_oldest
from caixa_fluxo.purge import KEPT, PurgePace, purge
from caixa_fluxo.registration import Answer, Claim
from caixa_fluxo.registration_repository import claim_keys, insert_claim
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.tables import idempotencia
from tests.integration.fluxo.conftest import LANCAMENTOS, SCHEMA, Fluxo
from tests.local.database import Database
from tests.local.ports import free_port

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
OLD = NOW - KEPT - timedelta(days=1)
PACE = PurgePace(chunk=20, pause_seconds=0.001, idle_seconds=0.01)


@pytest.fixture(autouse=True)
async def _no_keys(migrated: Database) -> None:
    """Begin with an empty table."""
    migrated.empty(SCHEMA)


def claim(created_at: datetime) -> Claim:
    """Make a claim of a merchant of its own."""
    answer = Answer(status=201, corpo=b"{}")
    return Claim(comerciante_id=uuid4(), chave="k", registro_id=uuid7(), impressao=bytes(32), answer=answer, created_at=created_at)


async def put(engine: AsyncEngine, *instants: datetime) -> list[Claim]:
    """Keep a claim of each instant."""
    claims = [claim(one) for one in instants]
    async with engine.begin() as connection:
        await claim_keys(connection, claims)
    return claims


async def kept(engine: AsyncEngine) -> int:
    """Count the keys."""
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(idempotencia))).scalar_one()


@asynccontextmanager
async def purging(engines: Sequence[AsyncEngine], metrics: RelayMetrics) -> AsyncIterator[None]:
    """Purge with each engine, as the relays do, until the block ends."""
    stop = asyncio.Event()
    purges = [asyncio.create_task(purge(one, lambda: NOW, metrics.purged, stop, PACE)) for one in engines]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*purges)


async def until_left(engine: AsyncEngine, left: int) -> None:
    """Wait until only so many keys are left."""
    async with asyncio.timeout(60):
        while await kept(engine) != left:  # noqa: ASYNC110 # the database has no event to wait for
            await asyncio.sleep(0.02)


async def test_only_keys_older_than_seven_days_go_and_each_is_counted_once(engine: AsyncEngine, migrated: Database) -> None:
    """Several purges at once delete every expired key, in chunks, and none that is seven days old to the microsecond."""
    expired = [OLD + timedelta(seconds=number) for number in range(150)] + [NOW - KEPT - timedelta(microseconds=1)]
    await put(engine, *expired, NOW - KEPT, NOW - timedelta(days=6), NOW)
    registry = CollectorRegistry()
    engines = [create_engine(migrated.settings("fluxo", SCHEMA), pool=1) for _ in range(3)]
    async with purging(engines, RelayMetrics(registry)):
        await until_left(engine, 3)
    for one in engines:
        await one.dispose()
    assert registry.get_sample_value("caixa_idempotency_keys_purged_total") == len(expired)


async def test_a_chunk_is_small_but_keys_of_one_instant_go_together(engine: AsyncEngine) -> None:
    """About as many as asked for; more are said to be left until nothing is."""
    await put(engine, *[OLD] * 7, *(OLD + timedelta(seconds=number) for number in range(1, 6)))
    found = []
    for _ in range(4):
        async with engine.begin() as connection:
            found.append(await forget_oldest(connection, NOW - KEPT, 3))
    assert found == [(7, True), (3, True), (2, False), (0, False)]


async def test_claiming_a_key_waits_for_no_purge_and_no_purge_for_it(engine: AsyncEngine) -> None:
    """While a purge's chunk is not committed keys are claimed, even of its own span; while those are not, the next chunk goes on."""
    await put(engine, *[OLD + timedelta(seconds=2 * number) for number in range(40)], NOW)
    async with engine.connect() as holder:
        assert await forget_oldest(holder, NOW - KEPT, 20) == (20, True)
        await asyncio.wait_for(put(engine, OLD + timedelta(seconds=1), NOW - timedelta(days=1), NOW), 8)
        await holder.commit()
        async with engine.connect() as writer:
            for instant in (NOW - timedelta(days=1), NOW):
                await insert_claim(writer, claim(instant))
            assert await asyncio.wait_for(forget_oldest(holder, NOW - KEPT, 100), 8) == (21, False)
            await writer.commit()
        await holder.commit()
    assert await kept(engine) == 1 + 2 + 2


async def test_at_repeatable_read_claiming_would_wait(engine: AsyncEngine) -> None:
    """The control: what the test above asks for is owed to READ COMMITTED, which locks no gaps."""
    await put(engine, *[OLD + timedelta(seconds=2 * number) for number in range(40)])
    async with engine.connect() as holder, engine.connect() as writer:
        await holder.execution_options(isolation_level="REPEATABLE READ")
        await writer.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
        await forget_oldest(holder, NOW - KEPT, 20)
        with pytest.raises(DBAPIError) as refused:
            await insert_claim(writer, claim(OLD + timedelta(seconds=1)))
        await writer.invalidate()
    assert is_retryable(refused.value)


async def test_the_delete_walks_the_index(engine: AsyncEngine) -> None:
    """Also in a table so small that a scan would look cheaper; a scan would wait for every key that is being claimed."""
    await put(engine, OLD, NOW)
    async with engine.connect() as connection:
        plan = (await connection.execute(text(f"EXPLAIN {FORGET}"), {"until": OLD.replace(tzinfo=None)})).mappings().one()
    assert (plan["type"], plan["key"]) == ("range", "ix_idempotencia_created_at")


async def test_an_expired_key_may_be_used_for_another_entry(fluxo: Fluxo) -> None:
    """Until the purge it replays; after it the key is free, and the entry stays recorded."""
    sent = {"tipo": "credito", "valor": 5}
    first = await fluxo.post(sent, key="chave")
    assert (await fluxo.post(sent, key="chave")).content == first.content
    async with fluxo.engine.begin() as connection:
        assert (await forget_oldest(connection, datetime.now(UTC) + timedelta(minutes=1), 10))[0] == 1
    again = await fluxo.post({"tipo": "debito", "valor": 6}, key="chave")
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
    assert (await fluxo.get(first.headers["Location"].removeprefix(LANCAMENTOS))).status_code == 200
    assert await fluxo.entries() == 2


async def test_a_purge_outlives_its_database(engine: AsyncEngine, migrated: Database) -> None:
    """Where nothing listens it tries again until it is told to stop, and does not take the relay down."""
    nowhere = msgspec.structs.replace(migrated.settings("fluxo", SCHEMA), database_url=f"mysql://127.0.0.1:{free_port()}/{SCHEMA}")
    broken = create_engine(nowhere)
    await put(engine, OLD)
    async with purging([broken, engine], RelayMetrics(CollectorRegistry())):
        await until_left(engine, 0)
    await broken.dispose()
