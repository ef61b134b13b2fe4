"""Configuration from the environment: read once at start, and wrong values refused by the variable's name."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints
from urllib.parse import SplitResult, urlsplit

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
PREFIX = "CAIXA_"


class ConfigurationError(Exception):
    """A variable is missing or holds what it may not; `accepted` says the form that it takes."""

    def __init__(self, variable: str, accepted: str) -> None:
        """Name the variable and its accepted form; the value itself, which may be a secret, is never told."""
        super().__init__(f"{variable}: {accepted}")
        self.variable = variable
        self.accepted = accepted


class Secret(str):
    """Text that must not be seen: its repr is hidden, so that neither logs nor tracebacks show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process listens: its API, and apart from it health and metrics."""

    host: str = "127.0.0.1"
    port: int = 8080
    management_port: int = 9000
    log_level: str = "info"


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One schema of a MySQL-protocol server, and this process's own user there.

    With `database_ca` every connection is by TLS, and the server must prove its name: `system`, certificates as PEM, or a file of them.
    """

    database_url: str
    database_user: str
    database_password: Secret
    database_ca: str = ""


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A RabbitMQ virtual host, and this process's own user there.

    An `amqps` server must prove its name: by the system's authorities, or by `broker_ca` (certificates as PEM, or a file of them).
    """

    broker_url: str
    broker_user: str
    broker_password: Secret
    broker_ca: str = ""


class ClaimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which claims of a token say who the merchant is (a UUID), in which zone its days are and what it may do; an issuer has its own.

    Scopes are one text with spaces, or a list. Where a prefix is named, only scopes that begin with it count, and without it:
    `caixa/` for Amazon Cognito, whose scopes are named for their resource server.
    """

    token_merchant_claim: str = "sub"  # noqa: S105  a claim's name is no secret
    token_zone_claim: str = "fuso"  # noqa: S105  the same
    token_default_zone: str = "America/Sao_Paulo"  # noqa: S105  the same
    token_scope_claim: str = "scope"  # noqa: S105  the same
    token_scope_prefix: str = ""


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens are accepted, for whom they must be meant, and where their keys are published.

    Without a URL of the keys the issuer's discovery document names it (OpenID Connect Discovery 1.0, section 4).
    """

    token_issuer: str
    jwks_url: str = ""
    token_audience: str = "caixa"  # noqa: S105  an audience is no secret
    claims: ClaimSettings = ClaimSettings()


_FORMS = {
    int: "a whole number",
    float: "a number, with a point for decimals",
    bool: "true or false",
}


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Read a settings struct from variables named CAIXA_ and the field's name in capitals; structs within structs are read alike.

    Empty variables count as absent. Raises ConfigurationError for the first variable that is missing or wrong, and whatever
    ConfigurationError a struct's own `__post_init__` raises.
    """
    values: dict[str, Any] = {}  # Any: each field has its own type, checked below
    hints = get_type_hints(cls)
    for field in msgspec.structs.fields(cls):
        kind = hints[field.name]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            values[field.name] = load(kind, environ)
            continue
        variable = PREFIX + field.name.upper()
        text = environ.get(variable, "")
        if text:
            values[field.name] = _parsed(variable, text, kind)
        elif field.required:
            raise ConfigurationError(variable, f"is required: {_accepted(kind)}")
    return cls(**values)


def _parsed(variable: str, text: str, kind: Any) -> Any:  # Any: a field may have any type that text converts to
    if kind is Secret:
        return Secret(text)
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise ConfigurationError(variable, f"must be {_accepted(kind)}") from None


def _accepted(kind: Any) -> str:  # Any: see _parsed
    return _FORMS.get(kind, "a non-empty text")


def url_parts(variable: str, url: str, *, schemes: tuple[str, ...], example: str) -> SplitResult:
    """Split a URL that configuration names, refusing other schemes, credentials within, and ports that are none."""
    refused = ConfigurationError(variable, f"must be a URL such as {example}, without credentials")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused from None
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None or port == 0:
        raise refused
    return parts
