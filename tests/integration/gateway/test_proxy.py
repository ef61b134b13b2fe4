"""What passes the door, what does not, and what happens when a service is away."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.integration.gateway.door import Door

SALDO = "/api/v1/saldos/atual"
LANCAMENTOS = "/api/v1/lancamentos"


async def test_a_request_reaches_its_service_whole(door: Door) -> None:
    """Method, path, query, body and the merchant's headers arrive; spoofed ones are replaced by the gateway's own."""
    headers = await door.merchant() | {
        "Idempotency-Key": "k1",
        "X-Forwarded-For": "6.6.6.6",
        "X_Forwarded_For": "6.6.6.6",
        "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    }
    status, body, answered = await door.ask("POST", f"{LANCAMENTOS}?a=1&a=%C3%A9", json={"valor": 1}, headers=headers)
    assert (status, body["metodo"], body["caminho"]) == (200, "POST", f"{LANCAMENTOS}?a=1&a=%C3%A9")
    received = {name.lower(): value for name, value in body["cabecalhos"].items()}
    assert received["idempotency-key"] == "k1"
    assert received["x-forwarded-for"] == "127.0.0.1"
    assert received["traceparent"] == headers["traceparent"]
    assert "x_forwarded_for" not in received
    assert received["x-request-id"] == answered["x-request-id"]
    assert door.fluxo.bodies == [b'{"valor": 1}']
    assert "ratelimit" in answered


async def test_large_bodies_stream_both_ways_and_too_large_ones_are_refused(door: Door) -> None:
    """Half a mebibyte passes up and down; more than one mebibyte never reaches a service."""
    headers = await door.merchant()
    status, body, answered = await door.ask("POST", f"{LANCAMENTOS}?corrente", data=b"y" * 500_000, headers=headers)
    assert (status, len(body), len(door.fluxo.bodies[0])) == (200, 500_000, 500_000)
    assert "x-loja" not in answered
    status, _, _ = await door.ask("POST", LANCAMENTOS, data=b"y" * 1_100_000, headers=headers)
    assert status == 413
    assert len(door.fluxo.bodies) == 1


async def test_a_lote_may_be_twice_as_large(door: Door) -> None:
    """Two mebibytes pass to the lote, and one byte more is refused by that bound; elsewhere one mebibyte is the bound."""
    headers, largest = await door.merchant(), 2 * 1024 * 1024
    status, _, _ = await door.ask("POST", f"{LANCAMENTOS}/lote", data=b"y" * largest, headers=headers)
    assert (status, [len(body) for body in door.fluxo.bodies]) == (200, [largest])
    for path, bound in ((f"{LANCAMENTOS}/lote", largest), (LANCAMENTOS, 1024 * 1024)):
        status, body, _ = await door.ask("POST", path, data=b"y" * (bound + 1), headers=headers)
        assert (status, str(bound) in body["detail"]) == (413, True)


@pytest.mark.parametrize("authorization", [None, "Bearer abc", "Basic eDp5", "Bearer "])
async def test_without_a_good_token_nothing_passes(door: Door, authorization: str | None) -> None:
    """401 with how to authenticate, and the service hears nothing."""
    status, body, headers = await door.ask("GET", SALDO, headers={"Authorization": authorization} if authorization else {})
    assert (status, body["status"]) == (401, 401)
    assert headers["www-authenticate"].startswith('Bearer realm="caixa"')
    assert door.saldo.received == []


async def test_a_service_that_is_away_is_a_fast_503_and_touches_no_other(door: Door) -> None:
    """Saldo's routes answer 503 with Retry-After while fluxo's go on; saldo is used again as soon as it is back."""
    headers = await door.merchant()
    await door.ask("GET", SALDO, headers=headers)
    await door.saldo.stop()
    status, body, answered = await door.ask("GET", SALDO, headers=headers)
    assert (status, body["title"], answered["retry-after"]) == (503, "Serviço indisponível", "2")
    status, _, _ = await door.ask("POST", LANCAMENTOS, json={}, headers=headers)
    assert status == 200
    await door.saldo.start()
    status, _, _ = await door.ask("GET", SALDO, headers=headers)
    assert status == 200


async def test_a_kept_connection_that_the_service_closed_costs_no_post(door: Door) -> None:
    """A POST with an idempotency key survives the service's restart between two requests."""
    headers = await door.merchant() | {"Idempotency-Key": "k"}
    for _ in range(3):
        status, _, _ = await door.ask("POST", LANCAMENTOS, json={"valor": 1}, headers=headers)
        assert status == 200
        await door.fluxo.stop()
        await door.fluxo.start()


