"""The operator's own health: the loops' heartbeats and metrics, on the management port."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

OVERDUE_SECONDS = 300.0


class Heartbeats:
    """When each CashBox's loop was last seen."""

    def __init__(self) -> None:
        """Begin with no loop."""
        self._seen: dict[tuple[str, str], float] = {}

    def beat(self, namespace: str, name: str) -> None:
        """Note that a loop lives."""
        self._seen[namespace, name] = time.monotonic()

    def forget(self, namespace: str, name: str) -> None:
        """Forget a loop that ended in order."""
        self._seen.pop((namespace, name), None)

    def overdue(self, now: float) -> list[str]:
        """Name the loops that were not seen for too long."""
        return [f"{namespace}/{name}" for (namespace, name), seen in self._seen.items() if now - seen > OVERDUE_SECONDS]


@asynccontextmanager
async def served(heartbeats: Heartbeats, host: str, port: int) -> AsyncIterator[None]:
    """Serve /saude/viva, /saude/pronta and /metrics while the operator runs."""

    async def alive(_: web.Request) -> web.Response:
        overdue = heartbeats.overdue(time.monotonic())
        return web.json_response({"situacao": "parada" if overdue else "viva", "atrasadas": overdue}, status=503 if overdue else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/saude/viva", alive), web.get("/saude/pronta", alive), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
