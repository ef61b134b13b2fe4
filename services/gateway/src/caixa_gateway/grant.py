"""The client_credentials grant (RFC 6749, section 4.4): reading the request and stating the claims, without I/O."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus
from uuid import uuid4

import msgspec

GRANT: Final = "client_credentials"
MERCHANT_SCOPES: Final = ("lancamentos", "saldos")
ADMIN_SCOPE: Final = "comerciantes"
ADMIN_SCOPES: Final = (ADMIN_SCOPE,)
ADMIN: Final = "admin"
MAIS_CAMPOS: Final = 20


class GrantRefused(Exception):
    """An error of RFC 6749, section 5.2: its code, and a sentence for a developer."""

    def __init__(self, error: str, description: str) -> None:
        """Name the error code."""
        super().__init__(description)
        self.error = error
        self.description = description


class ClientDisabled(GrantRefused):
    """The right secret of a client that was disabled: said to nobody who does not know the secret."""

    def __init__(self) -> None:
        super().__init__("invalid_client", "the client is disabled")


class Asked(msgspec.Struct, frozen=True):
    """Who asks for a token, with what secret, for which scopes (none named: all of theirs)."""

    client_id: str
    client_secret: str
    scope: frozenset[str]


def read(body: bytes, authorization: str | None) -> Asked:
    """Read a token request: credentials by HTTP Basic or in the form, never both. Raises GrantRefused."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MAIS_CAMPOS)
    except ValueError:
        raise GrantRefused("invalid_request", "the body must be a form (application/x-www-form-urlencoded)") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise GrantRefused("invalid_request", "a parameter is repeated")
    if not form.get("grant_type"):
        raise GrantRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != GRANT:
        raise GrantRefused("unsupported_grant_type", f"only {GRANT} is supported")
    scope = frozenset(form.get("scope", "").split())
    if authorization is not None:
        if "client_secret" in form:
            raise GrantRefused("invalid_request", "send the credentials once: by Basic or in the form")
        client_id, client_secret = _basic(authorization)
        return Asked(client_id, client_secret, scope)
    if not form.get("client_id") or "client_secret" not in form:
        raise GrantRefused("invalid_client", "send client_id and client_secret, by Basic or in the form")
    return Asked(form["client_id"], form["client_secret"], scope)


def _basic(authorization: str) -> tuple[str, str]:
    """Read HTTP Basic; id and secret are form-encoded within (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    refused = GrantRefused("invalid_client", "the Authorization header is not HTTP Basic")
    if scheme.lower() != "basic":
        raise refused
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise refused from None
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise refused
    return unquote_plus(client_id), unquote_plus(secret)


def granted(asked: frozenset[str], allowed: tuple[str, ...]) -> str:
    """Give the scopes that are granted: those asked for, or all that the client may have. Raises GrantRefused for others."""
    if not asked <= set(allowed):
        raise GrantRefused("invalid_scope", f"this client may ask for: {' '.join(allowed)}")
    return " ".join(scope for scope in allowed if not asked or scope in asked)


def claims(
    *, issuer: str, audience: str, sub: str, client_id: str, scope: str, fuso: str | None, now: int, lifetime: int
) -> dict[str, Any]:  # Any: JSON
    """State what a token says; `now` in Unix seconds, `lifetime` in seconds."""
    stated: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": sub,
        "client_id": client_id,
        "scope": scope,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "jti": str(uuid4()),
    }
    return stated | ({"fuso": fuso} if fuso else {})
