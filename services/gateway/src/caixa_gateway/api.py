"""The gateway's process: everything put together and served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
from litestar import Litestar
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.application import create_app, serve
from caixa_comum.database import create_engine
from caixa_comum.management import Life, management_app
from caixa_comum.readiness import NotReady, database_check, schema_check
from caixa_gateway.comerciantes import merchant_routes
from caixa_gateway.credentials import Secrets
from caixa_gateway.disabled import ActiveVerifier, Disabled
from caixa_gateway.docs import Descriptions, docs_routes, document_route
from caixa_gateway.edge import Edge, origins_of
from caixa_gateway.head_deadline import HeadDeadline
from caixa_gateway.identity import Identity, identity_routes
from caixa_gateway.pagina.rotas import page_routes
from caixa_gateway.proxy import Proxy, proxy_routes
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.registrations import Registrations
from caixa_gateway.settings import GatewaySettings
from caixa_gateway.signing_keys import SigningKeys
from caixa_gateway.upstream import Upstream, new_session

PACKAGE = "caixa_gateway"
POOL = 10
REACHED_SECONDS = 1.0
SERVER = {
    "http": HeadDeadline,
    "ws": "none",  # no route speaks WebSocket, so an upgrade is not even looked at
    "timeout_keep_alive": 75,  # longer than the 60 s of the usual load balancers, so that these close first
    "limit_concurrency": 2000,  # with 64 KiB of each request held, what a pod of 512 MiB can bear
}


@asynccontextmanager
async def application(settings: GatewaySettings) -> AsyncIterator[tuple[Litestar, AsyncEngine, aiohttp.ClientSession]]:
    """Build the app with its database engine and HTTP session, and close both at the end."""
    keys = SigningKeys.read(settings.signing_key_file)
    limit, secrets = _rate_limit(settings), Secrets()
    engine = create_engine(settings.database, pool=POOL)
    disabled = Disabled(engine)
    verifier = ActiveVerifier(settings.token_issuer, settings.token_audience, keys, disabled)
    try:
        async with new_session() as session, disabled.watched():
            services = {"fluxo": settings.fluxo_url, "saldo": settings.saldo_url}
            upstreams = {name: Upstream(name, url, session) for name, url in services.items()}
            identity = Identity(settings, engine, keys, secrets)
            routes: list[ControllerRouterHandler] = [
                page_routes(settings, identity, keys, upstreams, verifier, limit),
                *docs_routes(),
                *identity_routes(identity, keys, limit, settings.token_issuer),
                *merchant_routes(Registrations(engine, secrets), verifier, limit),
                *proxy_routes(Proxy(upstreams, verifier, limit, answer_seconds=settings.answer_seconds)),
            ]
            app = create_app(routes, title="Caixa: gateway", document=document_route(Descriptions(services, session)))
            app.asgi_handler = Edge(app.asgi_handler, origins_of(settings.cors_origins), tls=settings.token_issuer.startswith("https://"))
            yield app, engine, session
    finally:
        await engine.dispose()


def _rate_limit(settings: GatewaySettings) -> RateLimit:
    store = str.__str__(settings.rate_limit_store)
    return RateLimit(settings.rate_limit, replicas=settings.rate_limit_replicas, store=store)


async def run(settings: GatewaySettings, stop: asyncio.Event) -> None:
    """Serve the gateway until `stop` is set; it is ready with fluxo and saldo down, and tells of them."""
    life = Life()
    async with application(settings) as (app, engine, session):
        checks = {"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE)}
        told = reachable(session, {"fluxo": settings.fluxo_url, "saldo": settings.saldo_url})
        management = management_app(checks, life=life, informational=told)
        await serve(app, settings.server, management, stop, life=life, **SERVER)


def reachable(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Make a check per service that something answers at its address."""

    def check_of(url: str) -> Callable[[], Awaitable[None]]:
        async def check() -> None:
            try:
                async with session.get(f"{url.rstrip('/')}/openapi.json", timeout=aiohttp.ClientTimeout(total=REACHED_SECONDS)):
                    return
            except (aiohttp.ClientError, TimeoutError) as error:
                raise NotReady(f"{url} does not answer ({type(error).__name__})") from error

        return check

    return {name: check_of(url) for name, url in urls.items()}
