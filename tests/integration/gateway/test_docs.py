"""The merged OpenAPI document, made of what fluxo and saldo say of themselves, and the page that shows it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from caixa_comum.application import create_app
from caixa_comum.database import create_engine
from caixa_fluxo.api import application
from caixa_fluxo.group_commit import Limits
from caixa_gateway.disabled import ActiveVerifier, Disabled
from caixa_gateway.merged_openapi import METHODS, merged, operations
from caixa_gateway.signing_keys import SigningKeys
from caixa_saldo.balance_reads import BalanceReads
from caixa_saldo.balance_routes import balance_routes
from tests.integration.gateway.door import Door
from tests.local.database import Database

Documents = dict[str, dict[str, Any]]  # Any: JSON


@pytest.fixture
async def services(mysql: Database, key_file: Any) -> AsyncIterator[Documents]:  # Any: a path
    """Give the real documents of fluxo and saldo."""
    engine = create_engine(mysql.settings("fluxo", "caixa_fluxo"))
    verifier = ActiveVerifier("http://x", "caixa", SigningKeys.read(str(key_file)), Disabled(engine))
    async with application(engine, verifier, Limits()) as fluxo:
        saldo = create_app(
            balance_routes(BalanceReads(engine, partial(datetime.now, UTC)), partial(datetime.now, UTC)),
            title="Caixa: saldos",
            verifier=verifier,
        )
        yield {"fluxo": fluxo.openapi_schema.to_schema(), "saldo": saldo.openapi_schema.to_schema()}
    await engine.dispose()


def bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every body of an operation that has a schema."""
    holders = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [media for holder in holders for media in holder.get("content", {}).values() if media.get("schema")]


async def document(door: Door, services: Documents) -> dict[str, Any]:
    """Serve the documents in the services' places, and ask the gateway for the whole."""
    for service, name in ((door.fluxo, "fluxo"), (door.saldo, "saldo")):
        service.document = services[name]
    status, body, _ = await door.ask("GET", "/openapi.json")
    assert status == 200
    whole: dict[str, Any] = body
    return whole


async def test_the_merged_document_is_valid_and_has_every_route_with_examples_of_its_form(door: Door, services: Documents) -> None:
    """OpenAPI's own validator accepts it; each operation has an id of its own, a token where one is needed, and valid examples."""
    whole = await document(door, services)
    validate(whole)
    assert {"/oauth/token", "/api/v1/comerciantes", "/api/v1/lancamentos", "/api/v1/lancamentos/lote", "/api/v1/saldos/atual"} <= whole[
        "paths"
    ].keys()
    every = operations(whole)
    ids = [operation["operationId"] for operation in every]
    assert len(set(ids)) == len(ids)
    for operation in every:
        assert any("example" in media or "examples" in media for media in bodies(operation)), operation["operationId"]
        for media in bodies(operation):
            if "example" in media:
                schema = {**media["schema"], "components": whole["components"]}
                Draft202012Validator(schema).validate(media["example"])
        for parameter in operation.get("parameters", []):
            if parameter["required"]:
                Draft202012Validator(parameter["schema"]).validate(parameter["example"])
    assert whole["paths"]["/api/v1/saldos/atual"]["get"]["security"]
    assert whole["paths"]["/oauth/token"]["post"]["security"] == []


async def test_every_route_of_the_document_asks_for_a_token_or_answers(door: Door, services: Documents) -> None:
    """Asked without a token, no route of the document is unknown, and none fails."""
    whole = await document(door, services)
    for path, item in whole["paths"].items():
        for method in METHODS & item.keys():
            status, _, _ = await door.ask(method.upper(), re.sub(r"\{[^}]+\}", "01939b5e-7c00-7000-8000-000000000001", path))
            assert status in ({401} if item[method]["security"] else {200, 400, 401}), (method, path, status)


async def test_a_service_that_is_down_leaves_its_last_known_routes(door: Door, services: Documents) -> None:
    """The page does not shrink when a service restarts."""
    whole = await document(door, services)
    await door.saldo.stop()
    status, body, _ = await door.ask("GET", "/openapi.json")
    assert (status, body["paths"].keys()) == (200, whole["paths"].keys())


async def test_the_page_and_its_files_come_from_here(door: Door) -> None:
    """No address of another host in the page, every file that it names answers, and nothing else of the folder does."""
    status, body, headers = await door.ask("GET", "/docs")
    page = body.decode()
    assert status == 200
    assert "://" not in page
    assert "default-src 'self'" in headers["content-security-policy"]
    for named in re.findall(r'(?:src|href)="(/docs/[^"]+)"', page):
        assert (await door.ask("GET", named))[0] == 200
    assert (await door.ask("GET", "/docs/swagger-ui.js"))[0] == 404
    assert (await door.ask("GET", "/docs/..%2fcore.py"))[0] == 404


def test_schemas_and_operations_of_one_name_are_told_apart() -> None:
    """References follow the renamed schema; routes that the gateway does not pass on are left out."""

    def one(path: str, kind: str) -> dict[str, Any]:
        schema = {"$ref": "#/components/schemas/Coisa"}
        answer = {"200": {"description": "x", "content": {"application/json": {"schema": schema}}}}
        paths = {path: {"get": {"operationId": "ler", "responses": answer}}, "/interno": {"get": {"responses": answer}}}
        return {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "paths": paths,
            "components": {"schemas": {"Coisa": {"type": kind}}},
        }

    own = one("/docs", "string") | {"paths": {}}
    whole = merged(own, {"fluxo": one("/api/v1/lancamentos", "integer"), "saldo": one("/api/v1/saldos", "string")})
    assert set(whole["components"]["schemas"]) == {"Coisa", "FluxoCoisa"}
    schema = whole["paths"]["/api/v1/lancamentos"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/FluxoCoisa"}
    assert [operation["operationId"] for operation in operations(whole)] == ["ler", "saldoler"]
    assert "/interno" not in whole["paths"]
