"""Who asks: a bearer token verified before any handler runs, and scopes as guards."""

from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import Guard
from prometheus_client import Counter

from caixa_comum.dominio import FUSO_PADRAO
from caixa_comum.problems import Problem, problem, unavailable
from caixa_comum.tokens import Claims, InvalidToken, KeysUnavailable, Reason, Verifier

REALM: Final = "caixa"
AnyConnection = ASGIConnection[Any, Any, Any, Any]  # Any: guards and middleware serve every handler, user, auth and state

_failures = Counter("caixa_token_failures", "Requests whose token was missing or not accepted, by why.", ["reason"])
for _reason in Reason:
    _failures.labels(_reason)  # told as 0 before the first, so that the first is seen to rise


class Comerciante(msgspec.Struct, frozen=True):
    """The merchant whose token came with the request, and the zone of its business days."""

    id: UUID
    fuso: ZoneInfo


def unauthorized(detail: str, error: str | None = None, description: str | None = None) -> Problem:
    """Give the 401 that says how to authenticate (RFC 6750, section 3)."""
    challenge = f'Bearer realm="{REALM}"'
    if error:
        challenge += f', error="{error}"'
    if description:
        challenge += f', error_description="{_quotable(description)}"'
    return problem(401, detail, headers={"WWW-Authenticate": challenge})


def _quotable(text: str) -> str:
    return "".join(character for character in text if " " <= character <= "~" and character not in '"\\')[:120]


def bearer(authorization: str | None) -> str:
    """Take the token out of an Authorization header. Raises Problem 401 where there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("Envie um token: Authorization: Bearer …")
    return token.strip()


async def identify(authorization: str | None, verifier: Verifier) -> Claims:
    """Verify the token of an Authorization header. Raises Problem: 401 for a token not accepted, 503 where keys were never seen."""
    try:
        token = bearer(authorization)
    except Problem:
        _failures.labels(Reason.MISSING).inc()
        raise
    try:
        return await verifier.verify(token)
    except InvalidToken as error:
        _failures.labels(error.reason).inc()
        raise unauthorized("O token não é válido ou expirou. Peça outro.", "invalid_token", str(error)) from error
    except KeysUnavailable as error:
        _failures.labels(Reason.KEYS_UNAVAILABLE).inc()
        raise unavailable("O emissor dos tokens está indisponível agora. Tente de novo em instantes.") from error


def merchant(claims: Claims) -> Comerciante | None:
    """Give the merchant that the claims name, or None where their subject is no merchant or their zone is unknown."""
    try:
        return Comerciante(id=UUID(claims.sub), fuso=ZoneInfo(claims.fuso or FUSO_PADRAO))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return None


class _Authentication(AbstractAuthenticationMiddleware):
    def __init__(self, app: Any, verifier: Verifier, exclude: str | list[str] | None = None) -> None:  # Any: Litestar's own signature
        super().__init__(app, exclude=exclude)
        self._verifier = verifier

    async def authenticate_request(self, connection: AnyConnection) -> AuthenticationResult:
        claims = await identify(connection.headers.get("authorization"), self._verifier)
        return AuthenticationResult(user=merchant(claims), auth=claims)


def authentication(verifier: Verifier, *, exclude: list[str] | None = None) -> DefineMiddleware:
    """Make the middleware that sets `request.user` (Comerciante, or None for the admin) and `request.auth` (Claims)."""
    return DefineMiddleware(_Authentication, verifier=verifier, exclude=exclude)


def requires_scope(scope: str) -> Guard:
    """Make a guard that lets only merchants pass whose token has the scope. Raises Problem 403."""

    def guard(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        if scope not in connection.auth.scope or connection.user is None:
            challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
            raise problem(403, f"O token não dá acesso a '{scope}'.", headers={"WWW-Authenticate": challenge})

    return guard
