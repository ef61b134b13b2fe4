"""When the database does not keep up: a bounded queue, an honest 503, and neighbours that go on."""

import asyncio
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_fluxo.group_commit import Limits
from tests.integration.fluxo.conftest import Fluxo, serving
from tests.integration.fluxo.locks import held, waiting
from tests.issuer import Issuer
from tests.local.database import Database
from tests.local.waiting import eventually

ENTRY = {"tipo": "credito", "valor": 1}


async def test_beyond_a_full_queue_callers_are_told_to_come_back(engine: AsyncEngine, issuer: Issuer, migrated: Database) -> None:
    """With the writers stuck at most queue and batches wait; all others get a 503 with Retry-After at once, and no accepted one is lost."""
    limits = Limits(rows=4, writers=2, capacity=16)
    asked, most = 80, limits.capacity + limits.rows * limits.writers
    async with serving(engine, issuer, limits) as fluxo:
        async with held(migrated, "LOCK TABLES lancamento WRITE"):
            asking = [asyncio.create_task(fluxo.post(ENTRY)) for _ in range(asked)]

            async def answered() -> bool:
                return sum(task.done() for task in asking) >= asked - most

            await eventually("all that do not fit are answered", answered)
            refused = [task.result() for task in asking if task.done()]
            one_more = await fluxo.post(ENTRY)
            for answer in (*refused, one_more):
                assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
                assert int(answer.headers["Retry-After"]) > 0
            assert not all(task.done() for task in asking)
        answers = await asyncio.gather(*asking)
        recorded = [one for one in answers if one.status_code == 201]
        assert {one.status_code for one in answers} == {201, 503}
        assert len(recorded) <= most
        assert await fluxo.entries() == await fluxo.events() == len(recorded)
        assert (await fluxo.post(ENTRY)).status_code == 201


async def test_a_batch_that_dies_fails_only_itself(engine: AsyncEngine, issuer: Issuer, migrated: Database) -> None:
    """While one batch is stuck other merchants' entries go on; cut off, it is a 503, and the same key records it once, later."""
    async with serving(engine, issuer, Limits()) as fluxo:
        await fluxo.record()
        async with held(migrated, "START TRANSACTION", days_of(fluxo)):
            stuck = asyncio.create_task(fluxo.post(ENTRY, key="presa"))
            threads = await waiting(migrated, "SELECT%fechamento_estado%")
            neighbours = [await fluxo.of(uuid4()).post(ENTRY) for _ in range(5)]
            assert [one.status_code for one in neighbours] == [201] * 5
            assert not stuck.done()
            for thread in threads:
                migrated.query(f"KILL {thread}")
            answer = await stuck
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
            assert "mesma Idempotency-Key" in answer.json()["detail"]
            assert (await fluxo.of(uuid4()).post(ENTRY)).status_code == 201
        again = await fluxo.post(ENTRY, key="presa")
        assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
        assert await fluxo.entries() == 2


async def test_no_statement_waits_for_a_lock_without_end(engine: AsyncEngine) -> None:
    """Rows and tables alike: ten seconds, after which the transaction is tried again or told of; the servers' default is a day."""
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT @@innodb_lock_wait_timeout, @@lock_wait_timeout"))).one()
    assert tuple(rows) == (10, 10)


async def test_a_lock_that_is_kept_ends_in_a_503_before_callers_give_up(fluxo: Fluxo, migrated: Database) -> None:
    """Within the gateway's 30 seconds of patience, with Retry-After; an entry and a closing alike, and nothing is written of either."""
    await fluxo.record(data="2024-03-01")
    async with held(migrated, "START TRANSACTION", days_of(fluxo)):
        async with asyncio.timeout(30):
            entry, closing = await asyncio.gather(
                fluxo.post(ENTRY, key="presa"), fluxo.post({"data": "2024-03-01"}, key="dia", path="/api/v1/fechamentos")
            )
        assert [(one.status_code, int(one.headers["Retry-After"]) > 0) for one in (entry, closing)] == [(503, True)] * 2
    assert await fluxo.entries() == 1
    assert (await fluxo.post({"data": "2024-03-01"}, key="dia", path="/api/v1/fechamentos")).status_code == 201


async def test_a_submitter_that_hangs_up_does_not_lose_its_entry(fluxo: Fluxo, migrated: Database) -> None:
    """Its entry was accepted: it is recorded once, and the same key tells of it."""
    async with held(migrated, "LOCK TABLES lancamento WRITE"):
        asking = asyncio.create_task(fluxo.post(ENTRY, key="desligou"))
        await waiting(migrated, "INSERT INTO lancamento%")
        asking.cancel()
        assert (await fluxo.post(ENTRY, key="desligou")).status_code == 409

    async def replayed() -> bool:
        answer = await fluxo.post(ENTRY, key="desligou")
        return answer.status_code == 201 and "Idempotency-Replayed" in answer.headers

    await eventually("the entry is there", replayed)
    assert await fluxo.entries() == 1


def days_of(fluxo: Fluxo) -> str:
    """Give the statement that takes the lock on the merchant's days, as a closing does."""
    return f"SELECT * FROM fechamento_estado WHERE comerciante_id = x'{fluxo.comerciante_id.hex}' FOR UPDATE"  # noqa: S608 (a UUID)
