"""Batches applied to a real database."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import MAIOR_VALOR, Tipo
from caixa_comum.events import LancamentoRegistrado
from caixa_saldo import projection
from caixa_saldo.applier import Applier, Outcome
from caixa_saldo.messages import Message
from tests.integration.saldo.entries import DIA, Stored, count, entry, received, stored
from tests.local.database import Database
from tests.local.waiting import eventually

NOW = partial(datetime.now, UTC)
GENEROUS = 60.0


def applier(engine: AsyncEngine) -> Applier:
    """Give an applier that is not told to stop."""
    return Applier(engine, asyncio.Event(), NOW)


async def test_entries_are_summed_by_merchant_currency_and_day(engine: AsyncEngine, mysql: Database) -> None:
    """Credits and debits add up separately, and each merchant, currency and day has a row of its own."""
    one, other = uuid4(), uuid4()
    batch = [
        entry(one, 100),
        entry(one, 40, tipo=Tipo.DEBITO),
        entry(one, 5, moeda="USD"),
        entry(other, 7),
    ]
    assert await applier(engine).apply([received(lancamento) for lancamento in batch]) == Outcome(applied=4)
    assert stored(mysql) == {
        (one, "BRL", DIA): Stored(100, 40, 2),
        (one, "USD", DIA): Stored(5, 0, 1),
        (other, "BRL", DIA): Stored(7, 0, 1),
    }


async def test_what_was_applied_is_never_applied_again(engine: AsyncEngine, mysql: Database) -> None:
    """Redelivery of part of a batch, and repetition within one, leave the balance as it was."""
    merchant = uuid4()
    batch = [received(entry(merchant, 10)) for _ in range(20)]
    assert await applier(engine).apply(batch[:10]) == Outcome(applied=10)
    assert await applier(engine).apply([*batch, *batch[5:15]]) == Outcome(applied=10, duplicates=20)
    assert await applier(engine).apply(batch) == Outcome(duplicates=20)
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(200, 0, 20)}
    assert count(mysql, "inbox") == 20


async def test_atualizado_em_never_goes_back(engine: AsyncEngine, mysql: Database) -> None:
    """An older entry that comes later does not make the balance look older than it is."""
    merchant = uuid4()
    newer, older = datetime(2026, 11, 23, 12, 0, 0, 123456, UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
    await applier(engine).apply([received(entry(merchant, registrado_em=newer))])
    await applier(engine).apply([received(entry(merchant, registrado_em=older))])
    assert mysql.query("SELECT atualizado_em FROM saldo_diario", schema="caixa_saldo") == [(newer.replace(tzinfo=None),)]


async def test_eight_appliers_on_one_merchants_day_count_every_entry_once(engine: AsyncEngine, mysql: Database) -> None:
    """Concurrent batches for one hot row, each delivered twice, add up exactly."""
    merchant = uuid4()
    batches = [[received(entry(merchant, 1)) for _ in range(50)] for _ in range(8)]
    outcomes = await asyncio.wait_for(asyncio.gather(*(applier(engine).apply(batch) for batch in [*batches, *batches])), GENEROUS)
    assert sum(outcome.applied for outcome in outcomes) == 400
    assert sum(outcome.duplicates for outcome in outcomes) == 400
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(400, 0, 400)}


async def test_overlapping_batches_in_any_order_end_without_loss(engine: AsyncEngine, mysql: Database) -> None:
    """Consumers that received the same messages in different orders neither deadlock for good nor count twice."""
    merchants = [uuid4() for _ in range(10)]
    messages = [received(entry(merchant, 1)) for merchant in merchants for _ in range(10)]
    shuffled = [random.Random(seed).sample(messages, 60) for seed in range(6)]  # noqa: S311 (no secret)
    await asyncio.wait_for(asyncio.gather(*(applier(engine).apply(batch) for batch in [*shuffled, messages])), GENEROUS)
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(10, 0, 10) for merchant in merchants}


async def test_an_undecodable_message_among_two_hundred_is_set_apart_alone(engine: AsyncEngine, mysql: Database) -> None:
    """199 entries are applied and one message is quarantined whole, with why."""
    merchant = uuid4()
    batch = [received(entry(merchant, 1)) for _ in range(199)]
    poison = Message(body=b"\xff{not json", headers={"x": b"\x00\xff", "y": 1}, message_id="none")
    batch.insert(77, poison)
    assert await applier(engine).apply(batch) == Outcome(applied=199, quarantined=1)
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(199, 0, 199)}
    ((event_id, body, reason),) = mysql.query("SELECT event_id, body, reason FROM quarentena", schema="caixa_saldo")
    assert event_id is None
    assert bytes(body) == poison.body
    assert reason.startswith("InvalidEvent")


async def test_an_entry_that_the_database_refuses_is_found_among_two_hundred(engine: AsyncEngine, mysql: Database) -> None:
    """An overflow of one merchant's day is bisected down to its entry; the other 199 are applied."""
    full, other = uuid4(), uuid4()
    await applier(engine).apply([received(entry(full, 1))])
    mysql.server.execute(["UPDATE caixa_saldo.saldo_diario SET total_creditos = 9223372036854775807"])
    culprit = entry(full, MAIOR_VALOR)
    batch = [received(entry(other, 1)) for _ in range(199)]
    batch.insert(123, received(culprit))
    assert await applier(engine).apply(batch) == Outcome(applied=199, quarantined=1)
    assert stored(mysql)[other, "BRL", DIA] == Stored(199, 0, 199)
    ((event_id, reason),) = mysql.query("SELECT event_id, reason FROM quarentena", schema="caixa_saldo")
    assert UUID(bytes=bytes(event_id)) == culprit.id
    assert "out of range" in reason
    # The refused entry is in no balance, so it is not in the inbox either: it can be applied later.
    assert count(mysql, "inbox") == 200


