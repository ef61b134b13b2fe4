"""Concurrent requests share one durable transaction: as many fsyncs as batches, not as requests.

Each of a few writers takes what has arrived, up to `rows` items, and hands it to `write` as one batch. An item's
submitter is answered only after `write` returned, that is after the commit. While one writer is in the database the
others' items pile up for the next, so batches grow with the load by themselves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

from caixa_fluxo import metrics

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Overloaded(Exception):
    """The queue is full: the database does not keep up, and waiting longer would only hide it."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How batches form: at most `rows` items, gathered for at most `wait_seconds`, by `writers` at once."""

    rows: int = 100
    wait_seconds: float = 0.002
    writers: int = 2
    capacity: int = 2000


class GroupCommit(Generic[Item, Outcome]):
    """An async context manager whose `submit` resolves when the item's batch is committed.

    `write` gets a non-empty batch and returns one outcome per item in the same order; an exception among the
    outcomes is raised to that item's submitter only, one that `write` raises is raised to the whole batch.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]], limits: Limits) -> None:
        self._write = write
        self._limits = limits
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Outcome]] | None] = asyncio.Queue()
        self._writers: list[asyncio.Task[None]] = []
        self._accepting = False

    async def __aenter__(self) -> Self:
        self._accepting = True
        self._writers = [asyncio.create_task(self._drain(), name=f"writer-{number}") for number in range(self._limits.writers)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what was accepted, then stop: nobody who is waiting is left without an answer."""
        self._accepting = False
        for _ in self._writers:
            self._queue.put_nowait(None)
        await asyncio.gather(*self._writers)

    def submit(self, item: Item) -> asyncio.Future[Outcome]:
        """Queue the item now and return the future of its outcome.

        The future is the writers': a submitter that goes away must await it through `asyncio.shield`.
        Raises Overloaded when `capacity` items are waiting, or when the process is stopping.
        """
        if not self._accepting or self._queue.qsize() >= self._limits.capacity:
            metrics.OVERLOADED.inc()
            raise Overloaded
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((item, future))
        metrics.WAITING.set(self._queue.qsize())
        return future

    async def _drain(self) -> None:
        crowded = False
        while (first := await self._queue.get()) is not None:
            batch = [first]
            stopping = self._take(batch)
            if crowded and not stopping and len(batch) < self._limits.rows:  # a lone request is not made to wait for company
                await asyncio.sleep(self._limits.wait_seconds)
                stopping = self._take(batch)
            crowded = len(batch) > 1
            await self._commit(batch)
            if stopping:
                return

    def _take(self, batch: list[tuple[Item, asyncio.Future[Outcome]]]) -> bool:
        """Move what is waiting into the batch, up to its limit; true when the mark to stop was among it."""
        while len(batch) < self._limits.rows and not self._queue.empty():
            entry = self._queue.get_nowait()
            if entry is None:
                return True
            batch.append(entry)
        return False

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        metrics.WAITING.set(self._queue.qsize())
        metrics.COMMIT_ROWS.observe(len(batch))
        began = time.perf_counter()
        try:
            outcomes = await self._write([item for item, _ in batch])
            answered = list(zip(batch, outcomes, strict=True))
        except Exception as error:  # noqa: BLE001 # a batch that failed fails its own submitters, never the writer
            answered = [(entry, error) for entry in batch]
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began)
        for (_, future), outcome in answered:
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
