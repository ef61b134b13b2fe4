"""The process `caixa-saldo api`: answers balances from its own schema; broker and consumer may be down."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from caixa_comum import logs
from caixa_comum.application import create_app, serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_comum.management import Life, management_app
from caixa_comum.process import stop_event
from caixa_comum.readiness import database_check, schema_check
from caixa_comum.settings import load
from caixa_saldo.balance_reads import BalanceReads
from caixa_saldo.balance_routes import balance_routes
from caixa_saldo.settings import ApiSettings

PACKAGE = "caixa_saldo"


async def serve_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then drain."""
    engine = create_engine(settings.database)
    life = Life()
    checks = {"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE)}
    try:
        async with published_verifier(settings.tokens) as verifier:
            clock = partial(datetime.now, UTC)
            routes = balance_routes(BalanceReads(engine, clock), clock)
            app = create_app(routes, title="Caixa: saldos", verifier=verifier)
            await serve(app, settings.server, management_app(checks, life=life), stop, life=life)
    finally:
        await engine.dispose()


async def api(environ: Mapping[str, str]) -> None:
    """Answer balances over HTTP."""
    settings = load(ApiSettings, environ)
    logs.configure(settings.server.log_level, "saldo-api")
    await serve_api(settings, stop_event())
