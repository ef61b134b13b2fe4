"""The very scripts that the CronJob and the init container run, against real servers: copied, refused where broken, restored."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from caixa_comum import schemas
from caixa_comum.database import create_engine
from caixa_comum.dominio import Tipo
from caixa_comum.migrations import upgrade
from caixa_comum.settings import ServerSettings
from caixa_operator.resources.dump import BACKUP, FIND, LOAD
from caixa_saldo.reconciliation_process import run_reconciliation
from caixa_saldo.settings import ReconciliationSettings
from tests.integration.saldo.entries import entry, received
from tests.integration.saldo.test_applier import applier
from tests.local.database import Database
from tests.local.environment import SYSTEM_FOLDERS, minimal
from tests.local.mariadb import ROOT, MariaDb, connected, running
from tests.provision import debian

PASSWORD = "only-for-copies"
SUMS = "SELECT comerciante_id, moeda, data, tipo, SUM(valor), COUNT(*) FROM caixa_fluxo.lancamento GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
BALANCES = "SELECT comerciante_id, moeda, data, total_creditos, total_debitos, quantidade FROM caixa_saldo.saldo_diario ORDER BY 1, 2, 3"
AWKWARD = 'it\'s "odd"; -- \n INSERT INTO `x` \\ \U0001f9fe'


@pytest.fixture(scope="module")
def clients() -> None:
    """Have a program that dumps: MariaDB's comes in a package of its own."""
    if not any(shutil.which(name, path=SYSTEM_FOLDERS) for name in ("mysqldump", "mariadb-dump")):
        debian.install("mariadb-client")


@pytest.fixture
async def ledger(private_mysql: Callable[[], Database], clients: None) -> Database:  # noqa: ARG001 - the programs
    """Give a server with all schemas migrated, entries in their balances and one that still waits in the outbox."""
    made = private_mysql()
    for service in schemas.SERVICES:
        await upgrade(made.settings(schemas.migration_user(service), schemas.schema_of(service)), schemas.schema_of(service))
    made.server.execute(schemas.backup_statements(PASSWORD))
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 40)] + [entry(None, 7, moeda="USD"), entry(merchant, 5, tipo=Tipo.DEBITO)]
    values = [
        (
            one.id.bytes,
            one.comerciante_id.bytes,
            one.tipo.value,
            one.valor,
            one.moeda,
            one.data,
            one.registrado_em.replace(tzinfo=None),
            AWKWARD,
        )
        for one in entries
    ]
    with connected(made.port, made.address.passwords[ROOT], schema="caixa_fluxo") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO lancamento (id, comerciante_id, tipo, valor, moeda, data, registrado_em, descricao, metadados)"
            ' VALUES (%s, %s, %s, %s, %s, %s, %s, %s, \'{"loja": "São José"}\')',
            values,
        )
    engine = create_engine(made.settings("saldo", "caixa_saldo"))
    await applier(engine).apply(list(map(received, entries)))
    await engine.dispose()
    return made


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """Give a server that holds nothing at all."""
    with running(tmp_path_factory.mktemp("empty")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of copies; what the scripts may write beside it has a folder of its own, as in their containers."""
    (tmp_path / "tmp").mkdir()
    made = tmp_path / "copies"
    made.mkdir()
    return made


def shell(script: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script as its container does."""
    environ = {**minimal(CAIXA_BACKUP_FOLDER=str(folder), **more), "TMPDIR": str(folder.parent / "tmp")}
    return subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=120, check=False)


