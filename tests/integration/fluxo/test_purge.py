"""Old idempotency keys are deleted from a real table, beside whoever claims new ones."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.database import create_engine, is_retryable
from caixa_comum.identifiers import uuid7
from caixa_comum.settings import ServerSettings
from caixa_fluxo import relay_process
from caixa_fluxo.idempotency_repository import EXPIRED, FORGET, forget_oldest
from caixa_fluxo.purge import KEPT, PurgePace, purge
from caixa_fluxo.registration import Answer, Claim
from caixa_fluxo.registration_repository import claim_keys, insert_claim
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.settings import RelaySettings
from caixa_fluxo.tables import idempotencia
from tests.integration.fluxo.conftest import LANCAMENTOS, SCHEMA, Fluxo
from tests.local.broker import Broker
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


async def test_a_chunk_has_the_oldest_and_is_never_larger_than_asked_for(engine: AsyncEngine) -> None:
    """More are said to be left until one is not full; what is not expired stays."""
    claims = await put(engine, *(OLD + timedelta(seconds=number) for number in range(8)), NOW)
    found = []
    for _ in range(4):
        async with engine.begin() as connection:
            found.append(await forget_oldest(connection, NOW - KEPT, 3))
        async with engine.connect() as connection:
            left = set((await connection.execute(select(idempotencia.c.registro_id))).scalars())
        assert left == {one.registro_id for one in claims[sum(deleted for deleted, _ in found) :]}
    assert found == [(3, True), (3, True), (2, False), (0, False)]


async def test_a_key_claimed_anew_while_it_was_looked_up_is_let_be(engine: AsyncEngine) -> None:
    """Another purge deleted it and its merchant used it again: the first one's delete finds a key of today."""
    (old,) = await put(engine, OLD)
    async with engine.begin() as connection:
        row = (await connection.execute(EXPIRED, {"before": NOW - KEPT, "limit": 5})).one()
        assert (row.comerciante_id, row.chave) == (old.comerciante_id, old.chave)
        async with engine.begin() as other:
            assert await forget_oldest(other, NOW - KEPT, 5) == (1, False)
            await insert_claim(other, msgspec.structs.replace(old, created_at=NOW))
        keys = msgspec.json.encode([(row.comerciante_id.hex, row.chave.encode().hex())]).decode()
        assert (await connection.execute(FORGET, {"keys": keys, "before": NOW - KEPT})).rowcount == 0
    assert await kept(engine) == 1


async def test_claiming_a_key_waits_for_no_purge_and_no_purge_for_it(engine: AsyncEngine) -> None:
    """While a purge's chunk is not committed keys are claimed, even of its own span; while those are not, the next chunk goes on.

    Whoever waited for a lock would be told so after ten seconds (innodb_lock_wait_timeout).
    """
    await put(engine, *[OLD + timedelta(seconds=2 * number) for number in range(40)], NOW)
    async with engine.connect() as holder:
        assert await forget_oldest(holder, NOW - KEPT, 20) == (20, True)
        _, behind, _ = await put(engine, OLD + timedelta(seconds=1), NOW - KEPT, NOW)
        await holder.commit()
        async with engine.connect() as writer:
            for instant in (NOW - KEPT, NOW - timedelta(days=1), NOW):  # the first is where the purge's scan ends
                await insert_claim(writer, claim(instant))
            assert await forget_oldest(holder, NOW - KEPT, 100) == (21, False)
            async with engine.begin() as another:
                assert not await claim_keys(another, [behind]), "the key behind the expired ones is not held"
            await writer.commit()
        await holder.commit()
    assert await kept(engine) == 1 + 2 + 3


async def test_at_repeatable_read_claiming_would_wait(engine: AsyncEngine) -> None:
    """The control: a delete by range, in a transaction that locks gaps, keeps waiting whoever claims a key within it."""
    await put(engine, *[OLD + timedelta(seconds=2 * number) for number in range(40)])
    async with engine.connect() as holder, engine.connect() as writer:
        await holder.execution_options(isolation_level="REPEATABLE READ")
        await writer.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
        await holder.execute(delete(idempotencia).where(idempotencia.c.created_at < OLD + timedelta(seconds=40)))
        with pytest.raises(DBAPIError) as refused:
            await insert_claim(writer, claim(OLD + timedelta(seconds=1)))
        await writer.invalidate()
    assert is_retryable(refused.value)


async def test_the_purge_walks_its_indices(engine: AsyncEngine) -> None:
    """Also in a table so small that a scan would look cheaper: the oldest by their instant, each deleted by its primary key."""
    await put(engine, OLD, NOW)
    async with engine.connect() as connection:
        found = []
        for statement, parameters in ((EXPIRED, {"limit": 5}), (FORGET, {"keys": '[["00", "6B"]]'})):
            plan = (
                (await connection.execute(text(f"EXPLAIN {statement}"), parameters | {"before": NOW.replace(tzinfo=None)})).mappings().all()
            )
            found.append((plan[-1]["type"], plan[-1]["key"]))
    assert found == [("range", "ix_idempotencia_created_at"), ("eq_ref", "PRIMARY")]


async def test_an_expired_key_may_be_used_for_another_entry(fluxo: Fluxo) -> None:
    """Until the purge it replays; after it the key is free, and the entry stays recorded."""
    sent = {"tipo": "credito", "valor": 5}
    first = await fluxo.post(sent, key="chave")
    assert (await fluxo.post(sent, key="chave")).content == first.content
    async with fluxo.engine.begin() as connection:
        assert await forget_oldest(connection, datetime.now(UTC) + timedelta(minutes=1), 10) == (1, False)
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


async def test_the_relay_process_purges(engine: AsyncEngine, migrated: Database, rabbit: Broker) -> None:
    """`caixa-fluxo relay` deletes what has expired beside its work, and ends in order when told to."""
    (recent,) = await put(engine, datetime.now(UTC))
    await put(engine, datetime.now(UTC) - KEPT - timedelta(seconds=1))
    settings = RelaySettings(
        server=ServerSettings(management_port=free_port()), database=migrated.settings("fluxo", SCHEMA), broker=rabbit.settings("fluxo")
    )
    stop = asyncio.Event()
    running = asyncio.create_task(relay_process.run(settings, RelayMetrics(CollectorRegistry()), stop))
    try:
        await until_left(engine, 1)
    finally:
        stop.set()
        await running
    async with engine.connect() as connection:
        assert (await connection.execute(select(idempotencia.c.registro_id))).scalar_one() == recent.registro_id
