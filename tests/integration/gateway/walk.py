"""A walk along every route of the merged document: each operation as the document shows it, asked of the real platform."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import msgspec

from caixa_gateway.merged_openapi import METHODS
from tests.local.platform import Platform
from tests.local.waiting import until

ZONE = ZoneInfo("America/Sao_Paulo")
JSON = Any  # Any: JSON
Values = Mapping[str, str]


class Operation(msgspec.Struct, frozen=True):
    """One operation of the document."""

    id: str
    method: str
    path: str
    described: dict[str, JSON]

    @property
    def administrative(self) -> bool:
        """Whether only the admin may ask for it."""
        return self.path.startswith("/api/v1/comerciantes")

    def parameters(self, where: str) -> list[dict[str, JSON]]:
        """Give the parameters of the path, the query or the headers."""
        return [one for one in self.described.get("parameters", []) if one["in"] == where]

    @property
    def body(self) -> tuple[str, JSON] | None:
        """Give the media type and the example of its body."""
        for kind, media in self.described.get("requestBody", {}).get("content", {}).items():
            shown = media["example"] if "example" in media else next(iter(media["examples"].values()))["value"]
            return kind, shown
        return None


def operations(document: dict[str, JSON]) -> list[Operation]:
    """Give every operation, those that only read first and those that close days last."""
    found = [
        Operation(item[method]["operationId"], method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS & item.keys()
    ]
    return sorted(found, key=lambda one: (one.method != "GET", "fechamento" in one.path, one.path))


class Shop:
    """A merchant at the gateway, with whatever of it a route may be asked for."""

    def __init__(self, caixa: Platform, nome: str) -> None:
        """Register it."""
        self.client = httpx.Client(base_url=caixa.gateway, timeout=60)
        admin = caixa.wiring.identity
        self.admin = self._bearer(admin.admin_id, admin.admin_secret)
        made = self.client.post("/api/v1/comerciantes", json={"nome": nome}, headers=self.admin)
        assert made.status_code == 201, made.text
        self.merchant = made.json()
        self.headers = self._bearer(self.merchant["client_id"], self.merchant["client_secret"])

    def _bearer(self, client_id: str, client_secret: str) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        answer = self.client.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def record(self, **fields: JSON) -> dict[str, JSON]:
        """Record an entry of R$ 1,00 with these fields."""
        body = {"tipo": "credito", "valor": 100, **fields}
        return self.made("/api/v1/lancamentos", body)

    def close(self, dia: date) -> dict[str, JSON]:
        """Close a day."""
        return self.made("/api/v1/fechamentos", {"data": dia.isoformat()})

    def made(self, path: str, body: JSON, *, key: str = "") -> dict[str, JSON]:
        """Create something, and give it."""
        answer = self.client.post(path, json=body, headers={**self.headers, "Idempotency-Key": key or str(uuid4())})
        assert answer.status_code == 201, answer.text
        created: dict[str, JSON] = answer.json()
        return created

    def settled(self, lancamento_id: str) -> None:
        """Wait until the balance includes an entry."""
        until(
            "the balance includes the entry",
            lambda: self.client.get(f"/api/v1/saldos/atual?apos={lancamento_id}", headers=self.headers).status_code == 200,
        )

    def ask(self, operation: Operation, values: Values, headers: Values) -> httpx.Response:
        """Ask as the document shows, but with these values wherever a parameter or a member of the body has such a name."""
        path = operation.path
        for parameter in operation.parameters("path"):
            path = path.replace(f"{{{parameter['name']}}}", values.get(parameter["name"], str(parameter.get("example"))))
        query = {one["name"]: values[one["name"]] for one in operation.parameters("query") if one["name"] in values}
        query |= {one["name"]: one["example"] for one in operation.parameters("query") if one.get("required") and one["name"] not in query}
        sent = dict(headers) if operation.described["security"] else {}
        for parameter in operation.parameters("header"):
            if parameter["name"] in values or parameter.get("required"):
                sent[parameter["name"]] = values.get(parameter["name"]) or parameter["example"]
        content: dict[str, JSON] = {}
        if operation.body is not None:
            kind, example = operation.body
            content = {"data" if kind.endswith("urlencoded") else "json": replaced(example, values)}
        return self.client.request(operation.method, path, params=query, headers=sent, **content)


def replaced(example: JSON, values: Values) -> JSON:
    """Give an example with these values in the place of its members of those names."""
    if isinstance(example, list):
        return [replaced(one, values) for one in example]
    if isinstance(example, dict):
        return {name: values[name] if name in values else replaced(one, values) for name, one in example.items()}
    return example


def names(example: JSON) -> Iterator[str]:
    """Give the names of all members of an example."""
    if isinstance(example, list):
        for one in example:
            yield from names(one)
    if isinstance(example, dict):
        for name, one in example.items():
            yield name
            yield from names(one)


def days_ago(days: int) -> date:
    """Give a business day of the merchants' zone."""
    return datetime.now(ZONE).date() - timedelta(days=days)


def document(caixa: Platform) -> dict[str, JSON]:
    """Ask the gateway for the merged document, once it knows both services."""
    whole: dict[str, JSON] = {}

    def known() -> bool:
        whole.update(json.loads(httpx.get(f"{caixa.gateway}/openapi.json", timeout=60).content))
        return {"/api/v1/lancamentos", "/api/v1/saldos"} <= set(whole["paths"])

    until("the document has the routes of both services", known)
    return whole
