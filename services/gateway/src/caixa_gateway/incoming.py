"""A client's request as it comes in: its body bounded in size and time, and whether anybody still waits for the answer."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from litestar.types import Receive

from caixa_comum.problems import Problem, problem

MAIOR_CORPO: Final = 1024 * 1024
"""Bytes of a body, where its route does not say otherwise."""
HELD_BYTES: Final = 64 * 1024
"""Bodies up to this size are held whole, so that they can be sent again over a fresh connection."""
BODY_SECONDS: Final = 30.0
LINGER_BYTES: Final = 8 * MAIOR_CORPO
LINGER_SECONDS: Final = 2.0


def slow_body() -> Problem:
    """Give the 408 of a body that did not arrive in time."""
    return Problem(408, "Tempo esgotado", "O corpo do pedido demorou demais para chegar.", headers={"Connection": "close"})


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Bound the time that a body may take to arrive. Raises Problem 408."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            yield
    except TimeoutError:
        raise slow_body() from None


class ClientGone(Exception):
    """The client hung up; nobody is left to answer."""


class Incoming:
    """The receiving half of one request (ASGI)."""

    def __init__(
        self, headers: Mapping[bytes, bytes], receive: Receive, *, maior: int = MAIOR_CORPO, seconds: float = BODY_SECONDS
    ) -> None:
        """Take the request's headers, names in lower case, how many bytes its body may have, and how long it may take to arrive."""
        self._maior = maior
        self._declared = headers.get(b"content-length", b"")
        self._empty = not self._declared and b"transfer-encoding" not in headers
        self._receive = receive
        self._seconds = seconds
        self._due = math.inf
        self._whole = asyncio.Event()

    async def body(self) -> "bytes | Streamed | None":
        """Give a small body whole and a large one as a stream, None where there is none.

        Raises Problem: 413 above `maior` bytes, 408 where it takes too long. Raises ClientGone.
        """
        if self._empty:
            self._whole.set()
            return None
        if self._declared.isdigit() and int(self._declared) > self._maior:
            raise await self._too_large()
        self._due = asyncio.get_running_loop().time() + self._seconds
        chunks = self._chunks()
        held = bytearray()
        async for chunk in chunks:
            held += chunk
            if len(held) > HELD_BYTES:
                return Streamed(bytes(held), chunks)
        return bytes(held)

    async def gone(self) -> None:
        """Return once the client has hung up; what it sends before that is its body, and is not taken from `body`'s reader."""
        await self._whole.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _chunks(self) -> AsyncIterator[bytes]:
        total = 0
        more = True
        while more:
            chunk, more = await self._next()
            total += len(chunk)
            if total > self._maior:
                raise await self._too_large()
            if chunk:
                yield chunk
        self._whole.set()

    async def _next(self) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout_at(self._due if self._due < math.inf else None):
                message = await self._receive()
        except TimeoutError:
            raise slow_body() from None
        if message["type"] != "http.request":
            raise ClientGone
        return message.get("body", b""), message.get("more_body", False)

    async def _too_large(self) -> Problem:
        """Give the 413, after passing over what is still coming: a connection closed before would be reset, and the answer lost."""
        passed, more = 0, True
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while more and passed < LINGER_BYTES:
                    chunk, more = await self._next()
                    passed += len(chunk)
        except TimeoutError:
            pass
        return problem(413, f"O corpo do pedido passa de {self._maior} bytes.", headers={"Connection": "close"})


class Streamed:
    """A body that is still coming; it can be read once."""

    def __init__(self, first: bytes, chunks: AsyncIterator[bytes]) -> None:
        """Take what came already, and the rest."""
        self._first = first
        self._chunks = chunks
        self.waits = False
        """Whether its reader waits for the client, so that whatever takes too long now is the client's doing."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body in pieces. Raises Problem: 413 where it is too large, 408 where it takes too long. Raises ClientGone."""
        first, self._first = self._first, b""  # not held for as long as the rest takes
        yield first
        del first
        while True:
            self.waits = True
            chunk = await anext(self._chunks, b"")
            self.waits = False
            if not chunk:
                return
            yield chunk
