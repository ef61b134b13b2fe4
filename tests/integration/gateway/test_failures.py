"""What a merchant sees when a service dies, hangs or babbles: a plain answer, the same request never done twice."""

import asyncio

import aiohttp
import pytest

from tests.integration.gateway.door import Door
from tests.integration.gateway.service import Scripted, scripted
from tests.local.waiting import eventually

SALDO = "/api/v1/saldos/atual"
LANCAMENTOS = "/api/v1/lancamentos"
FECHAMENTOS = "/api/v1/fechamentos"


async def test_a_keyed_post_on_a_connection_that_just_closed_is_sent_again(door: Door) -> None:
    """The service closes a kept connection as the request arrives: the merchant sees the answer of the second attempt, same key."""
    headers = await door.merchant() | {"Idempotency-Key": "chave-1"}
    await door.fluxo.stop()
    async with scripted(door.fluxo.port, Scripted.KEPT, None, Scripted.KEPT) as service:
        for _ in range(2):
            status, _, _ = await door.ask("POST", LANCAMENTOS, json={"valor": 1}, headers=headers)
            assert status == 200
    assert len(service.heads) == 3
    assert all(b"idempotency-key: chave-1" in head.lower() for head in service.heads)
    assert service.connections == 2


@pytest.mark.parametrize(
    ("method", "path", "headers", "attempts"),
    [
        ("GET", LANCAMENTOS, {}, 2),
        ("POST", LANCAMENTOS, {"Idempotency-Key": "k"}, 2),
        ("POST", LANCAMENTOS, {}, 1),
        ("POST", FECHAMENTOS, {"Idempotency-Key": "k"}, 2),
        ("POST", FECHAMENTOS, {}, 1),
        ("POST", SALDO, {"Idempotency-Key": "k"}, 1),
        ("PATCH", LANCAMENTOS, {"Idempotency-Key": "k"}, 1),
    ],
)
async def test_a_service_that_only_hangs_up_is_asked_once_or_twice(
    door: Door, method: str, path: str, headers: dict[str, str], attempts: int
) -> None:
    """Only what may be repeated is, and once; then the merchant is told when to come back."""
    token = await door.merchant()
    asked = door.saldo if path == SALDO else door.fluxo
    await asked.stop()
    async with scripted(asked.port) as service:
        status, _, answered = await door.ask(method, path, headers=token | headers)
    assert (status, answered["retry-after"], len(service.heads)) == (503, "2", attempts)
    assert "ratelimit" in answered


async def test_a_service_that_babbles_is_502(door: Door) -> None:
    """What is no HTTP is not passed on."""
    headers = await door.merchant()
    await door.saldo.stop()
    async with scripted(door.saldo.port, b"SSH-2.0-OpenSSH\r\n\r\n"):
        status, body, _ = await door.ask("GET", SALDO, headers=headers)
    assert (status, body["title"]) == (502, "Resposta inválida do serviço")


@pytest.mark.parametrize(
    "half",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ids=["length", "chunked"],
)
async def test_half_an_answer_is_never_taken_for_a_whole_one(door: Door, half: bytes) -> None:
    """An answer that breaks off at the service breaks off for the merchant, whose client sees it; the next request is served."""
    headers = await door.merchant()
    await door.saldo.stop()
    async with scripted(door.saldo.port, half, Scripted.KEPT):
        with pytest.raises(aiohttp.ClientPayloadError):
            await door.ask("GET", SALDO, headers=headers)
        status, _, _ = await door.ask("GET", SALDO, headers=headers)
    assert status == 200


@pytest.mark.parametrize("answer_seconds", [2.0])
async def test_a_service_that_hangs_is_504(door: Door) -> None:
    """The merchant is not left waiting, and is told what to do; the service is told that nobody waits any more."""
    status, body, headers = await door.ask("GET", f"{SALDO}?pendente", headers=await door.merchant())
    assert (status, body["title"]) == (504, "Tempo esgotado")
    assert "ratelimit" in headers


@pytest.mark.parametrize("answer_seconds", [2.0])
async def test_an_answer_without_end_is_cut(door: Door) -> None:
    """A body that never ends is broken off when its time is up."""
    headers = await door.merchant()
    with pytest.raises(aiohttp.ClientPayloadError):
        await door.ask("GET", f"{SALDO}?semfim", headers=headers)


async def test_a_service_that_is_down_is_no_longer_asked_and_the_other_goes_on(door: Door) -> None:
    """After five failures in a row the answer is 503 without a connection; fluxo is served meanwhile, and saldo again once it is back."""
    headers = await door.merchant()
    await door.saldo.stop()
    async with scripted(door.saldo.port) as service:
        for _ in range(8):
            status, _, answered = await door.ask("POST", SALDO, headers=headers)
            assert (status, answered["retry-after"]) == (503, "2")
            assert (await door.ask("POST", LANCAMENTOS, json={}, headers=headers))[0] == 200
        assert len(service.heads) < 8
    await door.saldo.start()

    async def back() -> bool:
        return (await door.ask("GET", SALDO, headers=headers))[0] == 200

    await eventually("saldo is asked again", back)


@pytest.mark.parametrize("answer_seconds", [0.5])
async def test_an_export_and_a_closing_may_take_longer_than_the_rest(door: Door) -> None:
    """Silent for three times the seconds that others have, they still answer; a closing is not asked for twice meanwhile."""
    headers = await door.merchant() | {"Idempotency-Key": "k"}
    slow = [("GET", f"{LANCAMENTOS}/exportacao"), ("POST", FECHAMENTOS)]
    asking = [asyncio.create_task(door.ask(method, f"{path}?segurado", headers=headers)) for method, path in slow]
    assert (await door.ask("GET", f"{LANCAMENTOS}?segurado", headers=headers))[0] == 504
    await asyncio.sleep(1)
    door.fluxo.let_go.set()
    assert [(await one)[0] for one in asking] == [200, 200]
    assert len(door.fluxo.received) == 3
