"""Slow and silent clients lose their connection; a request in progress never does."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from caixa_gateway.head_deadline import HeadDeadline
from tests.local.ports import free_port
from tests.local.waiting import eventually


class Hasty(HeadDeadline):
    """The same with a patience that a test can wait for."""

    head_seconds = 0.5
    taken_seconds = 1.0
    at_most = 20


async def _slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after three times the patience; `/sem-fim` with more than any buffer holds."""
    assert scope["type"] == ScopeType.HTTP
    if scope["path"] == "/sem-fim":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(1.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


@pytest.fixture
async def server() -> AsyncIterator[uvicorn.Server]:
    """Give a server in a hurry."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(_slow, host="127.0.0.1", port=port, log_config=None, http=Hasty, ws="none", lifespan="off"))
    serving = asyncio.create_task(server._serve())

    async def started() -> bool:
        return server.started

    await eventually("the server listens", started)
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    """Give its port."""
    return server.config.port


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["silent", "half a head"])
async def test_a_head_that_does_not_come_closes_the_connection(port: int, sent: bytes) -> None:
    """Neither silence nor half a head holds a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


async def test_a_request_in_progress_is_left_alone_and_so_is_the_next(port: int) -> None:
    """An answer that takes longer than a head may comes whole, twice on one connection; a half head behind it closes that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(2) == b"ok"
    writer.write(b"GET / HT")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()


async def test_an_answer_that_nobody_takes_is_given_up(server: uvicorn.Server) -> None:
    """A client that asks and then reads nothing loses its connection, though bytes for it are still waiting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port, limit=1_000)
    writer.write(b"GET /sem-fim HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readexactly(1)
    assert server.server_state.connections

    async def given_up() -> bool:
        return not server.server_state.connections and not server.server_state.tasks

    await eventually("the connection is given up", given_up)
    writer.transport.abort()


async def test_one_connection_too_many_is_told_when_to_come_back(port: int) -> None:
    """Above the bound whoever asks gets a problem with Retry-After and no turn; once others have left, everybody is served again."""
    others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(Hasty.at_most)]
    one_more = await _answer(port)
    assert one_more.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: " in one_more.lower()
    assert b"application/problem+json" in one_more
    for _, writer in others:
        writer.close()

    async def served() -> bool:
        return (await _answer(port)).startswith(b"HTTP/1.1 200 ")

    await eventually("it is served again", served)


async def _answer(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer
