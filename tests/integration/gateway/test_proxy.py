"""What passes the door, what does not, and what happens when a service is away."""

import asyncio

import pytest

from tests.integration.gateway.conftest import Door

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


async def test_a_path_that_could_mean_two_things_is_refused(door: Door) -> None:
    """Encoded dots and slashes never reach a service."""
    headers = await door.merchant()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.settings.server.port)
    head = f"GET /api/v1/saldos/%2e%2e/x HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404"))
    assert door.saldo.received == []
