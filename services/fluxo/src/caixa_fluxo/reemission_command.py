"""`caixa-fluxo reemitir`: reads the ids that `caixa-saldo faltantes` wrote, and has their events handed over again."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from caixa_comum.database import create_engine
from caixa_comum.settings import DatabaseSettings, load
from caixa_fluxo.reemission import reemit

DONE, UNKNOWN = 0, 1
log = structlog.get_logger(__name__)


def read(text: str) -> list[UUID]:
    """Read ids, one a line, each once and in order. Raises ValueError for a line that is none."""
    return list(dict.fromkeys(UUID(line) for line in text.splitlines() if line.strip()))


async def run(environ: Mapping[str, str], arquivo: Path) -> int:
    """Re-emit the file's events; return 0, or 1 where nothing was recorded of some."""
    ids = read(await asyncio.to_thread(arquivo.read_text))
    engine = create_engine(load(DatabaseSettings, environ), pool=1)
    try:
        found = await reemit(engine, ids, partial(datetime.now, UTC))
    finally:
        await engine.dispose()
    log.info("reemitted", entries=found.lancamentos, closings=found.fechamentos, unknown=found.desconhecidos)
    return UNKNOWN if found.desconhecidos else DONE
