"""The proof that balances equal entries, run by its own user against both schemas, and what it finds when they do not."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import Tipo
from caixa_comum.events import LancamentoRegistrado
from caixa_comum.migrations import upgrade
from caixa_comum.settings import DatabaseSettings, ServerSettings
from caixa_saldo.reconciliation import Conciliacao
from caixa_saldo.reconciliation_process import run_reconciliation
from caixa_saldo.settings import ReconciliationSettings
from tests.integration.saldo.entries import closing, closing_received, entry, received
from tests.integration.saldo.test_applier import applier
from tests.local.database import Database
from tests.local.environment import PROGRAMS, minimal
from tests.local.mariadb import ROOT, connected

FLUXO = "caixa_fluxo"


@pytest.fixture
async def both(schema: DatabaseSettings, mysql: Database) -> Database:  # noqa: ARG001 (saldo's schema, migrated)
    """Give the database with both schemas migrated and empty."""
    await upgrade(mysql.settings("fluxo_migration", FLUXO), FLUXO)
    mysql.empty(FLUXO)
    return mysql


def _record(mysql: Database, lancamentos: Sequence[LancamentoRegistrado], *, waiting: bool = False) -> None:
    """Write entries as fluxo does; `waiting` leaves their events in the outbox."""
    entries = [
        (one.id.bytes, one.comerciante_id.bytes, one.tipo.value, one.valor, one.moeda, one.data, one.registrado_em.replace(tzinfo=None))
        for one in lancamentos
    ]
    with connected(mysql.port, mysql.address.passwords[ROOT], schema=FLUXO) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO lancamento (id, comerciante_id, tipo, valor, moeda, data, registrado_em, metadados)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, '{}')",
            entries,
        )
        if waiting:
            cursor.executemany(
                "INSERT INTO outbox (event_id, routing_key, payload, created_at) VALUES (%s, 'x', '', NOW(6))",
                [(one.id.bytes,) for one in lancamentos],
            )


async def _reconcile(mysql: Database, *, patience: float = 0.0) -> Conciliacao:
    own = mysql.settings("reconciliacao", "caixa_saldo")
    url = mysql.settings("reconciliacao", FLUXO).database_url
    return await run_reconciliation(
        ReconciliationSettings(server=ServerSettings(), database=own, fluxo_database_url=url, patience_seconds=patience)
    )


async def test_equal_sides_are_proven(both: Database, engine: AsyncEngine) -> None:
    """Merchants beyond one chunk, currencies and kinds: all compared, none different."""
    entries = [entry(uuid4(), valor) for valor in range(1, 221)]
    entries += [entry(entries[0].comerciante_id, 5, tipo=Tipo.DEBITO), entry(entries[0].comerciante_id, 7, moeda="USD")]
    _record(both, entries)
    await applier(engine).apply([*map(received, entries), closing_received(closing(entries[5:6]))])
    found = await _reconcile(both)
    assert (found.comerciantes, found.saldos, found.lancamentos, found.proven) == (220, 221, 222, True)


async def test_what_waits_in_the_outbox_is_no_difference(both: Database, engine: AsyncEngine) -> None:
    """With a relay that stands still the balances lack entries, and the proof holds for what was handed over."""
    merchant = uuid4()
    handed, waiting = [entry(merchant, 1) for _ in range(5)], [entry(merchant, 1) for _ in range(3)]
    _record(both, handed)
    _record(both, waiting, waiting=True)
    await applier(engine).apply(list(map(received, handed)))
    found = await _reconcile(both)
    assert (found.a_caminho, found.proven) == (3, True)


async def test_an_entry_that_was_handed_over_and_never_came_is_named(both: Database) -> None:
    """An entry in neither the outbox nor the inbox is waited for, and then told by its id."""
    lost = entry()
    _record(both, [lost])
    found = await _reconcile(both, patience=0.2)
    assert (found.faltando, found.total_diferencas, found.proven) == ([lost.id], 0, False)


async def test_an_entry_that_comes_within_the_patience_is_no_difference(both: Database, engine: AsyncEngine) -> None:
    """What is between broker and inbox at the first look is looked for again."""
    late = entry()
    _record(both, [late])
    reconciling = asyncio.create_task(_reconcile(both, patience=60))
    await asyncio.wait([reconciling], timeout=0.5)
    assert not reconciling.done()
    await applier(engine).apply([received(late)])
    found = await reconciling
    assert (found.a_caminho, found.proven) == (1, True)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE caixa_saldo.saldo_diario SET total_creditos = total_creditos + 1",
        "DELETE FROM caixa_saldo.saldo_diario",
        "UPDATE caixa_saldo.saldo_diario SET moeda = 'USD'",
        "DELETE FROM caixa_fluxo.lancamento LIMIT 1",
    ],
)
async def test_a_balance_that_is_not_its_entries_is_found(both: Database, engine: AsyncEngine, damage: str) -> None:
    """A cent too much, a lost row, a moved one, an entry that is gone: each is a difference, with both sums, at once."""
    entries = [entry(uuid4(), 10)]
    _record(both, entries)
    await applier(engine).apply(list(map(received, entries)))
    both.server.execute([damage])
    found = await _reconcile(both, patience=60)
    assert found.total_diferencas >= 1
    assert found.diferencas[0].comerciante_id == entries[0].comerciante_id
    assert not found.proven


async def test_the_command_tells_in_json_metrics_and_exit_code(both: Database, engine: AsyncEngine, tmp_path: Path) -> None:
    """Exit code 0 with a proof and 1 with a difference; one line of JSON, and figures for a textfile collector."""
    entries = [entry(uuid4(), 10)]
    _record(both, entries)
    await applier(engine).apply(list(map(received, entries)))
    metrics = tmp_path / "caixa.prom"
    environ = minimal(
        **both.environ("reconciliacao", "caixa_saldo"),
        CAIXA_FLUXO_DATABASE_URL=both.settings("reconciliacao", FLUXO).database_url,
        CAIXA_METRICS_FILE=str(metrics),
    )
    command = PROGRAMS / "caixa-saldo"
    for status, situacao in ((0, "conciliado"), (1, "divergente")):
        process = await asyncio.create_subprocess_exec(command, "reconciliar", env=environ, stdout=asyncio.subprocess.PIPE)
        told, _ = await process.communicate()
        assert process.returncode == status
        assert msgspec.json.decode(told.splitlines()[-1])["situacao"] == situacao
        assert f"caixa_reconciliation_differences {float(status)}" in metrics.read_text()
        both.server.execute(["UPDATE caixa_saldo.saldo_diario SET total_debitos = 1"])
