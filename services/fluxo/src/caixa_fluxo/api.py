"""`caixa-fluxo api`: records and reads entries; it knows no broker, and stays ready without one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.application import create_app, serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_comum.management import Life, management_app
from caixa_comum.readiness import database_check, schema_check
from caixa_comum.tokens import Verifier
from caixa_fluxo.closing_routes import closing_routes
from caixa_fluxo.export_routes import export_routes
from caixa_fluxo.group_commit import GroupCommit, Limits
from caixa_fluxo.lote_routes import lote_routes
from caixa_fluxo.reading_routes import reading_routes
from caixa_fluxo.receipt_routes import receipt_routes
from caixa_fluxo.recording_routes import recording_routes
from caixa_fluxo.registrar import KeysInFlight, Registrar
from caixa_fluxo.registration_writer import RegistrationWriter
from caixa_fluxo.reversal_routes import reversal_routes
from caixa_fluxo.settings import ApiSettings

PACKAGE = "caixa_fluxo"
POOL = 10


def clock() -> datetime:
    """Tell the time, in UTC and to the microsecond."""
    return datetime.now(UTC)


@asynccontextmanager
async def application(
    engine: AsyncEngine, verifier: Verifier, limits: Limits, *, clock: Callable[[], datetime] = clock
) -> AsyncIterator[Litestar]:
    """Give the API; `clock` tells the instant in UTC. When the block ends, what was accepted has been written."""
    async with GroupCommit(RegistrationWriter(engine).write, limits) as group:
        keys = KeysInFlight()
        registrar = Registrar(group, keys)
        routes = [
            *recording_routes(registrar, clock),
            *lote_routes(engine, keys, clock),
            *reversal_routes(engine, registrar, clock),
            *reading_routes(engine),
            *export_routes(engine),
            *closing_routes(engine, clock),
            *receipt_routes(engine),
        ]
        yield create_app(routes, title="Caixa: lançamentos", verifier=verifier)


async def run(settings: ApiSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then drain."""
    engine = create_engine(settings.database, pool=POOL)
    limits = Limits(rows=settings.group_commit_rows, wait_seconds=settings.group_commit_wait_seconds)
    life = Life()
    management = management_app({"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE)}, life=life)
    try:
        async with published_verifier(settings.tokens) as verifier, application(engine, verifier, limits) as app:
            await serve(app, settings.server, management, stop, life=life)
    finally:
        await engine.dispose()
