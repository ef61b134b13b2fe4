"""What a copy of the databases cannot hold, handed over again: from the ids that saldo lacks to exact balances, on real servers."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from caixa_comum import migrations, schemas
from caixa_comum.database import create_engine
from caixa_comum.dominio import Tipo
from caixa_comum.identifiers import uuid7
from caixa_comum.settings import ServerSettings
from caixa_comum.topology import QUEUE
from caixa_fluxo.closing_repository import insert_receipts, totals
from caixa_fluxo.events import registrado
from caixa_fluxo.fechamento import Recibo, sealed
from caixa_fluxo.lancamento import Registro
from caixa_fluxo.reemission import Reemissao, reemit
from caixa_fluxo.registration_repository import insert_entries, insert_events
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.relay_process import run as run_relay
from caixa_fluxo.settings import RelaySettings
from caixa_saldo.consumer_process import run_consumer
from caixa_saldo.reconciliation import Conciliacao
from caixa_saldo.reconciliation_process import run_reconciliation
from caixa_saldo.settings import ConsumerSettings, ReconciliationSettings
from tests.integration.background import Background
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.environment import PROGRAMS, minimal
from tests.local.ports import free_port
from tests.local.waiting import eventually

FLUXO, SALDO = "caixa_fluxo", "caixa_saldo"
DAY = date(2026, 11, 20)


@pytest.fixture
async def ledger(mysql: Database, rabbit: Broker) -> Database:
    """Give both schemas, migrated and empty, beside a broker with empty queues."""
    for name in ("fluxo", "saldo"):
        await migrations.upgrade(mysql.settings(schemas.migration_user(name), schemas.schema_of(name)), schemas.schema_of(name))
    mysql.empty(FLUXO, SALDO)
    rabbit.purge()
    return mysql


@contextmanager
def relayed_and_consumed(mysql: Database, rabbit: Broker) -> Iterator[None]:
    """Run a relay and a consumer until the block ends."""
    one, other = (ServerSettings(port=free_port(), management_port=free_port()) for _ in range(2))
    relay = RelaySettings(server=one, database=mysql.settings("fluxo", FLUXO), broker=rabbit.settings("fluxo"))
    consumer = ConsumerSettings(server=other, database=mysql.settings("saldo", SALDO), broker=rabbit.settings("saldo"))
    with Background() as background:
        background.serve(lambda stop: run_relay(relay, RelayMetrics(CollectorRegistry()), stop), one.management_port)
        background.serve(lambda stop: run_consumer(consumer, stop), other.management_port)
        yield


def entry(merchant: UUID, valor: int) -> Registro:
    """Return a credit."""
    return Registro(
        id=uuid7(),
        comerciante_id=merchant,
        tipo=Tipo.CREDITO,
        valor=valor,
        moeda="BRL",
        data=DAY,
        ocorrido_em=None,
        registrado_em=datetime.now(UTC),
        descricao="venda",
        referencia_externa=None,
        metadados={"loja": "São José"},
    )


async def record(mysql: Database, entries: Sequence[Registro], *, waiting: bool) -> None:
    """Record entries as fluxo does; without `waiting` their events are where no copy reaches: confirmed, and in nobody's inbox."""
    engine = create_engine(mysql.settings("fluxo", FLUXO))
    async with engine.begin() as connection:
        await insert_entries(connection, entries)
        await insert_events(connection, [registrado(one, None) for one in entries] if waiting else [])
    await engine.dispose()


async def close(mysql: Database, merchant: UUID) -> Recibo:
    """Close the merchant's day, and lose its event in the same way."""
    engine = create_engine(mysql.settings("fluxo", FLUXO))
    async with engine.begin() as connection:
        sums = (await totals(connection, merchant, DAY, DAY))[DAY]
        recibo = sealed(id=uuid7(), comerciante_id=merchant, data=DAY, totais=sums, anterior=None, agora=datetime.now(UTC))
        await insert_receipts(connection, [recibo])
    await engine.dispose()
    return recibo


async def again(mysql: Database, ids: Sequence[UUID], *, batch: int) -> Reemissao:
    """Re-emit in this process, a few at a time."""
    engine = create_engine(mysql.settings("fluxo", FLUXO))
    try:
        return await reemit(engine, ids, partial(datetime.now, UTC), batch=batch)
    finally:
        await engine.dispose()


