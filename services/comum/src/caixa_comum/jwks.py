"""The issuer's public keys over HTTP (RFC 7517): cached, refreshed for a new key, and still good while the issuer is down."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import jwt
import msgspec
import structlog

from caixa_comum.settings import TokenSettings, url_parts
from caixa_comum.tokens import KeysUnavailable, Verifier

FRESH_SECONDS: Final = 600.0
COOL_DOWN_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 5.0
MAIOR_JWKS: Final = 64 * 1024

_log = structlog.get_logger(__name__)


class RemoteKeys:
    """Keys of one fixed URL. An unknown kid causes at most one fetch per cool-down, however many tokens name one."""

    def __init__(self, url: str, session: aiohttp.ClientSession, *, issuer: str = "", now: Callable[[], float] = time.monotonic) -> None:
        """Name the URL, or the issuer whose discovery document does; nothing is fetched before the first token.

        `now` gives seconds that only grow.
        """
        self._url = url
        self._issuer = issuer
        self._session = session
        self._now = now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """Give the key of that id, or None where the issuer publishes none. Raises KeysUnavailable where none was ever fetched."""
        if kid in self._keys and (self._fresh() or self._lock.locked()):  # while one asks, nobody else waits for it
            return self._keys[kid]
        async with self._lock:
            if self._may_fetch(kid):
                await self._fetch()
        if self._fetched_at is None:
            raise KeysUnavailable(self._url or self._issuer)
        return self._keys.get(kid)

    def _fresh(self) -> bool:
        return self._fetched_at is not None and self._now() - self._fetched_at < FRESH_SECONDS

    def _may_fetch(self, kid: str) -> bool:
        if kid in self._keys and self._fresh():
            return False
        if self._tried_at is None:
            return True
        # While nothing is known every request waits for the keys, so the issuer's return is noticed soon.
        pause = RETRY_SECONDS if self._fetched_at is None else COOL_DOWN_SECONDS
        return self._now() - self._tried_at >= pause

    async def _fetch(self) -> None:
        self._tried_at = self._now()
        try:
            keys = keys_of(await self._got(self._url or jwks_uri(await self._got(discovery_url(self._issuer)), self._issuer)))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            _log.warning("jwks_unreachable", url=self._url or self._issuer, error=repr(error), known_keys=len(self._keys))
            return
        self._keys = keys
        self._fetched_at = self._now()

    async def _got(self, url: str) -> bytes:
        async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS), allow_redirects=False) as answer:
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > MAIOR_JWKS:
                    raise ValueError(f"more than {MAIOR_JWKS} bytes")
            return bytes(body)


def discovery_url(issuer: str) -> str:
    """Give the place of an issuer's discovery document (OpenID Connect Discovery 1.0, section 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def jwks_uri(body: bytes, issuer: str) -> str:
    """Read where an issuer publishes its keys. Raises ValueError where the document is another issuer's or names no such place."""
    try:
        document = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    uri = document.get("jwks_uri")
    if document.get("issuer") != issuer:
        raise ValueError("the discovery document is another issuer's")
    if not isinstance(uri, str) or not uri.startswith("https://" if issuer.startswith("https://") else ("https://", "http://")):
        raise ValueError("the discovery document names no jwks_uri as safe as the issuer")
    return uri


def keys_of(body: bytes) -> dict[str, jwt.PyJWK]:
    """Read the RSA signing keys of a JWKS by their ids; others are passed over. Raises ValueError where the body is no JWKS."""
    try:
        document = msgspec.json.decode(body, type=dict[str, list[dict[str, object]]])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    keys: dict[str, jwt.PyJWK] = {}
    for item in document.get("keys", []):
        kid = item.get("kid")
        if isinstance(kid, str) and item.get("kty") == "RSA" and item.get("use", "sig") == "sig":
            try:
                keys[kid] = jwt.PyJWK(item, algorithm="RS256")
            except jwt.PyJWTError as error:
                _log.warning("jwk_refused", kid=kid, error=str(error))
    return keys


@asynccontextmanager
async def published_verifier(settings: TokenSettings, *, administration: str = "") -> AsyncIterator[Verifier]:
    """Give a verifier of tokens whose keys the issuer publishes, with an HTTP session of its own until the block ends.

    A token with the scope `administration` needs no merchant's claim.
    """
    check(settings)
    async with aiohttp.ClientSession() as session:
        keys = RemoteKeys(settings.jwks_url, session, issuer=settings.token_issuer)
        yield Verifier(settings.token_issuer, settings.token_audience, keys, named=settings.claims, administration=administration)


def check(settings: TokenSettings) -> None:
    """Refuse wrong token settings at start. Raises ConfigurationError."""
    web = ("http", "https")
    url_parts("CAIXA_TOKEN_ISSUER", settings.token_issuer, schemes=web, example="http://gateway:8080")
    if settings.jwks_url:
        url_parts("CAIXA_JWKS_URL", settings.jwks_url, schemes=web, example="http://gateway:8080/.well-known/jwks.json")
