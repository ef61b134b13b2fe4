"""What every answer carries, whoever gave it: headers that keep browsers careful, and leave for the origins that may read it."""

import re
from collections.abc import Iterable
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from caixa_comum.settings import ConfigurationError

VARIABLE: Final = "CAIXA_CORS_ORIGINS"
PREFLIGHT_SECONDS: Final = 600
METHODS: Final = "GET, HEAD, POST"
SENT: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, traceparent, tracestate"
READ: Final = b"ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
HTML_POLICY: Final = b"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
DATA_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
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
        self._always = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            *([(b"strict-transport-security", b"max-age=31536000")] if tls else []),
        ]

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
                message["headers"] = self._dressed(message.get("headers", ()), path, allowed)
            await send(message)

        if allowed and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(send_dressed)
        else:
            await self.app(scope, receive, send_dressed)

    def _dressed(self, headers: Iterable[tuple[bytes, bytes]], path: str, allowed: str) -> list[tuple[bytes, bytes]]:
        """Give an answer's headers with those that it lacks. On raw pairs, for it is done to every answer."""
        dressed = [(name.lower(), value) for name, value in headers]
        told = dict(dressed)
        html = told.get(b"content-type", b"").startswith(b"text/html")
        lacking = [*self._always, (b"content-security-policy", HTML_POLICY if html else DATA_POLICY)]
        if path.startswith(("/api/", "/oauth/")):
            lacking.append((b"cache-control", b"no-store"))
        dressed += [(name, value) for name, value in lacking if name not in told]
        if self._origins:
            vary = ", ".join(filter(None, [told.get(b"vary", b"").decode("latin-1"), "Origin"]))
            dressed = [pair for pair in dressed if pair[0] != b"vary"] + [(b"vary", vary.encode("latin-1"))]
        if allowed:
            dressed += [(b"access-control-allow-origin", allowed.encode("latin-1")), (b"access-control-expose-headers", READ)]
        return dressed


async def _preflight(send: Send) -> None:
    allowed = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": SENT,
        "access-control-max-age": str(PREFLIGHT_SECONDS),
    }
    headers = [(name.encode(), value.encode()) for name, value in allowed.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