async def compared(mysql: Database) -> Conciliacao:
    """Compare both schemas without patience."""
    own, url = mysql.settings(schemas.RECONCILIATION, SALDO), mysql.settings(schemas.RECONCILIATION, FLUXO).database_url
    return await run_reconciliation(
        ReconciliationSettings(server=ServerSettings(), database=own, fluxo_database_url=url, patience_seconds=0.0)
    )


async def proven(mysql: Database, balances: int) -> bool:
    """Tell whether every event has arrived, and made this many balances."""
    found = await compared(mysql)
    return found.proven and found.a_caminho == 0 and found.saldos == balances


async def command(mysql: Database, service: str, word: str, user: str, file: Path) -> int | None:
    """Run a service's command on a file of ids, as the Job's containers do."""
    environ = minimal(
        **mysql.environ(user, schemas.schema_of(service)),
        CAIXA_FLUXO_DATABASE_URL=mysql.settings(schemas.RECONCILIATION, FLUXO).database_url,
    )
    process = await asyncio.create_subprocess_exec(PROGRAMS / f"caixa-{service}", word, str(file), env=environ)
    return await process.wait()


async def test_what_was_at_the_broker_when_the_copy_was_made_reaches_the_balances(ledger: Database, rabbit: Broker, tmp_path: Path) -> None:
    """The two commands find exactly what is lost, entries and a closed day, and hand it over once; handing all over again adds nothing."""
    merchant, other = uuid4(), uuid4()
    applied, lost, waiting = (
        [entry(whose, valor) for whose in (merchant, other) for valor in range(first, first + 20)] for first in (1, 100, 1000)
    )
    await record(ledger, applied, waiting=True)
    with relayed_and_consumed(ledger, rabbit):
        await eventually("the first entries are in their balances", lambda: proven(ledger, balances=2))
    await record(ledger, lost, waiting=False)
    await record(ledger, waiting, waiting=True)
    recibo = await close(ledger, merchant)
    ids = sorted([*(one.id for one in lost), recibo.id])
    found = await compared(ledger)
    assert (found.proven, found.faltando, found.total_diferencas) == (False, ids, 0)

    file = tmp_path / "faltantes"
    assert await command(ledger, "saldo", "faltantes", schemas.RECONCILIATION, file) == 0
    assert file.read_text().split() == [str(one) for one in ids]
    assert await command(ledger, "fluxo", "reemitir", "fluxo", file) == 0
    with relayed_and_consumed(ledger, rabbit):
        await eventually("every entry is in its balance", lambda: proven(ledger, balances=2))
        sums = ledger.query("SELECT comerciante_id, total_creditos, quantidade FROM caixa_saldo.saldo_diario ORDER BY 1")
        everything = [one.id for one in (*applied, *lost, *waiting)]
        assert await again(ledger, [*everything, recibo.id], batch=7) == Reemissao(121, 120, 1)
        await eventually("the outbox is empty", lambda: _empty_outbox(ledger))
        await eventually("the queue is empty", lambda: _empty_queue(rabbit))
        assert await proven(ledger, balances=2)
    assert sums == ledger.query("SELECT comerciante_id, total_creditos, quantidade FROM caixa_saldo.saldo_diario ORDER BY 1")
    assert sums == ledger.query("SELECT comerciante_id, SUM(valor), COUNT(*) FROM caixa_fluxo.lancamento GROUP BY 1 ORDER BY 1")
    assert ledger.query("SELECT event_id FROM caixa_saldo.fechamento_recebido") == [(recibo.id.bytes,)]


async def test_an_id_of_nothing_recorded_is_told_and_the_others_are_sent(ledger: Database, tmp_path: Path) -> None:
    """A list from another ledger does not pass for done."""
    known = entry(uuid4(), 1)
    await record(ledger, [known], waiting=False)
    file = tmp_path / "faltantes"
    file.write_text(f"{uuid4()}\n{known.id}\n")
    assert await command(ledger, "fluxo", "reemitir", "fluxo", file) == 1
    assert ledger.query("SELECT event_id FROM caixa_fluxo.outbox") == [(known.id.bytes,)]


async def _empty_outbox(mysql: Database) -> bool:
    return await asyncio.to_thread(mysql.query, "SELECT COUNT(*) FROM caixa_fluxo.outbox") == [(0,)]


async def _empty_queue(rabbit: Broker) -> bool:
    return await asyncio.to_thread(rabbit.messages, QUEUE) == 0
