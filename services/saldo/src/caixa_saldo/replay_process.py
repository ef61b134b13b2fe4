"""The process `caixa-saldo replay`: tries once more what was set apart, then ends."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import structlog

from caixa_comum import logs
from caixa_comum.broker import BROKER_ERRORS, connect
from caixa_comum.database import create_engine
from caixa_comum.process import stop_event
from caixa_comum.settings import load
from caixa_saldo.applier import Applier
from caixa_saldo.replay import Replayed, replay_parking, replay_quarantine
from caixa_saldo.settings import ReplaySettings
from caixa_saldo.transactions import Stopped

NAME = "saldo-replay"
log = structlog.get_logger(__name__)


async def run_replay(settings: ReplaySettings, stop: asyncio.Event) -> Replayed:
    """Apply what is parked at the broker, then what is in quarantine; what still cannot be applied stays there.

    Raises Stopped when told to stop while the database is down, and what the broker's client raises when it is unreachable.
    """
    engine = create_engine(settings.database, pool=2)
    try:
        applier = Applier(engine, stop, partial(datetime.now, UTC))
        async with await connect(settings.broker, NAME) as connection:
            parked = await replay_parking(connection, applier.apply)
        replayed = await replay_quarantine(engine, applier, stop)
    finally:
        await engine.dispose()
    log.info("replay", parked=parked, applied=replayed.applied, duplicates=replayed.duplicates, kept=replayed.kept)
    return replayed


async def replay(environ: Mapping[str, str]) -> None:
    """Try once more what was set apart: the parking queue and the quarantine."""
    settings = load(ReplaySettings, environ)
    logs.configure(settings.server.log_level, NAME)
    try:
        await run_replay(settings, stop_event())
    except (Stopped, *BROKER_ERRORS) as error:
        log.error("replay_unfinished", error=repr(error))  # noqa: TRY400 (a traceback would not tell more)
        sys.exit(1)
