"""Gathering deliveries into batches: up to a number, or what came within a short window after the first."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Gatherer(Generic[T]):
    """An inbox of deliveries that is emptied in batches, in the order of arrival."""

    def __init__(self, limit: int, window_seconds: float) -> None:
        self._limit = limit
        self._window_seconds = window_seconds
        self._waiting: list[T] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._closed = False
        self._draining = False

    def put(self, item: T) -> None:
        """Take one delivery; never waits, since the broker's prefetch bounds what can come."""
        self._waiting.append(item)
        self._arrived.set()
        if len(self._waiting) >= self._limit:
            self._full.set()

    def close(self) -> None:
        """End the wait for further deliveries: what waits is left to the broker, which will deliver it again."""
        self._closed = True
        self._arrived.set()
        self._full.set()

    def drain(self) -> None:
        """Expect no further delivery: what waits is still given, without waiting for more."""
        self._draining = True
        self._arrived.set()
        self._full.set()

    async def batch(self) -> list[T]:
        """Give the next batch, at most `limit` long; empty once closed or drained."""
        await self._arrived.wait()
        if not self._full.is_set():
            try:
                async with asyncio.timeout(self._window_seconds):
                    await self._full.wait()
            except TimeoutError:
                pass
        if self._closed:
            return []
        taken, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
        if not self._waiting and not self._draining:
            self._arrived.clear()
        if len(self._waiting) < self._limit and not self._draining:
            self._full.clear()
        return taken
