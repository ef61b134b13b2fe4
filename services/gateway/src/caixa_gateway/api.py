"""The gateway's process: everything put together and served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
from litestar import Litestar
from litestar.types import Scope

from caixa_comum.application import create_app, serve, template
from caixa_comum.management import Life, management_app
from caixa_comum.readiness import NotReady
from caixa_gateway import routing
from caixa_gateway.built_in import built_in_side
from caixa_gateway.docs import Descriptions, docs_routes, document_route
from caixa_gateway.edge import Edge, origins_of
from caixa_gateway.external import external_side
from caixa_gateway.head_deadline import HeadDeadline
from caixa_gateway.proxy import Proxy, proxy_routes
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.settings import ExternalSettings, GatewaySettings
from caixa_gateway.side import Checks, Side
from caixa_gateway.upstream import Upstream, new_session

Settings = GatewaySettings | ExternalSettings
REACHED_SECONDS = 1.0
SERVER = {
    "http": HeadDeadline,
    "ws": "none",  # no route speaks WebSocket, so an upgrade is not even looked at
    "timeout_keep_alive": 75,  # longer than the 60 s of the usual load balancers, so that these close first
}


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[tuple[Litestar, Checks, Checks]]:
    """Build the app, with the checks of what it needs and of what it only tells of; close everything at the end."""
    limit = RateLimit(settings.rate_limit, replicas=settings.rate_limit_replicas, store=str.__str__(settings.rate_limit_store))
    services = {"fluxo": settings.fluxo_url, "saldo": settings.saldo_url}
    async with new_session() as session:
        upstreams = {name: Upstream(name, url, session) for name, url in services.items()}
        async with _identity(settings, upstreams, limit) as identity:
            routes = [
                *identity.routes,
                *docs_routes(),
                *proxy_routes(Proxy(upstreams, identity.verifier, limit, answer_seconds=settings.answer_seconds)),
            ]
            document = document_route(Descriptions(services, session), issuer=identity.issuer)
            app = create_app(routes, title="Caixa: gateway", document=document, route_of=route_of)
            app.asgi_handler = Edge(app.asgi_handler, origins_of(settings.cors_origins), tls=identity.tls)
            told = {name: described(url) for name, url in services.items()} | identity.told
            yield app, identity.checks, reachable(session, told)


def _identity(settings: Settings, upstreams: Mapping[str, Upstream], limit: RateLimit) -> AbstractAsyncContextManager[Side]:
    if isinstance(settings, ExternalSettings):
        return external_side(settings, limit)
    return built_in_side(settings, upstreams, limit)


def route_of(scope: Scope, path: str) -> str:
    """Name a request's route for the metrics: a service's by its own template, since the door is one route for them all."""
    return routing.template(path) or template(scope, path)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the gateway until `stop` is set; it is ready with fluxo and saldo down, and tells of them."""
    life = Life()
    async with application(settings) as (app, checks, told):
        management = management_app(checks, life=life, informational=told)
        await serve(app, settings.server, management, stop, life=life, **SERVER)


def described(url: str) -> str:
    """Give the address at which a service describes itself, whoever asks."""
    return f"{url.rstrip('/')}/openapi.json"


def reachable(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> Checks:
    """Make a check per address that something answers there."""

    def check_of(url: str) -> Callable[[], Awaitable[None]]:
        async def check() -> None:
            try:
                async with session.get(url, timeout=aiohttp.ClientTimeout(total=REACHED_SECONDS)):
                    return
            except (aiohttp.ClientError, TimeoutError) as error:
                raise NotReady(f"{url} does not answer ({type(error).__name__})") from error

        return check

    return {name: check_of(url) for name, url in urls.items()}
