"""The process `caixa-saldo api`: answers balances from its own schema; broker and consumer may be down."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import logs
from caixa_comum.application import create_app, serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_comum.management import Life, management_app
from caixa_comum.process import stop_event
from caixa_comum.readiness import database_check, schema_check
from caixa_comum.settings import load
from caixa_comum.tokens import Verifier
from caixa_saldo.balance_reads import LONGEST_WAIT_SECONDS, BalanceReads
from caixa_saldo.balance_routes import balance_routes
from caixa_saldo.settings import ApiSettings

PACKAGE = "caixa_saldo"


def application(
    engine: AsyncEngine, verifier: Verifier, clock: Callable[[], datetime], *, longest_wait_seconds: float = LONGEST_WAIT_SECONDS
) -> Litestar:
    """Give the API, which reads with this engine; `clock` tells the instant in UTC, `apos` waits no longer than told."""
    reads = BalanceReads(engine, clock, longest_wait_seconds=longest_wait_seconds)
    return create_app(balance_routes(reads, clock), title="Caixa: saldos", verifier=verifier)


async def serve_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then drain."""
    engine = create_engine(settings.database)
    life = Life()
    checks = {"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE)}
    try:
        async with published_verifier(settings.tokens) as verifier:
            app = application(engine, verifier, partial(datetime.now, UTC))
            await serve(app, settings.server, management_app(checks, life=life), stop, life=life)
    finally:
        await engine.dispose()


async def api(environ: Mapping[str, str]) -> None:
    """Answer balances over HTTP."""
    settings = load(ApiSettings, environ)
    logs.configure(settings.server.log_level, "saldo-api")
    await serve_api(settings, stop_event())
