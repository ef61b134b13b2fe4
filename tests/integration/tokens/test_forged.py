"""Forged tokens against the real gateway, fluxo and saldo alike: each refuses them all, and passes the good one."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from caixa_comum import migrations
from caixa_comum.application import create_app
from caixa_comum.database import create_engine
from caixa_comum.jwks import RemoteKeys
from caixa_comum.settings import ServerSettings
from caixa_comum.tokens import Verifier
from caixa_fluxo.api import application
from caixa_fluxo.group_commit import Limits
from caixa_gateway.settings import ExternalSettings
from caixa_gateway.signing_keys import thumbprint
from caixa_saldo.balance_reads import BalanceReads
from caixa_saldo.balance_routes import balance_routes
from tests.integration.gateway.door import opened, opened_externally, settings_for
from tests.issuer import Issuer
from tests.local.database import Database
from tests.local.ports import free_port

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PATHS = {"gateway": "/api/v1/saldos/atual", "saldo": "/api/v1/saldos/atual", "fluxo": f"/api/v1/lancamentos/{uuid4()}"}
PASSED = {200, 404, 503}
"""The token was accepted, whatever came of the request."""
Ask = Callable[[str], Awaitable[tuple[int, str]]]


class Target:
    """One service: how to ask it with a token, and what signs tokens that it accepts."""

    def __init__(self, key: rsa.RSAPrivateKey, kid: str, issuer: str, ask: Ask) -> None:
        self.key = key
        self.kid = kid
        self.issuer = issuer
        self.ask = ask

    def token(
        self, key: rsa.RSAPrivateKey | None = None, *, algorithm: str = "RS256", header: Any = (), **claims: object
    ) -> str:  # Any: JSON
        """Sign a merchant's claims, with those given instead; None leaves one out."""
        whole = self.claims() | claims
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(
            kept, "" if algorithm == "none" else key or self.key, algorithm=algorithm, headers={"kid": self.kid, **dict(header)}
        )

    def claims(self) -> dict[str, Any]:  # Any: JSON
        """Give a merchant's claims."""
        now = int(time.time())
        scope = "lancamentos saldos"
        return {"iss": self.issuer, "aud": "caixa", "sub": str(uuid4()), "exp": now + 900, "iat": now, "nbf": now, "scope": scope}

    def hmac(self) -> str:
        """Sign with the public key as an HMAC secret, as no library would."""
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        parts = [
            base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "HS256", "kid": self.kid}, self.claims())
        ]
        signature = hmac.new(pem, b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@asynccontextmanager
async def gateway(database: Database, folder: Path) -> AsyncIterator[Target]:
    """Serve a gateway whose signing key the test holds."""
    await migrations.upgrade(database.settings("gateway_migration", "caixa_gateway"), "caixa_gateway")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = folder / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    async with opened(settings_for(database.settings("gateway", "caixa_gateway"), str(file), rate_limit="10000/second")) as door:

        async def ask(token: str) -> tuple[int, str]:
            status, _, headers = await door.ask("GET", PATHS["gateway"], headers={"Authorization": f"Bearer {token}"})
            return status, headers.get("www-authenticate", "")

        yield Target(key, thumbprint(key), door.url, ask)


def verifier_of(issuer: Issuer, session: aiohttp.ClientSession, now: Callable[[], float]) -> Verifier:
    """Verify an issuer's tokens by the keys that it publishes, fetched as a service does."""
    return Verifier(issuer.url, "caixa", RemoteKeys(issuer.settings().jwks_url, session, now=now))


@asynccontextmanager
async def behind(name: str, database: Database, issuer: Issuer, *, now: Callable[[], float] = time.monotonic) -> AsyncIterator[Target]:
    """Give fluxo's or saldo's own app, with keys that it fetches from an issuer; `now` is their cache's clock."""
    await migrations.upgrade(database.settings(f"{name}_migration", f"caixa_{name}"), f"caixa_{name}")
    engine = create_engine(database.settings(name, f"caixa_{name}"))
    async with (
        aiohttp.ClientSession() as session,
        application(engine, verifier := verifier_of(issuer, session, now), Limits()) as fluxo,
    ):
        saldo = create_app(
            balance_routes(BalanceReads(engine, partial(datetime.now, UTC)), partial(datetime.now, UTC)),
            title="Caixa: saldos",
            verifier=verifier,
        )
        transport = httpx.ASGITransport(app=fluxo if name == "fluxo" else saldo)  # type: ignore[arg-type] # the same in other words
        async with httpx.AsyncClient(transport=transport, base_url="http://servico", timeout=60) as client:

            async def ask(token: str) -> tuple[int, str]:
                answer = await client.get(PATHS[name], headers={"Authorization": f"Bearer {token}"})
                return answer.status_code, answer.headers.get("www-authenticate", "")

            yield Target(issuer._key, issuer.kid, issuer.url, ask)
    await engine.dispose()


@asynccontextmanager
async def external_gateway(issuer: Issuer) -> AsyncIterator[Target]:
    """Serve a gateway that takes an issuer's tokens, with nobody behind it: what it passes on is a 503."""
    settings = ExternalSettings(
        server=ServerSettings(port=free_port(), management_port=free_port()),
        token_issuer=issuer.url,
        fluxo_url=f"http://127.0.0.1:{free_port()}",
        saldo_url=f"http://127.0.0.1:{free_port()}",
        rate_limit="10000/second",
    )
    async with opened_externally(settings) as served:

        async def ask(token: str) -> tuple[int, str]:
            status, _, headers = await served.ask("GET", PATHS["gateway"], headers={"Authorization": f"Bearer {token}"})
            return status, headers.get("www-authenticate", "")

        yield Target(issuer._key, issuer.kid, issuer.url, ask)


@pytest.fixture(params=["gateway", "external gateway", "fluxo", "saldo"])
async def target(request: pytest.FixtureRequest, mysql: Database, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Target]:
    """Give each of the three in turn, the gateway with either identity."""
    match request.param:
        case "gateway":
            made = gateway(mysql, tmp_path)
        case "external gateway":
            made = external_gateway(issuer)
        case name:
            made = behind(name, mysql, issuer)
    async with made as one:
        yield one


def forgeries(target: Target) -> dict[str, str]:
    """Give the tokens that nobody may accept."""
    now = int(time.time())
    return {
        "alg none": target.token(algorithm="none"),
        "another algorithm of the same key": target.token(algorithm="RS512"),
        "another family of the same key": target.token(algorithm="PS256"),
        "the public key as HMAC secret": target.hmac(),
        "another key": target.token(STRANGER),
        "expired": target.token(exp=now - 60),
        "not yet valid": target.token(nbf=now + 120),
        "another issuer": target.token(iss="http://outro.teste"),
        "another audience": target.token(aud="outra"),
        "no exp": target.token(exp=None),
        "no iss": target.token(iss=None),
        "no aud": target.token(aud=None),
        "no sub": target.token(sub=None),
        "a foreign jku": target.token(STRANGER, header={"jku": "http://127.0.0.1:9/jwks.json"}),
        "a foreign x5u": target.token(STRANGER, header={"x5u": "http://127.0.0.1:9/cert.pem"}),
        "a kid with a path in it": target.token(STRANGER, header={"kid": "../../../dev/null"}),
        "a kid with SQL in it": target.token(STRANGER, header={"kid": "x' UNION SELECT 'a' -- "}),
        "no token at all": "a.b.c",
        "a good one cut short": target.token()[:-4],
        "a very long one": target.token(scope="x" * 9_000),
    }


async def test_every_forgery_is_401_and_says_how_to_authenticate(target: Target) -> None:
    """The good token passes before and after; each forgery is refused with a Bearer challenge that names the error."""
    good = target.token()
    assert (await target.ask(good))[0] in PASSED
    for name, token in forgeries(target).items():
        status, challenge = await target.ask(token)
        assert (status, challenge[:21]) == (401, 'Bearer realm="caixa",'), name
        assert 'error="invalid_token"' in challenge, name
    assert (await target.ask(good))[0] in PASSED
