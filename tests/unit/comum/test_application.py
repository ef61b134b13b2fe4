"""Every answer of a service: named, in Portuguese where it is an error, and never with internals."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from litestar import Litestar, Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.testing import AsyncTestClient
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError

from caixa_comum.application import create_app
from caixa_comum.authentication import identify
from caixa_comum.bodies import read_bytes
from caixa_comum.management import Life, management_app
from caixa_comum.problems import Problem
from caixa_comum.tokens import KeysUnavailable, Reason, Verifier


@get("/dias/{dia:int}")
async def dia(dia: FromPath[int], moeda: FromQuery[str]) -> dict[str, object]:
    """Answer what was asked."""
    return {"dia": dia, "moeda": moeda}


@get("/falha")
async def falha() -> None:
    """Fail as code does."""
    raise RuntimeError("senha=segredo")


@post("/banco")
async def grava() -> None:
    """Share a path with another method."""


@get("/banco")
async def banco() -> None:
    """Fail as a database that is away does."""
    raise OperationalError("SELECT 1", {}, Exception(2003, "Can't connect"))


def client() -> AsyncTestClient[Litestar]:
    """Ask an app of these routes."""
    return AsyncTestClient(create_app([dia, falha, banco, grava], title="teste"), raise_server_exceptions=False)


async def test_an_unforeseen_failure_tells_nothing_of_its_cause() -> None:
    """A 500 names the request for support, and nothing of what happened."""
    async with client() as asking:
        answer = await asking.get("/falha", headers={"X-Request-Id": "pedido-1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == "pedido-1"
    assert "segredo" not in answer.text


async def test_a_database_that_is_away_is_a_503_with_a_time_to_come_back() -> None:
    """Unavailability is told as such, with Retry-After."""
    async with client() as asking:
        answer = await asking.get("/banco")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_missing_or_malformed_parameter_is_pointed_at() -> None:
    """Both are a 400 that names the parameter."""
    async with client() as asking:
        missing, wrong = await asking.get("/dias/1"), await asking.get("/nada")
    assert (missing.status_code, missing.json()["erros"][0]["ponteiro"]) == (400, "/moeda")
    assert (wrong.status_code, wrong.json()["title"]) == (404, "Não encontrado")


async def test_other_methods_are_told_which_ones_there_are() -> None:
    """OPTIONS and a 405 alike name every method of the path, also where each has a handler of its own."""
    async with client() as asking:
        options, wrong = await asking.options("/banco"), await asking.delete("/banco")
        alone = await asking.options("/falha")
    assert (options.status_code, wrong.status_code, wrong.headers["content-type"]) == (204, 405, "application/problem+json")
    for answer in (options, wrong):
        assert sorted(answer.headers["allow"].split(", ")) == ["GET", "OPTIONS", "POST"]
    assert sorted(alone.headers["allow"].split(", ")) == ["GET", "OPTIONS"]


async def test_a_request_id_that_could_forge_a_log_line_is_replaced() -> None:
    """Only harmless ids are taken over; every answer, also of an unknown route, carries one."""
    async with client() as asking:
        answer = await asking.get("/nada", headers={"X-Request-Id": "a b\tc"})
    assert len(answer.headers["x-request-id"]) == 32


async def test_the_openapi_document_is_found_where_tools_look() -> None:
    """/openapi.json describes the routes."""
    async with client() as asking:
        assert "/dias/{dia}" in (await asking.get("/openapi.json")).json()["paths"]


async def test_readiness_tells_each_check_apart_and_ends_with_the_drain() -> None:
    """One failing check makes a process unready by its name; informational ones never do; a draining process is unready."""

    async def good() -> None:
        """Pass."""

    async def bad() -> None:
        raise RuntimeError("start the server")

    life = Life()
    async with AsyncTestClient(management_app({"schema": good}, life=life, informational={"broker": bad})) as asking:
        ready = await asking.get("/saude/pronta")
        life.draining = True
        draining = await asking.get("/saude/pronta")
        alive = await asking.get("/saude/viva")
        metrics = await asking.get("/metrics")
    assert (ready.status_code, ready.json()["verificacoes"]) == (200, {"schema": "ok", "broker": "start the server"})
    assert (draining.status_code, alive.status_code, metrics.status_code) == (503, 200, 200)
    async with AsyncTestClient(management_app({"schema": bad})) as asking:
        assert (await asking.get("/saude/pronta")).status_code == 503


def counted(**labels: str) -> float:
    """Give how many requests were counted under these labels."""
    return REGISTRY.get_sample_value("caixa_http_requests_total", labels) or 0.0


async def test_requests_are_counted_under_few_names_whatever_clients_send() -> None:
    """A route counts by its template; unknown paths and made-up methods share one name each."""
    async with client() as asking:
        await asking.get("/dias/20261126?moeda=BRL")
        await asking.request("INVENTADO", "/dias/1")
        await asking.get("/nada/20261126")
    assert counted(method="GET", route="/dias/{dia}", status="200") >= 1
    assert counted(method="other", route="/dias/{dia}", status="405") + counted(method="other", route="other", status="405") >= 1
    assert counted(method="GET", route="other", status="404") >= 1
    told = {
        label
        for metric in REGISTRY.collect()
        if metric.name == "caixa_http_requests"
        for one in metric.samples
        for label in one.labels.values()
    }
    assert not {one for one in told if "20261126" in one or "INVENTADO" in one}


async def test_a_token_that_is_not_accepted_is_counted_by_its_reason() -> None:
    """Missing, malformed, and keys that were never seen; every reason is told as 0 before its first."""

    class Away:
        async def key(self, kid: str) -> None:
            raise KeysUnavailable(kid)

    def failures(reason: Reason) -> float:
        found = REGISTRY.get_sample_value("caixa_token_failures_total", {"reason": reason})
        assert found is not None, reason
        return found

    before = {reason: failures(reason) for reason in Reason}
    token = jwt.encode(
        {"sub": "m"}, rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm="RS256", headers={"kid": "k"}
    )
    for authorization in (None, "Basic eDp5", "Bearer a.b.c", f"Bearer {token}"):
        with pytest.raises(Problem):
            await identify(authorization, Verifier("http://emissor.teste", "caixa", Away()))
    risen = {reason: failures(reason) - before[reason] for reason in Reason if failures(reason) != before[reason]}
    assert risen == {Reason.MISSING: 2, Reason.MALFORMED: 1, Reason.KEYS_UNAVAILABLE: 1}


async def test_a_body_that_breaks_off_is_no_fault_of_ours() -> None:
    """A client that leaves while its body comes gets a 400, which nobody reads, and is no unforeseen failure."""

    @post("/corpo")
    async def corpo(request: Request[Any, Any, Any]) -> int:  # Any: every user, auth and state
        return len(await read_bytes(request))

    messages = iter([{"type": "http.request", "body": b'{"va', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []  # Any: ASGI

    async def receive() -> Any:  # Any: ASGI
        return next(messages)

    async def send(message: Any) -> None:  # Any: ASGI
        sent.append(message)

    scope: Any = {"type": "http", "method": "POST", "path": "/corpo", "raw_path": b"/corpo", "query_string": b"", "headers": []}
    await create_app([corpo], title="teste")(scope, receive, send)
    assert sent[0]["status"] == 400