def back_up(ledger: Database, folder: Path, *, keep: int = 2, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """Make a copy."""
    where = {"CAIXA_DATABASE_HOST": "127.0.0.1", "CAIXA_DATABASE_PORT": str(ledger.port)}
    return shell(BACKUP, folder, **where, CAIXA_DATABASE_USER="backup", CAIXA_DATABASE_PASSWORD=password, CAIXA_BACKUP_KEEP=str(keep))


def restore(server: MariaDb, folder: Path, file: str = "") -> subprocess.CompletedProcess[str]:
    """Load a copy as root, who in the init container comes by a socket."""
    client = f'[client]\nhost=127.0.0.1\nport={server.port}\nuser=root\npassword="{server.root_password}"\n'
    (folder.parent / "tmp" / "client.cnf").write_text(client)
    return shell(FIND + LOAD, folder, CAIXA_BACKUP_FILE=file)


def copies(folder: Path) -> list[str]:
    """Return the names of the copies, oldest first."""
    return sorted(path.name for path in folder.glob("caixa-*.sql.gz"))


def files(folder: Path) -> set[str]:
    """Return the names of all that is in a folder."""
    return {path.name for path in folder.iterdir()}


def rows(server: MariaDb | Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    tables = server.query("SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema REGEXP '^caixa_'")
    return {f"{schema}.{table}": sorted(server.query(f"SELECT * FROM `{schema}`.`{table}`"), key=repr) for schema, table in tables}  # noqa: S608 - names of tables


async def test_a_copy_is_verified_and_restored_with_equal_sums_and_a_proven_ledger(ledger: Database, empty: MariaDb, folder: Path) -> None:
    """Every row of every table is there again, sums by merchant and day are equal, and the restored balances are their entries' sums."""
    made = back_up(ledger, folder)
    assert made.returncode == 0, made.stderr
    assert "41 entries" in made.stdout
    (name,) = copies(folder)
    assert files(folder) == {name, f"{name}.counts", f"{name}.sha256"}
    counts = (folder / f"{name}.counts").read_text().splitlines()
    assert {"caixa_fluxo.lancamento 41", "caixa_fluxo.fechamento 0", "caixa_saldo.inbox 41"} <= set(counts)
    done = restore(empty, folder)
    assert done.returncode == 0, done.stderr
    assert rows(empty) == rows(ledger)
    assert len(counts) == len(rows(ledger))
    assert empty.query(SUMS) == ledger.query(SUMS) != []
    assert empty.query(BALANCES) == ledger.query(BALANCES) != []
    restored = Database(empty)  # users come after the data, as with the operator
    own = restored.settings(schemas.RECONCILIATION, "caixa_saldo")
    url = restored.settings(schemas.RECONCILIATION, "caixa_fluxo").database_url
    found = await run_reconciliation(
        ReconciliationSettings(server=ServerSettings(), database=own, fluxo_database_url=url, patience_seconds=0.0)
    )
    assert (found.lancamentos, found.proven) == (41, True)
    again = restore(empty, folder)
    assert again.returncode == 1
    assert "never loaded over data" in again.stderr
    assert rows(empty) == rows(ledger)


async def test_a_broken_copy_is_refused_before_anything_is_loaded(ledger: Database, empty: MariaDb, folder: Path) -> None:
    """One changed byte, a lost end, a lost companion, no copy at all: each is told, and the server stays empty."""
    assert "the claim holds no copy" in restore(empty, folder).stderr
    assert back_up(ledger, folder).returncode == 0
    (name,) = copies(folder)
    whole = (folder / name).read_bytes()
    for broken in (whole[:500] + bytes([whole[500] ^ 1]) + whole[501:], whole[:-100]):
        (folder / name).write_bytes(broken)
        done = restore(empty, folder, name)
        assert (done.returncode, "its checksum differs" in done.stderr) == (1, True)
    (folder / name).write_bytes(whole)
    (folder / f"{name}.counts").unlink()
    assert f"{name}.counts is not in the claim" in restore(empty, folder).stderr
    assert rows(empty) == {}


async def test_a_server_that_answers_late_is_waited_for(ledger: Database, folder: Path) -> None:
    """A pod may be let through, or MySQL be there, a moment after the copy begins; one that never answers is told."""
    ledger.stop()
    try:
        where = {"CAIXA_DATABASE_HOST": "127.0.0.1", "CAIXA_DATABASE_PORT": str(ledger.port), "CAIXA_BACKUP_KEEP": "2"}
        user = {"CAIXA_DATABASE_USER": "backup", "CAIXA_DATABASE_PASSWORD": PASSWORD}
        away = shell(BACKUP, folder, **where, **user, CAIXA_BACKUP_TRIES="2")
        assert (away.returncode, "the server does not answer" in away.stderr) == (1, True)
        waiting = asyncio.create_task(asyncio.to_thread(back_up, ledger, folder))
        await asyncio.sleep(1)
    finally:
        ledger.start()
    assert (await waiting).returncode == 0
    assert len(copies(folder)) == 1


async def test_the_oldest_copies_go_only_after_a_new_one_is_verified(ledger: Database, folder: Path) -> None:
    """A backup that fails leaves every copy, and nothing half-made; one that succeeds leaves as many as are to be kept."""
    for day in ("01", "02", "03"):
        for end in ("", ".counts", ".sha256"):
            (folder / f"caixa-202601{day}T031500Z.sql.gz{end}").write_text("old")
    (folder / ".new-left-by-a-kill").mkdir()
    before = copies(folder)
    failed = back_up(ledger, folder, password="wrong")
    assert failed.returncode == 1
    assert "refused:" in failed.stderr
    assert copies(folder) == before
    assert back_up(ledger, folder, keep=2).returncode == 0
    kept = copies(folder)
    assert len(kept) == 2
    assert kept[0] == before[-1]
    assert len(files(folder)) == 6
    assert files(folder.parent / "tmp") == set(), "no password is left behind"
