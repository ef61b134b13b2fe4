"""What no client library sends: framing tricks, byte by byte."""

import asyncio

import pytest

from tests.integration.gateway.door import Door

HEAD = b"POST /api/v1/lancamentos HTTP/1.1\r\nHost: x\r\n"


async def signed(door: Door, head: str, more: bytes = b"") -> bytes:
    """Give a merchant's request: these lines, its token, and an empty line."""
    token = (await door.merchant())["Authorization"]
    return head.encode() + f"Host: x\r\nAuthorization: {token}\r\n".encode() + more + b"\r\n"


async def raw(door: Door, sent: bytes, *, silence: float = 30) -> bytes:
    """Send bytes and read until the gateway closes or is silent for so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(sent)
    received = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65_536), silence):
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
    answer = await raw(door, sent, silence=2)
    assert answer == b"" or b"HTTP/1.1 4" in answer[:12]
    assert b"HTTP/1.1 5" not in answer
    assert door.fluxo.received == door.saldo.received == []


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/saldos/%2e%2e/x",
        "/api/v1/saldos/..%2flancamentos",
        "/api/v1/saldos/../lancamentos",
        "/api/v1/saldos//x",
        "/api/v1/saldos/x#y",
    ],
)
async def test_a_path_that_could_mean_two_things_is_refused(door: Door, target: str) -> None:
    """Encoded dots and slashes never reach a service, even with a good token."""
    answer = await raw(door, await signed(door, f"GET {target} HTTP/1.1\r\nConnection: close\r\n"))
    assert answer.startswith(b"HTTP/1.1 400")
    assert door.fluxo.received == door.saldo.received == []


@pytest.mark.parametrize("value", [b"a\x01b", b"a\x7fb", b"\x1b[31m"])
async def test_a_control_character_in_a_header_is_400(door: Door, value: bytes) -> None:
    """It is neither passed on nor tripped over."""
    sent = await signed(door, "GET /api/v1/saldos/atual HTTP/1.1\r\nConnection: close\r\n", b"X-Loja: " + value + b"\r\n")
    assert (await raw(door, sent)).startswith(b"HTTP/1.1 400")
    assert door.saldo.received == []


async def test_bytes_beyond_ascii_in_a_header_are_no_fault(door: Door) -> None:
    """An old client's accented header reaches the service."""
    sent = await signed(door, "GET /api/v1/saldos/atual HTTP/1.1\r\nConnection: close\r\n", b"X-Loja: P\xe3o\r\n")
    assert (await raw(door, sent)).startswith(b"HTTP/1.1 200")
    assert door.saldo.received[0].headers["X-Loja"] == "Pão"


async def test_an_upgrade_is_a_plain_request(door: Door) -> None:
    """Nobody speaks WebSocket here: the service is asked over HTTP, without the upgrade."""
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
    )
    answer = await raw(door, await signed(door, "GET /api/v1/saldos/atual HTTP/1.1\r\n", upgrade))
    assert answer.startswith(b"HTTP/1.1 200")
    assert "Upgrade" not in door.saldo.received[0].headers


@pytest.mark.parametrize("line", ["CONNECT saldo:8080 HTTP/1.1", "TRACE / HTTP/1.1", "OPTIONS * HTTP/1.1", "FOO / HTTP/1.1"])
async def test_methods_of_proxies_are_refused(door: Door, line: str) -> None:
    """The door tunnels to nowhere and echoes nothing."""
    answer = await raw(door, await signed(door, f"{line}\r\nConnection: close\r\n"))
    assert answer.startswith(b"HTTP/1.1 4")
