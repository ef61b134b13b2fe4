"""A service's application, and serving it: problem details, request ids, tokens, metrics, and a drain when told to stop."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, Final

import structlog
import uvicorn
from litestar import Litestar, Request, Response, get, route
from litestar.di import Provide
from litestar.enums import HttpMethod, ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp, ControllerRouterHandler, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from caixa_comum import tracing
from caixa_comum.authentication import authentication
from caixa_comum.management import Life
from caixa_comum.problems import exception_handlers
from caixa_comum.request_id import RequestIdMiddleware, current_request_id
from caixa_comum.settings import ServerSettings
from caixa_comum.telemetry import TRACEPARENT, parse_traceparent
from caixa_comum.tokens import Verifier

VERSION: Final = "1"  # of the API, as in its paths
DRAIN_SECONDS: Final = 20
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
RouteOf = Callable[[Scope, str], str]
"""Names the route of a request by its scope, after it was served, and its path."""

_TRACEPARENT: Final = TRACEPARENT.encode()
_log = structlog.get_logger("caixa.request")
_requests = Counter("caixa_http_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram(
    "caixa_http_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def template(scope: Scope, _path: str) -> str:
    """Name a route by its template, such as /api/v1/saldos/{dia}; all that is no route is `other`."""
    return str(scope.get("path_template") or "other")


class AccessMiddleware:
    """One line of log, one count and one span per request (ASGI middleware)."""

    def __init__(self, app: ASGIApp, route_of: RouteOf) -> None:
        """Wrap an ASGI application; `route_of` names a request's route for the metrics, out of few."""
        self.app = app
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and tell of it."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == _TRACEPARENT), None)
        with tracing.span(scope["method"], "server", parent=parse_traceparent(given)) as span:
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send, span: tracing.Span) -> None:
        began, path = time.perf_counter(), scope["path"]  # a mount rewrites the scope's path
        status = 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_seen)
        finally:
            took = time.perf_counter() - began
            # Names out of few, whatever clients send: a label per identifier, or per made-up method, would grow without bound.
            route, method = self._route_of(scope, path), scope["method"] if scope["method"] in METHODS else "other"
            _requests.labels(method, route, str(status)).inc()
            _seconds.labels(method, route).observe(took)
            if tracing.recording():
                _describe(span, method, route, path, status)
            _log.info("request", method=scope["method"], path=path, status=status, ms=round(took * 1000, 1))


def _describe(span: tracing.Span, method: str, route: str, path: str, status: int) -> None:
    """Say what the request was (semantic conventions for HTTP servers)."""
    span.rename(f"{method} {route}")
    span.set({"http.request.method": method, "http.route": route, "url.path": path, "http.response.status_code": status})
    span.set({"caixa.request_id": current_request_id() or ""})
    if status >= 500 or status == 0:  # noqa: PLR2004  RFC 9110, section 15.6
        span.fail(f"answered {status}" if status else "broke off")


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Give the OpenAPI document at the place where tools look for it."""
    return request.app.openapi_schema.to_schema()


def create_app(
    handlers: Sequence[ControllerRouterHandler],
    *,
    title: str,
    verifier: Verifier | None = None,
    lifespan: Sequence[Lifespan] = (),
    dependencies: dict[str, Provide] | None = None,
    document: ControllerRouterHandler = openapi_document,
    open_paths: Sequence[str] = ("^/openapi.json$",),
    route_of: RouteOf = template,
    **options: Any,  # Any: passed on to Litestar
) -> Litestar:
    """Make a Litestar app: with a `verifier`, every path but `open_paths` (patterns) needs a token.

    `document` is the handler that gives the OpenAPI document, `route_of` what names a request's route in the metrics.
    """
    middleware = [authentication(verifier, exclude=list(open_paths))] if verifier else []
    app = Litestar(
        [*_options(handlers), *handlers, document],
        middleware=middleware,
        exception_handlers=exception_handlers,
        lifespan=list(lifespan),
        dependencies=dependencies or {},
        openapi_config=OpenAPIConfig(title=title, version=VERSION, path="/openapi", render_plugins=[JsonRenderPlugin()]),
        logging_config=None,
        **options,
    )
    # Outside of routing, so that answers to unknown routes are named, counted and logged too.
    app.asgi_handler = RequestIdMiddleware(AccessMiddleware(app.asgi_handler, route_of))
    return app


def _options(handlers: Iterable[ControllerRouterHandler]) -> list[HTTPRouteHandler]:
    """Make the answers to OPTIONS of paths that several handlers share: Litestar's own would name the first one's methods alone."""
    shared: dict[str, list[HTTPRouteHandler]] = defaultdict(list)
    for handler in handlers:
        if isinstance(handler, HTTPRouteHandler):
            for path in handler.paths:
                shared[path].append(handler)
    return [
        _allowing(path, {HttpMethod.OPTIONS.value, *(str(method) for handler in among for method in handler.http_methods)})
        for path, among in shared.items()
        if len(among) > 1
    ]


def _allowing(path: str, methods: Iterable[str]) -> HTTPRouteHandler:
    allow = ", ".join(sorted(methods))

    @route(path, http_method=[HttpMethod.OPTIONS], include_in_schema=False, sync_to_thread=False)
    def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allow})

    return options


async def serve(
    app: ASGIApp | None,
    settings: ServerSettings,
    management: ASGIApp,
    stop: asyncio.Event,
    *,
    life: Life | None = None,
    **options: Any,  # Any: passed on to uvicorn's Config for the API
) -> None:
    """Serve the API (if any) and management until `stop` is set; then drain: unready at once, and requests in flight get DRAIN_SECONDS."""
    management_server = _server(management, settings.host, settings.management_port)
    servers = [management_server]
    if app is not None:
        servers.append(_server(app, settings.host, settings.port, **options))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(server, stop)) for server in servers]
        await stop.wait()
        if life is not None:
            life.draining = True
        for server, task in reversed(list(zip(servers, tasks, strict=True))):
            server.should_exit = True
            await asyncio.wait([task])


def _server(app: ASGIApp, host: str, port: int, **options: Any) -> "_Server":  # Any: see serve
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        **options,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process's own stop event decides."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # uvicorn's is the same, as a generator
        """Capture none."""
        return nullcontext()


async def _run(server: uvicorn.Server, stop: asyncio.Event) -> None:
    """Run one server; if it ends by itself (its port is taken, or its lifespan failed), the process ends too."""
    try:
        await server.serve()
    except SystemExit as error:
        raise OSError(f"cannot listen on {server.config.host}:{server.config.port}") from error
    finally:
        stop.set()
    if not server.started:
        raise OSError(f"could not start on {server.config.host}:{server.config.port}: see the log above")
