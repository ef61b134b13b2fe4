"""Waiting until an event is in the inbox: read your own writes, however many wait, at one query per tick."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Arrivals(Generic[K]):
    """Shares one look-up per tick among all who wait; nothing runs while nobody does."""

    def __init__(self, lookup: Callable[[Collection[K]], Awaitable[Collection[K]]], *, tick_seconds: float = 0.05) -> None:
        self._lookup = lookup
        self._tick_seconds = tick_seconds
        self._waiting: dict[K, set[asyncio.Future[None]]] = {}
        self._polling: asyncio.Task[None] | None = None

    async def wait(self, event: K, seconds: float) -> bool:
        """Tell whether the event arrives within so many seconds. Raises what the look-up raises."""
        arrived = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(event, set()).add(arrived)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll(), name="arrivals")
        try:
            async with asyncio.timeout(seconds):
                await arrived
        except TimeoutError:
            return False
        finally:
            self._forget(event, arrived)
        return True

    def _forget(self, event: K, arrived: asyncio.Future[None]) -> None:
        waiters = self._waiting.get(event)
        if waiters is not None:
            waiters.discard(arrived)
            if not waiters:
                del self._waiting[event]

    async def _poll(self) -> None:
        while self._waiting:
            asked = list(self._waiting)
            try:
                found = await self._lookup(asked)
            except Exception as error:  # noqa: BLE001 (whoever waits gets it; the poller must not die unseen)
                for event in asked:
                    self._settle(event, error)
                continue
            for event in found:
                self._settle(event, None)
            if self._waiting:
                await asyncio.sleep(self._tick_seconds)

    def _settle(self, event: K, error: Exception | None) -> None:
        for arrived in self._waiting.pop(event, set()):
            if arrived.done():
                continue
            if error is None:
                arrived.set_result(None)
            else:
                arrived.set_exception(error)
