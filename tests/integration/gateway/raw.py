"""Speaking to the gateway in bytes of one's own."""

import asyncio

from tests.integration.gateway.door import Door

CLOSE = "Connection: close\r\n"


def head(token: dict[str, str], line: str, more: str | bytes = b"") -> bytes:
    """Give a request's head: this line, a host, a merchant's token, and more lines, each with its end."""
    added = more.encode() if isinstance(more, str) else more
    return f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {token['Authorization']}\r\n".encode() + added + b"\r\n"


async def exchanged(door: Door, *sent: bytes, silence: float = 30) -> bytes:
    """Send these segments, one after the other, and read until the gateway closes or is silent for so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    received = b""
    try:
        for segment in sent:
            writer.write(segment)
            await writer.drain()
            await asyncio.sleep(0.02 if len(sent) > 1 else 0)
        while chunk := await asyncio.wait_for(reader.read(65_536), silence):
            received += chunk
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return received


def statuses(answers: bytes) -> list[int]:
    """Give the statuses of the answers, in their order; no body of these tests holds a status line."""
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
