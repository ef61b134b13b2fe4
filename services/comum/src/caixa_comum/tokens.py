"""Access tokens (RFC 9068's spirit): verified by every service for itself, with algorithm and lifetime pinned."""

import hashlib
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

import jwt
import msgspec

from caixa_comum.settings import ClaimSettings

ALGORITHM: Final = "RS256"
LEEWAY_SECONDS: Final = 5
REMEMBERED: Final = 10_000
MAIOR_TOKEN: Final = 8_192


class Reason(StrEnum):
    """Why a request's token was not accepted: all there are, so that a metric by reason stays small."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    DISABLED = "disabled"
    KEYS_UNAVAILABLE = "keys_unavailable"


# What PyJWT raises, the particular before the general.
_REASONS: Final = (
    (jwt.ExpiredSignatureError, Reason.EXPIRED),
    (jwt.ImmatureSignatureError, Reason.NOT_YET_VALID),
    (jwt.InvalidIssuerError, Reason.ISSUER),
    (jwt.InvalidAudienceError, Reason.AUDIENCE),
    (jwt.InvalidAlgorithmError, Reason.ALGORITHM),
    (jwt.InvalidSignatureError, Reason.SIGNATURE),
    (jwt.DecodeError, Reason.MALFORMED),
    (jwt.InvalidTokenError, Reason.CLAIMS),
)


class InvalidToken(Exception):
    """A token that is not accepted; the message says why, for the log and for `error_description`."""

    def __init__(self, message: str, reason: Reason = Reason.MALFORMED) -> None:
        """Say why, in words and for the metric."""
        super().__init__(message)
        self.reason = reason


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
        administration: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """Pin the issuer and audience; `named` are the merchant's claims, `now` gives Unix seconds for what is remembered.

        A token with the scope `administration` needs no merchant's claim.
        """
        self.issuer = issuer
        self._administration = administration
        self._named = named
        self._audience = audience
        self._keys = keys
        self._now = now
        self._verified: dict[bytes, Claims] = {}

    async def verify(self, token: str) -> Claims:
        """Give the claims of a token. Raises InvalidToken, or KeysUnavailable where the issuer's keys were never seen."""
        if len(token) > MAIOR_TOKEN:
            raise InvalidToken("token too long", Reason.TOO_LONG)
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        if (known := self._verified.get(digest)) is not None:
            if known.exp + LEEWAY_SECONDS > self._now():
                return known
            del self._verified[digest]
            raise InvalidToken("Signature has expired", Reason.EXPIRED)
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
            raise InvalidToken(f"only {ALGORITHM} with a key id is accepted", Reason.ALGORITHM)
        if (key := await self._keys.key(kid)) is None:
            raise InvalidToken("unknown key id", Reason.UNKNOWN_KEY)
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
            raise InvalidToken(str(error), _reason(error)) from error
        return _claims(claims, self._named, self._administration)


def _reason(error: Exception) -> Reason:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.MALFORMED)


def _claims(claims: dict[str, object], named: ClaimSettings, administration: str) -> Claims:
    sub, exp, scope = claims.get(named.token_merchant_claim), claims["exp"], _scope(claims, named)
    if sub is None and administration and administration in scope:
        sub = f"{administration} {claims['sub']}"  # no UUID, so that nobody takes it for a merchant
    if not isinstance(sub, str) or not isinstance(exp, int):
        raise InvalidToken("a claim is not of its type", Reason.CLAIMS)
    return Claims(
        sub=sub,
        scope=scope,
        fuso=str(claims.get(named.token_zone_claim) or named.token_default_zone),
        client_id=str(claims.get("client_id") or sub),
        exp=exp,
    )


def _scope(claims: dict[str, object], named: ClaimSettings) -> frozenset[str]:
    told = claims.get(named.token_scope_claim) or ""
    scopes = told.split() if isinstance(told, str) else told
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise InvalidToken("the scopes are neither a text nor a list of texts", Reason.CLAIMS)
    prefix = named.token_scope_prefix
    return frozenset(scope.removeprefix(prefix) for scope in scopes if scope.startswith(prefix))
