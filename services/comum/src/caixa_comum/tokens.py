"""Access tokens (RFC 9068's spirit): verified by every service for itself, with algorithm and lifetime pinned."""

import hashlib
import time
from collections.abc import Callable
from typing import Final, Protocol

import jwt
import msgspec

from caixa_comum.settings import ClaimSettings

ALGORITHM: Final = "RS256"
LEEWAY_SECONDS: Final = 5
REMEMBERED: Final = 10_000
MAIOR_TOKEN: Final = 8_192


class InvalidToken(Exception):
    """A token that is not accepted; the message says why, for the log and for `error_description`."""


class KeysUnavailable(Exception):
    """No key is known because the issuer could never be reached: neither the token's fault nor ours."""


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says: who, what for, in which zone, until when (Unix seconds)."""

    sub: str
    scope: frozenset[str]
    fuso: str
    client_id: str
    exp: int


class Keys(Protocol):
    """Where public keys come from; `kid` is only a look-up key, never a path, URL or query."""

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """Give the key of that id, or None where the issuer publishes none."""
        ...


class Verifier:
    """Checks tokens of one issuer for one audience, and remembers those that passed until they expire."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: Keys,
        *,
        named: ClaimSettings = ClaimSettings(),  # noqa: B008  frozen
        now: Callable[[], float] = time.time,
    ) -> None:
        """Pin the issuer and audience; `named` are the merchant's claims, `now` gives Unix seconds for what is remembered."""
        self.issuer = issuer
        self._named = named
        self._audience = audience
        self._keys = keys
        self._now = now
        self._verified: dict[bytes, Claims] = {}

    async def verify(self, token: str) -> Claims:
        """Give the claims of a token. Raises InvalidToken, or KeysUnavailable where the issuer's keys were never seen."""
        if len(token) > MAIOR_TOKEN:
            raise InvalidToken("token too long")
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        if (known := self._verified.get(digest)) is not None:
            if known.exp + LEEWAY_SECONDS > self._now():
                return known
            del self._verified[digest]
            raise InvalidToken("Signature has expired")
        claims = await self._checked(token)
        if len(self._verified) >= REMEMBERED:
            # The oldest leave first: a dict keeps the order in which tokens came.
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = claims
        return claims

    async def _checked(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise InvalidToken(str(error)) from error
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise InvalidToken(f"only {ALGORITHM} with a key id is accepted")
        if (key := await self._keys.key(kid)) is None:
            raise InvalidToken("unknown key id")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise InvalidToken(str(error)) from error
        return _claims(claims, self._named)


def _claims(claims: dict[str, object], named: ClaimSettings) -> Claims:
    sub, scope, exp = claims.get(named.token_merchant_claim), claims.get("scope", ""), claims["exp"]
    if not isinstance(sub, str) or not isinstance(scope, str) or not isinstance(exp, int):
        raise InvalidToken("a claim is not of its type")
    return Claims(
        sub=sub,
        scope=frozenset(scope.split()),
        fuso=str(claims.get(named.token_zone_claim) or named.token_default_zone),
        client_id=str(claims.get("client_id") or sub),
        exp=exp,
    )
