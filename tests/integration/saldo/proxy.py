"""A link to a server that a test can cut and mend, make slow, have arrive in pieces, or tap."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.local.ports import free_port

Filter = Callable[[bytes], bytes]
"""What one direction of one connection passes through: bytes read, bytes to send on."""
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST (socket(7))."""


def unchanged(data: bytes) -> bytes:
    """Pass everything on."""
    return data


class Proxy:
    """Forwards TCP from a port of its own to another on 127.0.0.1 while it is up.

    `latency_seconds` is added to every chunk, either way; `largest_slice`, where not 0, sends on at most so many bytes at once.
    """

    def __init__(self, target: int) -> None:
        """Choose a port; nothing listens before `mend`."""
        self.port = free_port()
        self.latency_seconds = 0.0
        self.largest_slice = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    def filters(self) -> tuple[Filter, Filter]:
        """Give what a new connection passes through, to the server and back."""
        return unchanged, unchanged

    async def mend(self) -> None:
        """Begin to accept and forward."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Stop accepting, and drop every connection as a power cut would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def reset(self) -> int:
        """Drop every connection (RST at both ends) but accept new ones; return how many there were."""
        dropped = list(self._links)
        for link in dropped:
            link.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            link.transport.abort()
        return len(dropped) // 2

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._links |= {writer, onward_writer}
        there, back = self.filters()
        for source, sink, passed in ((reader, onward_writer, there), (onward_reader, writer, back)):
            pump = asyncio.create_task(self._pump(source, sink, passed))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passed: Filter) -> None:
        try:
            while data := await source.read(65536):
                await self._send(sink, passed(data))
        except OSError:
            pass
        finally:
            self._links.discard(sink)
            sink.close()

    async def _send(self, sink: asyncio.StreamWriter, data: bytes) -> None:
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        while data:
            size = random.randint(1, self.largest_slice) if self.largest_slice else len(data)  # noqa: S311 (no secret)
            sink.write(data[:size])
            data = data[size:]
            await sink.drain()
            await asyncio.sleep(0)  # other links' slices come in between

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.cut()
