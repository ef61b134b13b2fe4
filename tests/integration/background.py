"""An event loop in a thread of its own, which serves while a synchronous test asks."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from tests.local.waiting import until

T = TypeVar("T")
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]  # Any: what a coroutine takes and gives while it runs
SECONDS = 60.0


class Served:
    """One piece of work in the background; it ends when told to stop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event, work: "Future[None]") -> None:
        """Remember the parts."""
        self._loop = loop
        self._stop = stop
        self._work = work

    def check(self) -> None:
        """Raise what ended the work, if it has ended."""
        if self._work.done():
            self._work.result()
            raise RuntimeError("ended by itself")

    def end(self) -> None:
        """Tell it to stop, as SIGTERM does, and wait until it has."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._work.result(SECONDS)


class Background:
    """A context manager: the loop runs until the block ends, and with it all that it serves, the last first."""

    def __init__(self) -> None:
        """Make the loop."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="background", daemon=True)
        self._served: list[Served] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def serve(self, work: Work, management_port: int | None = None) -> Served:
        """Run `work` until it is told to stop; with a management port, return when it is ready."""
        stop = self.run(_event())
        served = Served(self._loop, stop, asyncio.run_coroutine_threadsafe(work(stop), self._loop))
        self._served.append(served)
        if management_port is not None:
            until("the service is ready", lambda: _ready(served, f"http://127.0.0.1:{management_port}/saude/pronta"))
        return served

    def end(self, served: Served) -> None:
        """End one piece of work."""
        self._served.remove(served)
        served.end()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for served in reversed(self._served):
            served.end()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()


async def _event() -> asyncio.Event:
    return asyncio.Event()


def _ready(served: Served, url: str) -> bool:
    served.check()
    try:
        return httpx.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
