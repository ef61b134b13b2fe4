"""Receipts of closed days against balances, in a real database and through the API."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import Tipo
from caixa_comum.settings import DatabaseSettings
from caixa_saldo.applier import Outcome
from caixa_saldo.closing import TOLERANCE
from caixa_saldo.watch import look
from tests.integration.saldo.entries import DIA, closing, closing_received, count, entry, publish_closing, publish_entries, received
from tests.integration.saldo.running import api, consumer
from tests.integration.saldo.test_api_process import Merchant
from tests.integration.saldo.test_applier import applier
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.waiting import eventually


async def test_a_receipt_is_stored_once_with_its_batch(engine: AsyncEngine, mysql: Database) -> None:
    """A receipt comes with entries or alone, and again: it is kept once, and known in the inbox by its event's id."""
    entries = [entry(uuid4(), 10) for _ in range(3)]
    receipt = closing_received(closing(entries[:1]))
    assert await applier(engine).apply([receipt, *map(received, entries)]) == Outcome(applied=4)
    assert await applier(engine).apply([receipt, receipt, received(entry())]) == Outcome(applied=1, duplicates=2)
    assert await applier(engine).apply([receipt]) == Outcome(duplicates=1)
    assert (count(mysql, "fechamento_recebido"), count(mysql, "inbox")) == (1, 5)


async def test_a_balance_is_open_until_all_that_the_receipt_counts_has_come(
    schema: DatabaseSettings, issuer: Issuer, engine: AsyncEngine
) -> None:
    """A receipt that overtakes its entries leaves the day open; the last one closes it, and each change has an ETag of its own."""
    async with api(schema, issuer.settings()) as running:
        merchant = Merchant(running, issuer)
        entries = [entry(merchant.id, 7), entry(merchant.id, 3, tipo=Tipo.DEBITO)]
        seen, tags = [], []
        for batch in (
            [received(entries[0])],
            [closing_received(closing(entries))],
            [received(entries[1])],
            [received(entry(merchant.id, 1))],
        ):
            await applier(engine).apply(batch)
            _, headers, body = await merchant.get(f"/{DIA}")
            seen.append(body["saldos"][0]["situacao"])
            tags.append(headers["ETag"])
        assert seen == ["aberto", "aberto", "fechado", "divergente"]
        assert len(set(tags[1:])) == 3
        _, _, report = await merchant.get(f"?de={DIA - timedelta(days=1)}&ate={DIA + timedelta(days=1)}")
        assert [dia["saldos"][0]["situacao"] for dia in report["dias"]] == ["aberto", "divergente", "aberto"]


async def test_a_day_closed_without_entries_is_closed_and_its_etag_tells(
    schema: DatabaseSettings, issuer: Issuer, engine: AsyncEngine
) -> None:
    """An empty day's zeros are confirmed by an empty receipt, although no number changes."""
    async with api(schema, issuer.settings()) as running:
        merchant = Merchant(running, issuer)
        _, headers, before = await merchant.get(f"/{DIA}")
        await applier(engine).apply([closing_received(closing([], merchant.id))])
        status, _, after = await merchant.get(f"/{DIA}", If_None_Match=headers["ETag"])
        assert status == 200
        assert (before["saldos"][0]["situacao"], after["saldos"][0]["situacao"]) == ("aberto", "fechado")


async def test_the_watch_counts_divergent_days_and_forgets_equal_ones(engine: AsyncEngine, mysql: Database) -> None:
    """Equal receipts are looked at once more and never again; what is missing is awaited, then divergent, then equal when it comes."""
    equal, late = [entry(uuid4(), 5)], [entry(uuid4(), 6)]
    await applier(engine).apply([*map(received, equal), closing_received(closing(equal)), closing_received(closing(late))])
    now = datetime.now(UTC)
    await look(engine, now)
    assert _gauges() == (0, 1)
    assert mysql.query("SELECT COUNT(*) FROM fechamento_recebido WHERE conferido_em IS NULL", schema="caixa_saldo") == [(1,)]
    await look(engine, now + TOLERANCE + timedelta(minutes=1))
    assert _gauges() == (1, 0)
    await applier(engine).apply(list(map(received, late)))
    await look(engine, now)
    assert _gauges() == (0, 0)


async def test_consumers_keep_receipts_that_come_among_entries(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """Through a real broker and two consumers: a receipt published before its entries is kept, and found equal in the end."""
    merchant = uuid4()
    entries = [entry(merchant, 2) for _ in range(100)]
    async with consumer(schema, queues.settings("saldo"), batch=10) as one, consumer(schema, queues.settings("saldo"), batch=10) as two:
        await one.until_ready()
        await two.until_ready()
        await publish_closing(queues, closing(entries))
        await publish_entries(queues, entries)

        async def confirmed() -> bool:
            return bool(mysql.query("SELECT 1 FROM fechamento_recebido WHERE conferido_em IS NOT NULL", schema="caixa_saldo"))

        await eventually("the watch finds the day equal", confirmed)
    assert count(mysql, "quarentena") == 0


def _gauges() -> tuple[float | None, float | None]:
    return REGISTRY.get_sample_value("caixa_saldo_divergent_days"), REGISTRY.get_sample_value("caixa_saldo_awaited_days")
