"""A request's name: accepted when it is harmless, made when it is not, bound to the log and told in the answer."""

import re
import secrets
from contextvars import ContextVar
from typing import Final

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def accepted(value: str) -> bool:
    """Tell whether a caller's request id may be logged and passed on: 1 to 64 letters, digits, dots, dashes and underscores."""
    return _ACCEPTED.fullmatch(value) is not None


def make_request_id() -> str:
    """Make a request id: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def current_request_id() -> str | None:
    """Give the id of the request that this task serves, if it serves one."""
    return _current.get()


class RequestIdMiddleware:
    """Names each request before anything else sees it (ASGI middleware)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an ASGI application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under its name."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        request_id = given if accepted(given) else make_request_id()
        _current.set(request_id)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableScopeHeaders(message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_named)
