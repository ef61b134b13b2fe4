"""Real HTTP servers in fluxo's and saldo's place: one that tells what it received, and one that misbehaves as scripted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from tests.local.ports import free_port


class Service:
    """A server that tells what it received, and which a test can stop and start again."""

    def __init__(self) -> None:
        """Take a port."""
        self.port = free_port()
        self.received: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.busy_with = 0
        self.let_go = asyncio.Event()
        self.document: dict[str, object] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{anything:.*}", self._serve)
        # With handler_cancellation a handler ends when the gateway hangs up, so a test sees that it did.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Go away, connections and all."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not request.path.startswith("/api/"):  # the gateway's own look whether somebody is there
            return web.json_response(self.document)
        self.busy_with += 1
        try:
            self.received.append(request)
            self.bodies.append(await request.read())
            return await self._answer(request)
        finally:
            self.busy_with -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Tell of the request; `?segurado` waits until let go, `?pendente` for ever, `?corrente` streams, `?semfim` streams for ever."""
        if "segurado" in request.query:
            await self.let_go.wait()
        if "pendente" in request.query:
            await asyncio.Event().wait()
        if "corrente" in request.query or "semfim" in request.query:
            stream = web.StreamResponse(headers={"X-Loja": "1", "Connection": "X-Loja"})
            await stream.prepare(request)
            sent = 0
            while sent < 50 or "semfim" in request.query:
                await stream.write(b"x" * 10_000)
                sent += 1
            return stream
        return web.json_response({"caminho": request.raw_path, "cabecalhos": dict(request.headers), "metodo": request.method})


class Scripted:
    """A server that answers its first request with the first of these bytes, and so on; None closes the connection without a byte.

    After bytes the connection stays open for the next request only where they are `KEPT`.
    """

    KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        """Take the script."""
        self._answers = list(answers)
        self.heads: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answered(reader, writer):
                pass
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether the connection stays."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        await reader.readexactly(length)
        if not head.split(b" ")[1].startswith(b"/api/"):
            return False
        self.heads.append(head)
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        return answer == self.KEPT


@asynccontextmanager
async def scripted(port: int, *answers: bytes | None) -> AsyncIterator[Scripted]:
    """Serve a script on a port."""
    service = Scripted(answers)
    server = await asyncio.start_server(service.serve, "127.0.0.1", port)
    try:
        yield service
    finally:
        server.close()
