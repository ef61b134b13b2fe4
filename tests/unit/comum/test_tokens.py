"""Tokens: one algorithm, checked lifetime, and nothing in a token decides how it is checked."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from caixa_comum import tokens
from caixa_comum.authentication import merchant
from caixa_comum.settings import ClaimSettings
from caixa_comum.tokens import InvalidToken, Reason, Verifier

ISSUER, AUDIENCE, KID = "http://emissor.teste", "caixa", "k1"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OneKey:
    """Keys with exactly one, which counts how often it is asked for."""

    def __init__(self) -> None:
        """Publish KEY as KID."""
        self.asked = 0
        self._key = jwt.PyJWK({**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": KID}, algorithm="RS256")

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """Look a key up by its exact id."""
        self.asked += 1
        return self._key if kid == KID else None


def claims(**overrides: object) -> dict[str, Any]:
    """Give a merchant's claims, with those given instead; None leaves one out."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "m", "exp": now + 900, "iat": now, "scope": "lancamentos saldos"} | overrides
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: rsa.RSAPrivateKey = KEY, headers: dict[str, Any] | None = None, **overrides: object) -> str:
    """Sign claims."""
    return jwt.encode(claims(**overrides), key, algorithm="RS256", headers={"kid": KID, **(headers or {})})


def by_hand(header: dict[str, object], secret: bytes) -> str:
    """Make an HMAC token that no library would make: with a public key as its secret."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

FORGERIES: dict[str, Callable[[], str]] = {
    "alg none": lambda: jwt.encode(claims(), "", algorithm="none", headers={"kid": KID}),
    "the public key as HMAC secret": lambda: by_hand({"alg": "HS256", "kid": KID}, PUBLIC_PEM),
    "another algorithm of the same key": lambda: jwt.encode(claims(), KEY, algorithm="RS512", headers={"kid": KID}),
    "another key": lambda: signed(OTHER),
    "a foreign jku": lambda: signed(OTHER, {"jku": "http://evil.teste/jwks.json"}),
    "a kid with a path in it": lambda: signed(OTHER, {"kid": "../../etc/passwd"}),
    "a kid with SQL in it": lambda: signed(OTHER, {"kid": "' OR 1=1 --"}),
    "expired": lambda: signed(exp=int(time.time()) - 60),
    "not yet valid": lambda: signed(nbf=int(time.time()) + 60),
    "another issuer": lambda: signed(iss="http://outro.teste"),
    "another audience": lambda: signed(aud="outra"),
    "no expiry": lambda: signed(exp=None),
    "no issuer": lambda: signed(iss=None),
    "no audience": lambda: signed(aud=None),
    "no subject": lambda: signed(sub=None),
    "no token at all": lambda: "abc",
    "empty parts": lambda: "..",
    "too long": lambda: signed(scope="x" * 10_000),
}
"""Made when they are tried: a token that was forged when the tests were collected may have become valid, or expired, since."""


REASONS = {
    "another key": Reason.SIGNATURE,
    "a foreign jku": Reason.SIGNATURE,
    "a kid with a path in it": Reason.UNKNOWN_KEY,
    "a kid with SQL in it": Reason.UNKNOWN_KEY,
    "expired": Reason.EXPIRED,
    "not yet valid": Reason.NOT_YET_VALID,
    "another issuer": Reason.ISSUER,
    "another audience": Reason.AUDIENCE,
    **dict.fromkeys(("no expiry", "no issuer", "no audience", "no subject"), Reason.CLAIMS),
    **dict.fromkeys(("alg none", "the public key as HMAC secret", "another algorithm of the same key"), Reason.ALGORITHM),
    **dict.fromkeys(("no token at all", "empty parts"), Reason.MALFORMED),
    "too long": Reason.TOO_LONG,
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused_for_its_reason(name: str) -> None:
    """None of the known forgeries passes, and the metric tells them apart."""
    with pytest.raises(InvalidToken) as raised:
        await Verifier(ISSUER, AUDIENCE, OneKey()).verify(FORGERIES[name]())
    assert raised.value.reason is REASONS[name]


@pytest.mark.parametrize(
    ("named", "said", "scope"),
    [
        (ClaimSettings(), {"scope": "lancamentos saldos"}, {"lancamentos", "saldos"}),
        (ClaimSettings(), {"scope": None}, set()),
        (ClaimSettings(token_scope_claim="roles"), {"roles": ["lancamentos", "saldos"]}, {"lancamentos", "saldos"}),
        (ClaimSettings(token_scope_prefix="caixa/"), {"scope": "caixa/saldos outra/lancamentos openid"}, {"saldos"}),
    ],
)
async def test_scopes_are_read_as_each_issuer_writes_them(named: ClaimSettings, said: dict[str, Any], scope: set[str]) -> None:
    """One text with spaces, a list in a claim of another name, or names behind a prefix, without which none counts."""
    assert (await Verifier(ISSUER, AUDIENCE, OneKey(), named=named).verify(signed(**said))).scope == scope


@pytest.mark.parametrize("told", [7, {"a": 1}, ["saldos", 7]])
async def test_scopes_of_another_type_are_refused(told: object) -> None:
    """Neither a number nor an object is a scope."""
    with pytest.raises(InvalidToken) as raised:
        await Verifier(ISSUER, AUDIENCE, OneKey()).verify(signed(scope=told))
    assert raised.value.reason is Reason.CLAIMS


async def test_only_the_administration_needs_no_merchants_claim() -> None:
    """A token without the merchant's claim passes by the administration's scope alone, and never names a merchant."""
    named = ClaimSettings(token_merchant_claim="comerciante_id")
    verifier = Verifier(ISSUER, AUDIENCE, OneKey(), named=named, administration="comerciantes")
    subject = str(uuid4())
    admin = await verifier.verify(signed(sub=subject, scope="comerciantes lancamentos"))
    assert "comerciantes" in admin.scope
    assert merchant(admin) is None
    for refusing, scope in ((verifier, "lancamentos"), (Verifier(ISSUER, AUDIENCE, OneKey(), named=named), "comerciantes")):
        with pytest.raises(InvalidToken):
            await refusing.verify(signed(sub=subject, scope=scope))


async def test_a_good_token_gives_its_claims() -> None:
    """What a token says comes out typed."""
    found = await Verifier(ISSUER, AUDIENCE, OneKey()).verify(signed(fuso="America/Manaus"))
    assert (found.sub, found.scope, found.fuso) == ("m", frozenset({"lancamentos", "saldos"}), "America/Manaus")


async def test_a_token_is_verified_once_and_refused_when_it_expires() -> None:
    """The hot path remembers what passed, and no longer than the token lives."""
    keys, now = OneKey(), time.time()
    clock = [now]
    verifier = Verifier(ISSUER, AUDIENCE, keys, now=lambda: clock[0])
    token = signed(exp=int(now) + 30)
    for _ in range(5):
        await verifier.verify(token)
    assert keys.asked == 1
    clock[0] = now + 60
    with pytest.raises(InvalidToken, match="expired"):
        await verifier.verify(token)


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of good tokens takes bounded memory; the oldest leave first."""
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    keys = OneKey()
    verifier = Verifier(ISSUER, AUDIENCE, keys)
    made = [signed(jti=str(number)) for number in range(5)]
    for token in made:
        await verifier.verify(token)
    assert len(verifier._verified) == 3
    await verifier.verify(made[-1])
    assert keys.asked == 5
