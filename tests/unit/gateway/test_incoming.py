"""A request's body: whole when small, a stream when large, refused when too large, and the client's leaving noticed."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from caixa_comum.problems import Problem
from caixa_gateway.incoming import HELD_BYTES, MAIOR_CORPO, ClientGone, Incoming, Streamed

CHUNKED = {b"transfer-encoding": b"chunked"}


def incoming(chunks: Iterable[bytes], headers: dict[bytes, bytes], *, hangs_up: bool = False, maior: int = MAIOR_CORPO) -> Incoming:
    """Give a request whose body comes in these chunks, and whose client then waits, or hangs up."""
    body = list(chunks)
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in body]  # Any: ASGI
    if hangs_up:
        messages.append({"type": "http.disconnect"})
    elif messages:
        messages[-1]["more_body"] = False
    left = iter(messages)

    async def receive() -> Any:  # Any: ASGI
        message = next(left, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    return Incoming(headers, receive, maior=maior)


async def test_without_a_body_there_is_none() -> None:
    """Neither a length nor a transfer coding: nothing is read and nothing is sent."""
    assert await incoming([], {}).body() is None


async def test_a_small_body_is_held_whole() -> None:
    """So that it can be sent twice."""
    assert await incoming([b"a", b"", b"b" * 1000], CHUNKED).body() == b"a" + b"b" * 1000
    assert await incoming([b""], {b"content-length": b"0"}).body() == b""


async def test_a_large_body_is_a_stream_that_loses_nothing() -> None:
    """What was read while deciding comes first."""
    chunks = [bytes([number]) * 30_000 for number in range(10)]
    body = await incoming(chunks, CHUNKED).body()
    assert isinstance(body, Streamed)
    assert b"".join([chunk async for chunk in body]) == b"".join(chunks)


@pytest.mark.parametrize("headers", [CHUNKED, {b"content-length": str(2 * MAIOR_CORPO).encode()}], ids=["chunked", "declared"])
async def test_a_body_too_large_is_413(headers: dict[bytes, bytes]) -> None:
    """Whether its length is declared or found out."""

    async def read() -> None:
        body = await incoming([b"x" * HELD_BYTES] * 32, headers).body()
        assert isinstance(body, Streamed)
        async for _ in body:
            pass

    with pytest.raises(Problem) as raised:
        await read()
    assert raised.value.status == 413


async def test_a_route_may_take_larger_bodies() -> None:
    """With a bound of its own a body of that size passes whole, and one byte more is 413 by that bound."""
    for extra, passes in ((b"", True), (b"x", False)):
        request = incoming([b"x" * HELD_BYTES] * 32 + [extra], CHUNKED, maior=32 * HELD_BYTES)
        body = await request.body()
        assert isinstance(body, Streamed)
        if passes:
            assert sum([len(chunk) async for chunk in body]) == 32 * HELD_BYTES
        else:
            with pytest.raises(Problem, match=str(32 * HELD_BYTES)):
                [chunk async for chunk in body]


async def test_a_client_that_leaves_within_its_body_is_gone() -> None:
    """Half a body is never taken for a whole one."""
    with pytest.raises(ClientGone):
        await incoming([b"half"], {b"content-length": b"10"}, hangs_up=True).body()


@pytest.mark.parametrize("chunks", [1, HELD_BYTES // 1_000 + 1], ids=["held", "streamed"])
async def test_a_body_that_stops_coming_is_408(chunks: int) -> None:
    """However much of it came, and whoever reads it: its time counts from its beginning."""
    sent = iter([{"type": "http.request", "body": b"x" * 1_000, "more_body": True}] * chunks)

    async def receive() -> Any:  # Any: ASGI
        return next(sent, None) or await asyncio.Event().wait()

    async def read() -> None:
        body = await Incoming(CHUNKED, receive, seconds=0.05).body()
        assert isinstance(body, Streamed)
        try:
            async for _ in body:
                assert not body.waits
        finally:
            assert body.waits

    with pytest.raises(Problem) as raised:
        await read()
    assert raised.value.status == 408


async def test_leaving_is_noticed_only_after_the_body() -> None:
    """Watching for the client's leaving takes nothing away from who reads the body."""
    request = incoming([b"a"], CHUNKED, hangs_up=False)
    watching = asyncio.create_task(request.gone())
    await asyncio.sleep(0)
    assert await request.body() == b"a"
    await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()
