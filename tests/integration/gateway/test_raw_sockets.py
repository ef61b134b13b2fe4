"""What no client library sends: framing tricks and hang-ups, byte by byte."""

import asyncio

import pytest

from tests.integration.gateway.conftest import Door

HEAD = b"POST /api/v1/lancamentos HTTP/1.1\r\nHost: x\r\n"


async def raw(door: Door, sent: bytes) -> bytes:
    """Send bytes and read until the gateway closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.settings.server.port)
    writer.write(sent)
    received = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65_536), 2):
            received += chunk
    except TimeoutError:
        pass
    except ConnectionError:
        pass
    writer.close()
    return received


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/saldos/atual HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD + b"X-A: b\r\n  folded\r\n\r\n",
        HEAD + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1",
        b"GET http://outro.teste/api/v1/saldos/atual HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["CL+TE", "two lengths", "obs-fold", "large header", "large line", "negative", "bad chunk", "TLS", "absolute form"],
)
async def test_a_framing_trick_is_refused_and_nothing_is_smuggled(door: Door, sent: bytes) -> None:
    """The answer is a 4xx or a closed connection, never a 5xx, and no service hears of it."""
    answer = await raw(door, sent)
    assert answer == b"" or b"HTTP/1.1 4" in answer[:12]
    assert b"HTTP/1.1 5" not in answer
    assert door.fluxo.received == door.saldo.received == []


async def test_clients_that_hang_up_leave_no_connection_behind(door: Door) -> None:
    """After a hundred requests that were cut off half-way, the gateway still answers at once."""
    headers = await door.merchant()
    head = HEAD + f"Authorization: {headers['Authorization']}\r\nContent-Length: 100000\r\n\r\nhalf".encode()
    for _ in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", door.settings.server.port)
        writer.write(head)
        await writer.drain()
        writer.close()
    status, _, _ = await door.ask("GET", "/api/v1/saldos/atual", headers=headers)
    assert status == 200
