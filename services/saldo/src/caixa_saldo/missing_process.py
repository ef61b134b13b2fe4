"""The process `caixa-saldo faltantes`: after a restore, names the events that fluxo handed over and saldo never got.

A copy of both schemas holds neither what the broker held nor what was on its way: such an event is in no outbox and in no inbox. Its
entry is in fluxo, so `caixa-fluxo reemitir` makes it again. An event that is merely on its way now may be named too, and harms nobody:
the inbox knows each once.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from caixa_comum import logs
from caixa_comum.settings import load
from caixa_saldo.reconciliation_process import opened
from caixa_saldo.settings import ReconciliationSettings

NAME = "saldo-faltantes"
log = structlog.get_logger(__name__)


async def missing(settings: ReconciliationSettings) -> frozenset[UUID]:
    """Look once, without patience. Raises what the databases' driver raises when one of them is away."""
    async with opened(msgspec.structs.replace(settings, patience_seconds=0.0)) as reconciliation:
        await reconciliation.run()
        return reconciliation.missing


def written(ids: Iterable[UUID]) -> str:
    """Write events' ids one a line, in order: version 7 puts the oldest first."""
    return "".join(f"{one}\n" for one in sorted(ids))


async def faltantes(environ: Mapping[str, str], arquivo: Path) -> None:
    """Write into a file the ids of events that were handed over and never arrived, one a line."""
    settings = load(ReconciliationSettings, environ)
    logs.configure(settings.server.log_level, NAME)
    found = await missing(settings)
    await asyncio.to_thread(arquivo.write_text, written(found))
    log.info("missing_events", count=len(found), file=str(arquivo))