async def test_a_poison_that_is_redelivered_is_kept_once(engine: AsyncEngine, mysql: Database) -> None:
    """The quarantine counts how often a message came instead of growing with each redelivery."""
    poison = Message(body=b"?", message_id="x")
    for _ in range(3):
        assert await applier(engine).apply([poison]) == Outcome(quarantined=1)
    assert mysql.query("SELECT times FROM quarentena", schema="caixa_saldo") == [(3,)]


async def test_a_deadlock_is_tried_again_until_it_is_won(engine: AsyncEngine, mysql: Database) -> None:
    """A batch that loses a deadlock against another transaction is applied all the same, once."""
    low, high = sorted(uuid4() for _ in range(2))
    await applier(engine).apply([received(entry(low, 1)), received(entry(high, 1))])
    retries = _lock_retries()
    for tries in range(1, 21):
        await asyncio.wait_for(_meet(engine, mysql, entry(low, 1), entry(high, 1)), GENEROUS)
        assert stored(mysql) == {(merchant, "BRL", DIA): Stored(1 + tries, 0, 1 + tries) for merchant in (low, high)}
        if _lock_retries() > retries:
            return
    raise AssertionError("the server never chose the batch as its victim")


async def _meet(engine: AsyncEngine, mysql: Database, first: LancamentoRegistrado, second: LancamentoRegistrado) -> None:
    """Hold the row that the batch needs last, then ask for the one that it has: the server must end one of the two."""
    touch = text("UPDATE saldo_diario SET quantidade = quantidade + 1 WHERE comerciante_id = :merchant")
    async with engine.connect() as rival:
        # The server ends the transaction that changed least, so the rival changes much.
        await projection.claim(rival, {uuid4(): uuid4() for _ in range(1000)}, uuid4(), NOW())
        await rival.execute(touch, {"merchant": second.comerciante_id.bytes})
        batch = asyncio.create_task(applier(engine).apply([received(first), received(second)]))
        # INNODB_TRX is a cache that is not refreshed while it is read more often than every 0.1 s.
        await eventually("a transaction waits for a lock", partial(_someone_waits, mysql), pause=0.3)
        with suppress(OperationalError):
            await rival.execute(touch, {"merchant": first.comerciante_id.bytes})
        await rival.rollback()
        await batch


async def _someone_waits(mysql: Database) -> bool:
    return bool(mysql.query("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"))


def _lock_retries() -> float:
    return REGISTRY.get_sample_value("caixa_saldo_retries_total", {"cause": "lock"}) or 0.0
