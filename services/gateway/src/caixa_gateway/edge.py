"""What every answer carries, whoever gave it: headers that keep browsers careful, and leave for the origins that may read it."""

import re
from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from caixa_comum.settings import ConfigurationError

VARIABLE: Final = "CAIXA_CORS_ORIGINS"
PREFLIGHT_SECONDS: Final = 600
METHODS: Final = "GET, HEAD, POST"
SENT: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, traceparent, tracestate"
READ: Final = "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
HTML_POLICY: Final = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")


def origins_of(text: str) -> frozenset[str]:
    """Read a comma-separated list of origins, or `*`. Raises ConfigurationError."""
    origins = frozenset(part.strip() for part in text.split(",") if part.strip())
    if any(origin != "*" and not _ORIGIN.fullmatch(origin) for origin in origins):
        raise ConfigurationError(VARIABLE, "must be origins such as https://loja.example, separated by commas, or *")
    return origins


class Edge:
    """Adds those headers, and answers the preflights of origins that may ask (ASGI middleware). Cookies are never let across."""

    def __init__(self, app: ASGIApp, origins: frozenset[str], *, tls: bool) -> None:
        """Wrap an application; `tls` tells that clients reach it by HTTPS."""
        self.app = app
        self._origins = origins
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        headers, path = dict(scope["headers"]), scope["path"]  # a mount rewrites the scope's path
        origin = headers.get(b"origin", b"").decode("latin-1")
        allowed = origin if origin and (origin in self._origins or "*" in self._origins) else ""

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._dress(MutableScopeHeaders(message), path, allowed)
            await send(message)

        if allowed and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(send_dressed)
        else:
            await self.app(scope, receive, send_dressed)

    def _dress(self, headers: MutableScopeHeaders, path: str, allowed: str) -> None:
        html = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("Content-Security-Policy", HTML_POLICY if html else DATA_POLICY)
        if path.startswith(("/api/", "/oauth/")):
            headers.setdefault("Cache-Control", "no-store")
        if self._tls:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if self._origins:
            headers["Vary"] = ", ".join(filter(None, [headers.get("vary", ""), "Origin"]))
        if allowed:
            headers["Access-Control-Allow-Origin"] = allowed
            headers["Access-Control-Expose-Headers"] = READ


async def _preflight(send: Send) -> None:
    allowed = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": SENT,
        "access-control-max-age": str(PREFLIGHT_SECONDS),
    }
    headers = [(name.encode(), value.encode()) for name, value in allowed.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
