"""The gateway before an external issuer's tokens, in front of the real fluxo and saldo: what it passes, and what it says is elsewhere."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
import msgspec
import pytest
from openapi_spec_validator import validate

from caixa_comum import migrations
from caixa_comum.settings import ClaimSettings, ServerSettings, TokenSettings
from caixa_gateway.settings import ExternalSettings
from tests.integration.fluxo.running import api as fluxo_api
from tests.integration.gateway.door import Served, opened_externally
from tests.integration.saldo.running import api as saldo_api
from tests.issuer import AUDIENCE, Issuer
from tests.local.database import Database
from tests.local.ports import free_port
from tests.local.waiting import eventually

LANCAMENTOS = "/api/v1/lancamentos"
COMERCIANTES = "/api/v1/comerciantes"
# As an issuer might have it: the merchant in a claim of its own, scopes named for the API.
CLAIMS = ClaimSettings(
    token_merchant_claim="comerciante_id", token_zone_claim="zoneinfo", token_scope_claim="scp", token_scope_prefix="caixa/"
)


class Installation(msgspec.Struct):
    """A gateway, the issuer whose tokens it takes, and the services behind it."""

    served: Served
    issuer: Issuer

    def bearer(self, **claims: Any) -> dict[str, str]:  # Any: JSON
        """Give the header of somebody whom the issuer knows: a person at a login, no merchant by its subject."""
        token = self.issuer.token("servico|42", scope="", fuso="", **claims)
        return {"Authorization": f"Bearer {token}"}

    def merchant(self, comerciante_id: str, **claims: Any) -> dict[str, str]:  # Any: JSON
        """Give the header of a merchant."""
        said = {"comerciante_id": comerciante_id, "scp": "openid caixa/lancamentos caixa/saldos", "zoneinfo": "America/Manaus"}
        return self.bearer(**(said | claims))


def settings_for(issuer: str, **options: Any) -> ExternalSettings:  # Any: each option has its own type
    """Make settings on free ports."""
    server = ServerSettings(port=free_port(), management_port=free_port())
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in ("fluxo_url", "saldo_url")}
    return ExternalSettings(server=server, token_issuer=issuer, **{"claims": CLAIMS, "rate_limit": "10000/second", **urls, **options})


@pytest.fixture
async def installed(mysql: Database) -> AsyncIterator[Installation]:
    """Give everything told of one issuer by its address alone: its keys are found by its discovery document."""
    await migrations.upgrade(mysql.settings("saldo_migration", "caixa_saldo"), "caixa_saldo")
    async with AsyncExitStack() as stack:
        issuer = stack.enter_context(Issuer())
        tokens = TokenSettings(token_issuer=issuer.url, claims=CLAIMS)
        fluxo_url = await stack.enter_async_context(fluxo_api(mysql, tokens))
        saldo = await stack.enter_async_context(saldo_api(mysql.settings("saldo", "caixa_saldo"), tokens))
        settings = settings_for(issuer.url, fluxo_url=fluxo_url, saldo_url=saldo.url)
        yield Installation(await stack.enter_async_context(opened_externally(settings)), issuer)


async def test_a_merchant_of_the_issuer_uses_every_service_and_only_with_its_token(installed: Installation) -> None:
    """An entry is recorded for the merchant that the claim names, on the day of its zone; a token that lacks anything is a 401."""
    served, comerciante_id = installed.served, str(uuid4())
    headers = installed.merchant(comerciante_id)
    sent = {**headers, "Idempotency-Key": "venda-1"}
    assert (await served.ask("POST", LANCAMENTOS, json={"tipo": "credito", "valor": 100}, headers=sent))[0] == 201
    status, body, told = await served.ask("GET", LANCAMENTOS, headers=headers)
    assert (status, len(body["itens"]), "ratelimit" in told) == (200, 1, True)
    assert (await served.ask("GET", LANCAMENTOS, headers=installed.merchant(str(uuid4()))))[1]["itens"] == []
    assert (await served.ask("GET", "/api/v1/saldos/atual", headers=headers))[0] == 200
    # The issuer's own scope for something else is none of ours.
    assert (await served.ask("GET", LANCAMENTOS, headers=installed.merchant(comerciante_id, scp="outra/lancamentos")))[0] == 403
    key = jwt.PyJWK(installed.issuer.jwks()["keys"][0])
    claims = jwt.decode(headers["Authorization"].split()[1], key, algorithms=["RS256"], audience=AUDIENCE)
    forged = jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": installed.issuer.kid})
    with Issuer() as other:
        refused = [
            {"Authorization": f"Bearer {forged}"},
            {"Authorization": f"Bearer {other.token(comerciante_id=comerciante_id, scp='caixa/lancamentos')}"},
            installed.merchant(comerciante_id, aud="outra"),
            installed.merchant(comerciante_id, exp=1),
            installed.bearer(scp="caixa/lancamentos"),  # nobody's: the claim is missing
        ]
        before = await served.metric("caixa_token_failures_total", reason="audience")
        for one in refused:
            status, _, told = await served.ask("GET", LANCAMENTOS, headers=one)
            assert (status, told["www-authenticate"][:21]) == (401, 'Bearer realm="caixa",')
        assert await served.metric("caixa_token_failures_total", reason="audience") == before + 1


async def test_what_the_issuer_does_is_said_to_be_there(installed: Installation) -> None:
    """Tokens, keys and discovery are a 404 that names the issuer; the page says in Portuguese where to sign in, and asks for nothing."""
    served, issuer = installed.served, installed.issuer.url
    for method, path in (("POST", "/oauth/token"), ("GET", "/.well-known/jwks.json"), ("GET", "/.well-known/openid-configuration")):
        status, body, headers = await served.ask(method, path)
        assert (status, headers["content-type"], body["emissor"]) == (404, "application/problem+json", issuer)
        assert issuer in body["detail"]
    for path in ("/", "/entrar"):
        status, page, headers = await served.ask("GET", path)
        text = page.decode()
        assert (status, headers["x-frame-options"], "A entrada é no emissor dos tokens" in text, issuer in text) == (
            200,
            "DENY",
            True,
            True,
        )
        assert "<form" not in text
        assert (await served.ask("GET", text.partition('href="/pagina/')[2].partition('"')[0].join(("/pagina/", ""))))[0] == 200
    assert (await served.ask("GET", "/relatorio"))[0] == 404


async def test_the_document_has_the_services_routes_and_the_issuers_tokens(installed: Installation) -> None:
    """The merged document stays valid, without the routes that are elsewhere, and says where tokens come from."""

    async def known() -> bool:
        return "/api/v1/saldos/atual" in (await installed.served.ask("GET", "/openapi.json"))[1]["paths"]

    await eventually("the document has the services' routes", known)
    _, whole, _ = await installed.served.ask("GET", "/openapi.json")
    validate(whole)
    assert not {path for path in whole["paths"] if path.startswith((COMERCIANTES, "/oauth", "/.well-known"))}
    scheme = whole["components"]["securitySchemes"]["credenciais"]
    assert scheme == {"type": "openIdConnect", "openIdConnectUrl": f"{installed.issuer.url}/.well-known/openid-configuration"}


async def test_the_administration_is_known_by_its_scope(installed: Installation) -> None:
    """Without a token 401, as a merchant 403, with the scope the 404 naming the issuer; and no service takes the admin for a merchant."""
    served = installed.served
    admin = installed.bearer(scp="caixa/comerciantes caixa/lancamentos")
    for method, path in (("GET", COMERCIANTES), ("POST", COMERCIANTES), ("POST", f"{COMERCIANTES}/{uuid4()}/desativacao")):
        assert (await served.ask(method, path))[0] == 401
        assert (await served.ask(method, path, headers=installed.merchant(str(uuid4()))))[0] == 403
        status, body, told = await served.ask(method, path, headers=admin)
        assert (status, body["emissor"], "ratelimit" in told) == (404, installed.issuer.url, True)
    assert (await served.ask("GET", LANCAMENTOS, headers=admin))[0] in {401, 403}


async def test_it_needs_no_database_and_outlives_its_issuer(tmp_path: Path) -> None:
    """The command serves with five variables; until the issuer was seen a token is a 503 with a time to come back, and then it passes."""
    with Issuer() as issuer:
        settings = settings_for(issuer.url)
        environ = {
            "PATH": os.environ["PATH"],
            "CAIXA_IDENTITY": "oidc",
            "CAIXA_PORT": str(settings.server.port),
            "CAIXA_MANAGEMENT_PORT": str(settings.server.management_port),
            "CAIXA_TOKEN_ISSUER": issuer.url,
            "CAIXA_FLUXO_URL": settings.fluxo_url,
            "CAIXA_SALDO_URL": settings.saldo_url,
        }
        token = issuer.token()
        issuer.stop()
        with (tmp_path / "gateway.log").open("wb") as log:
            script = Path(sys.executable).with_name("caixa-gateway")
            process = await asyncio.create_subprocess_exec(script, "api", env=environ, stdout=log, stderr=log)
        try:
            async with aiohttp.ClientSession() as session:
                served = Served(settings.server, session)

                async def ready() -> bool:
                    assert process.returncode is None, "the gateway ended: its log is in the test's folder"
                    return (await served.health())[0] == 200

                await eventually("the gateway is ready", ready)
                assert "does not answer" in (await served.health())[1]["verificacoes"]["emissor"]
                sent = {"Authorization": f"Bearer {token}"}
                status, body, told = await served.ask("GET", LANCAMENTOS, headers=sent)
                assert (status, told["retry-after"], "emissor" in body["detail"]) == (503, "2", True)
                issuer.start()

                async def passes() -> bool:  # as far as the service, which is not there
                    return "fluxo" in (await served.ask("GET", LANCAMENTOS, headers=sent))[1]["detail"]

                await eventually("the token passes", passes)
                issuer.stop()
                assert await passes()
        finally:
            if process.returncode is None:
                process.terminate()
            assert await asyncio.wait_for(process.wait(), 60) == 0