@pytest.mark.parametrize("rate_limit", ["5/hour"])
async def test_a_merchant_over_its_rate_waits_and_no_other_does(door: Door) -> None:
    """The sixth request of five is a 429 that says when to come back; another merchant's first passes."""
    headers, others = await door.merchant(), await door.merchant()
    statuses = [(await door.ask("GET", SALDO, headers=headers))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert (await door.ask("GET", SALDO, headers=others))[0] == 200


@pytest.mark.parametrize("rate_limit", ["5/hour"])
async def test_tokens_are_limited_by_the_address_that_asks(door: Door) -> None:
    """Guessing secrets is slowed down whatever client is named: the sixth request of an address waits."""
    outcomes = [await door.token(f"cx_{number}", "x") for number in range(6)]
    assert [status for status, _, _ in outcomes] == [401] * 5 + [429]
    _, body, headers = outcomes[-1]
    assert body["title"] == "Pedidos demais"
    assert 1 <= int(headers["retry-after"]) <= 3600
    assert all("ratelimit" in told and "ratelimit-policy" in told for _, _, told in outcomes)


async def test_an_answer_to_head_has_a_length_and_no_body(door: Door) -> None:
    """HEAD passes as it is."""
    status, body, headers = await door.ask("HEAD", SALDO, headers=await door.merchant())
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
    assert door.saldo.received[0].method == "HEAD"


async def test_a_body_without_a_length_may_not_be_too_large_either(door: Door) -> None:
    """A chunked body that grows over one mebibyte is refused with 413, though a part of it was under way."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"y" * 50_000

    status, body, _ = await door.ask("POST", LANCAMENTOS, data=endless(), headers=await door.merchant())
    assert (status, body["title"]) == (413, "Corpo grande demais")
    assert door.fluxo.bodies == []


async def test_health_tells_of_services_without_depending_on_them(door: Door) -> None:
    """With saldo away the gateway is ready, and says what does not answer."""
    assert (await door.health())[1]["verificacoes"] == {"banco": "ok", "esquema": "ok", "fluxo": "ok", "saldo": "ok"}
    await door.saldo.stop()
    status, body = await door.health()
    assert (status, body["situacao"]) == (200, "pronta")
    assert "does not answer" in body["verificacoes"]["saldo"]


async def test_every_services_route_is_counted_and_timed_by_its_own_name(door: Door) -> None:
    """Rate, errors and durations are told apart by template, not by identifier, though the door is one route for all of a service's."""
    headers = await door.merchant()
    for path in (f"{LANCAMENTOS}/{uuid4()}", f"{LANCAMENTOS}/{uuid4()}", f"{LANCAMENTOS}/2026-11-26/invent/ado/mais"):
        assert (await door.ask("GET", path, headers=headers))[0] == 200
    await door.fluxo.stop()
    assert (await door.ask("GET", f"{LANCAMENTOS}/{uuid4()}", headers=headers))[0] == 503
    one, other = f"{LANCAMENTOS}/{{id}}", f"{LANCAMENTOS}/{{dia}}/{{outro}}/{{outro}}"
    for route, status, least in ((one, "200", 2), (one, "503", 1), (other, "200", 1)):
        assert await door.metric("caixa_http_requests_total", method="GET", route=route, status=status) >= least
    assert await door.metric("caixa_http_request_seconds_count", method="GET", route=one) >= 3
