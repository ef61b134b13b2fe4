"""The API's documentation: the three services' OpenAPI documents as one, and a page to read and try it, with no byte from elsewhere."""

import importlib.util
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from litestar import MediaType, Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from caixa_comum.problems import problem
from caixa_gateway.merged_openapi import Document, merged

FRESH_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 3.0
ASSETS: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "favicon-32x32.png": "image/png"}
START: Final = "SwaggerUIBundle({url: '/openapi.json', dom_id: '#docs', deepLinking: true, docExpansion: 'list'});"
PAGE: Final = """<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>Caixa: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css"><div id="docs"></div>
<noscript>O documento está em <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/inicio.js"></script></html>"""
# Swagger UI writes style attributes; its scripts are the two files above and nothing else.
POLICY: Final = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

_log = structlog.get_logger(__name__)


class Descriptions:
    """What each service says of itself: asked at most once a minute, and remembered while it is down."""

    def __init__(self, urls: Mapping[str, str], session: aiohttp.ClientSession, *, now: Callable[[], float] = time.monotonic) -> None:
        """Name the services' addresses; `now` gives seconds that only grow."""
        self._urls = urls
        self._session = session
        self._now = now
        self._known: dict[str, Document] = {}
        self._ask_at: dict[str, float] = {}

    async def known(self) -> Mapping[str, Document]:
        """Give the documents of all services that ever answered."""
        for name, url in self._urls.items():
            if self._now() >= self._ask_at.get(name, 0.0):
                await self._ask(name, url)
        return self._known

    async def _ask(self, name: str, url: str) -> None:
        self._ask_at[name] = self._now() + RETRY_SECONDS
        try:
            async with self._session.get(f"{url.rstrip('/')}/openapi.json", timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as answer:
                answer.raise_for_status()
                self._known[name] = msgspec.json.decode(await answer.read(), type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            _log.warning("openapi_unknown", service=name, error=repr(error), known=name in self._known)
            return
        self._ask_at[name] = self._now() + FRESH_SECONDS


def document_route(descriptions: Descriptions, *, issuer: str = "") -> ControllerRouterHandler:
    """Make the route of the merged document; `issuer` is the external one, where there is one."""

    @get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> Response[Document]:  # Any: no user is known here
        document = merged(request.app.openapi_schema.to_schema(), await descriptions.known(), issuer=issuer)
        return Response(document, headers={"Cache-Control": "no-cache"})

    return openapi


def docs_routes() -> list[ControllerRouterHandler]:
    """Make the routes of the page, whose files come with the package swagger-ui-py."""
    found = importlib.util.find_spec("swagger_ui")
    folder = Path(next(iter(found.submodule_search_locations or []))) / "static" if found else Path()
    files = {name: ((folder / name).read_bytes(), kind) for name, kind in ASSETS.items()} | {
        "inicio.js": (START.encode(), "text/javascript")
    }

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def page() -> Response[str]:
        return Response(PAGE, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    @get("/docs/{arquivo:str}", include_in_schema=False, sync_to_thread=False)
    def asset(arquivo: FromPath[str]) -> Response[bytes]:
        if arquivo not in files:
            raise problem(404, "Não há nada neste endereço.")
        body, kind = files[arquivo]
        return Response(body, media_type=kind, headers={"Cache-Control": "public, max-age=86400"})

    return [page, asset]
