"""The process `caixa-saldo reconciliar`: proves once that balances equal entries, tells it in one line of JSON, and ends."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from sqlalchemy.exc import SQLAlchemyError

from caixa_comum import logs
from caixa_comum.database import create_engine
from caixa_comum.process import stop_event
from caixa_comum.settings import load
from caixa_saldo.reconciliation import Conciliacao, Reconciliation
from caixa_saldo.settings import ReconciliationSettings

NAME = "saldo-reconciliacao"
DIFFERENT, UNFINISHED = 1, 3
FIGURES = {
    "comerciantes": ("merchants", "Merchants compared"),
    "saldos": ("balances", "Balances compared"),
    "lancamentos": ("entries", "Entries added up"),
    "a_caminho": ("under_way", "Events that were on their way when looked at first"),
    "total_diferencas": ("differences", "Balances that are not the sum of their entries"),
    "total_faltando": ("missing", "Events handed over that never arrived although patience has run out"),
    "dias_divergentes": ("divergent_days", "Closed days whose receipt the balances do not equal"),
}
log = structlog.get_logger(__name__)


async def run_reconciliation(settings: ReconciliationSettings) -> Conciliacao:
    """Compare everything once. Raises what the databases' driver raises when one of them is away."""
    async with opened(settings) as reconciliation:
        return await reconciliation.run()


@asynccontextmanager
async def opened(settings: ReconciliationSettings) -> AsyncIterator[Reconciliation]:
    """Give a comparison of both schemas, and let go of them after."""
    saldo = create_engine(settings.database, pool=2)
    fluxo = create_engine(msgspec.structs.replace(settings.database, database_url=settings.fluxo_database_url), pool=2)
    try:
        yield Reconciliation(saldo, fluxo, partial(datetime.now, UTC), patience_seconds=settings.patience_seconds)
    finally:
        await saldo.dispose()
        await fluxo.dispose()


def write_metrics(path: str, found: Conciliacao, seconds: float) -> None:
    """Write the figures for a textfile collector, in one step, so that none is ever read half."""
    registry = CollectorRegistry()
    for field, (name, text) in FIGURES.items():
        Gauge(f"caixa_reconciliation_{name}", text, registry=registry).set(getattr(found, field))
    Gauge("caixa_reconciliation_proven", "1 when every balance was the sum of its entries", registry=registry).set(found.proven)
    Gauge("caixa_reconciliation_seconds", "How long the comparison took", registry=registry).set(seconds)
    finished = Gauge("caixa_reconciliation_finished_timestamp_seconds", "When the comparison ended", registry=registry)
    finished.set_to_current_time()
    write_to_textfile(path, registry)


async def reconciliar(environ: Mapping[str, str]) -> None:
    """Prove that every balance is the sum of its entries: exit code 0 proven, 1 different, 3 unfinished."""
    settings = load(ReconciliationSettings, environ)
    logs.configure(settings.server.log_level, NAME)
    started = time.monotonic()
    stopped = asyncio.ensure_future(stop_event().wait())
    work = asyncio.ensure_future(run_reconciliation(settings))
    await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not work.done():
        work.cancel()
        log.error("reconciliation_unfinished", error="told to stop")
        sys.exit(UNFINISHED)
    try:
        found = await work
    except (SQLAlchemyError, OSError) as error:
        log.error("reconciliation_unfinished", error=str(getattr(error, "orig", error)))  # noqa: TRY400 (a traceback would not tell more)
        sys.exit(UNFINISHED)
    if settings.metrics_file:
        write_metrics(settings.metrics_file, found, time.monotonic() - started)
    summary = {"situacao": "conciliado" if found.proven else "divergente", **msgspec.to_builtins(found)}
    print(msgspec.json.encode(summary).decode())  # noqa: T201  the command's answer
    if not found.proven:
        sys.exit(DIFFERENT)
