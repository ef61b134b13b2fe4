"""What the gateway is told by its environment."""

from collections.abc import Mapping
from typing import Final

import msgspec

from caixa_comum.settings import ClaimSettings, ConfigurationError, DatabaseSettings, Secret, ServerSettings, load, url_parts
from caixa_gateway.certificate import TlsSettings

WEB: Final = ("http", "https")
SECURE: Final = ("auto", "always", "never")
IDENTITY: Final = "CAIXA_IDENTITY"
BUILT_IN: Final = "builtin"
EXTERNAL: Final = "oidc"


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the door is told whoever issues tokens; times in seconds, the rate in `limits`' notation (`200/second`).

    The rate is counted in `rate_limit_store` (redis:// or rediss://) for all replicas, else divided by `rate_limit_replicas`.
    """

    server: ServerSettings
    token_issuer: str
    fluxo_url: str
    saldo_url: str
    token_audience: str = "caixa"  # noqa: S105  an audience is no secret
    rate_limit: str = "200/second"
    rate_limit_replicas: int = 1
    rate_limit_store: Secret = Secret("")
    answer_seconds: float = 30.0
    tls: TlsSettings = TlsSettings()
    cors_origins: str = ""

    def __post_init__(self) -> None:
        """Refuse what would only fail later. Raises ConfigurationError."""
        url_parts("CAIXA_TOKEN_ISSUER", self.token_issuer, schemes=WEB, example="http://gateway:8080")
        url_parts("CAIXA_FLUXO_URL", self.fluxo_url, schemes=WEB, example="http://fluxo:8080")
        url_parts("CAIXA_SALDO_URL", self.saldo_url, schemes=WEB, example="http://saldo:8080")
        if not 1 <= self.rate_limit_replicas <= 1000:  # noqa: PLR2004  said in the message
            raise ConfigurationError("CAIXA_RATE_LIMIT_REPLICAS", "must be from 1 to 1000")
        if not 0 < self.answer_seconds <= 600:  # noqa: PLR2004  ten minutes
            raise ConfigurationError("CAIXA_ANSWER_SECONDS", "must be above 0 and at most 600 seconds")


class GatewaySettings(DoorSettings, frozen=True, kw_only=True):
    """The gateway that issues its own tokens, to the merchants that it keeps."""

    database: DatabaseSettings
    signing_key_file: str
    admin_client_id: str
    admin_client_secret: Secret
    token_lifetime_seconds: int = 900
    session_seconds: int = 43_200
    session_cookie_secure: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what would only fail later. Raises ConfigurationError."""
        super().__post_init__()
        if not 1 <= self.token_lifetime_seconds <= 86_400:  # noqa: PLR2004  a day
            raise ConfigurationError("CAIXA_TOKEN_LIFETIME_SECONDS", "must be from 1 to 86400 seconds")
        if not 60 <= self.session_seconds <= 2_592_000:  # noqa: PLR2004  a minute, thirty days
            raise ConfigurationError("CAIXA_SESSION_SECONDS", "must be from 60 to 2592000 seconds")
        if self.session_cookie_secure not in SECURE:
            raise ConfigurationError("CAIXA_SESSION_COOKIE_SECURE", f"must be one of {', '.join(SECURE)}")


class ExternalSettings(DoorSettings, frozen=True, kw_only=True):
    """The gateway before an external issuer's tokens: it keeps no merchants and signs nothing, so it needs no database and no key."""

    jwks_url: str = ""
    claims: ClaimSettings = ClaimSettings()

    def __post_init__(self) -> None:
        """Refuse what would only fail later. Raises ConfigurationError."""
        super().__post_init__()
        if self.jwks_url:
            url_parts("CAIXA_JWKS_URL", self.jwks_url, schemes=WEB, example="https://emissor.example/jwks.json")


def read_settings(environ: Mapping[str, str]) -> GatewaySettings | ExternalSettings:
    """Read the settings for the identity that CAIXA_IDENTITY names, the built-in one where it names none. Raises ConfigurationError."""
    match environ.get(IDENTITY) or BUILT_IN:
        case "builtin":
            return load(GatewaySettings, environ)
        case "oidc":
            return load(ExternalSettings, environ)
        case _:
            raise ConfigurationError(IDENTITY, f"must be {BUILT_IN} or {EXTERNAL}")
