"""Batches form by load, and each submitter learns only its own item's outcome."""

import asyncio
from collections.abc import Sequence

import pytest

from caixa_fluxo.group_commit import GroupCommit, Limits, Overloaded


class Recorder:
    """Writes batches into a list; an odd item fails when told so."""

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.batches: list[list[int]] = []
        self.began = asyncio.Event()
        self._gate = gate

    async def write(self, batch: Sequence[int]) -> list[int | Exception]:
        """Record the batch, once the gate is open."""
        self.batches.append(list(batch))
        self.began.set()
        if self._gate is not None:
            await self._gate.wait()
        return [ValueError(item) if item < 0 else item * 10 for item in batch]


async def test_every_submitter_gets_its_own_outcome() -> None:
    """Outcomes are dealt out in the order of the items, whatever batches they went in."""
    recorder = Recorder()
    async with GroupCommit[int, int](recorder.write, Limits(rows=7)) as group:
        outcomes = await asyncio.gather(*(group.submit(item) for item in range(100)))
    assert outcomes == [item * 10 for item in range(100)]
    assert sorted(item for batch in recorder.batches for item in batch) == list(range(100))


async def test_requests_that_arrive_together_share_a_batch() -> None:
    """While the only writer is busy the rest pile up and go together, never more than `rows` of them."""
    gate = asyncio.Event()
    recorder = Recorder(gate)
    async with GroupCommit[int, int](recorder.write, Limits(rows=4, writers=1)) as group:
        first = group.submit(0)
        await recorder.began.wait()
        rest = [group.submit(item) for item in range(1, 7)]
        gate.set()
        await asyncio.gather(first, *rest)
    assert recorder.batches == [[0], [1, 2, 3, 4], [5, 6]]


async def test_one_row_a_batch_is_one_transaction_a_request() -> None:
    """With rows=1 nothing is shared."""
    recorder = Recorder()
    async with GroupCommit[int, int](recorder.write, Limits(rows=1)) as group:
        await asyncio.gather(*(group.submit(item) for item in range(10)))
    assert all(len(batch) == 1 for batch in recorder.batches)


async def test_a_refused_item_leaves_its_neighbours_alone() -> None:
    """An exception among the outcomes reaches its own submitter only."""
    async with GroupCommit[int, int](Recorder().write, Limits(writers=1)) as group:
        outcomes = await asyncio.gather(*(group.submit(item) for item in (1, -1, 2)), return_exceptions=True)
    assert outcomes[0] == 10
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == 20


async def test_a_batch_that_fails_fails_only_itself() -> None:
    """The writer goes on after a batch whose write raised."""
    broken = True

    async def write(batch: Sequence[int]) -> list[int]:
        if broken:
            raise ConnectionError
        return list(batch)

    async with GroupCommit[int, int](write, Limits(writers=1)) as group:
        with pytest.raises(ConnectionError):
            await group.submit(1)
        broken = False
        assert await group.submit(2) == 2


async def test_too_few_outcomes_are_an_error_and_not_a_silence() -> None:
    """A write that loses count is reported to its submitters, who do not wait for ever."""

    async def write(batch: Sequence[int]) -> list[int]:
        return list(batch)[1:]

    async with GroupCommit[int, int](write, Limits(writers=1)) as group:
        with pytest.raises(ValueError, match="shorter"):
            await group.submit(1)


async def test_a_full_queue_refuses_at_once() -> None:
    """Beyond `capacity` waiting items a submitter is told so, instead of waiting without bound."""
    gate = asyncio.Event()
    recorder = Recorder(gate)
    async with GroupCommit[int, int](recorder.write, Limits(rows=1, writers=1, capacity=2)) as group:
        first = group.submit(0)
        await recorder.began.wait()
        waiting = [group.submit(1), group.submit(2)]
        with pytest.raises(Overloaded):
            group.submit(3)
        gate.set()
        assert await asyncio.gather(first, *waiting) == [0, 10, 20]


async def test_stopping_answers_everybody_who_was_accepted() -> None:
    """Leaving the context writes what is queued; afterwards nothing is accepted."""
    recorder = Recorder()
    async with GroupCommit[int, int](recorder.write, Limits(rows=2)) as group:
        futures = [group.submit(item) for item in range(9)]
    assert [future.result() for future in futures] == [item * 10 for item in range(9)]
    with pytest.raises(Overloaded):
        group.submit(1)


async def test_a_submitter_that_goes_away_does_not_stop_the_writer() -> None:
    """A future cancelled while its batch is written is passed over."""
    gate = asyncio.Event()
    recorder = Recorder(gate)
    async with GroupCommit[int, int](recorder.write, Limits(writers=1)) as group:
        gone, stays = group.submit(1), group.submit(2)
        await recorder.began.wait()
        gone.cancel()
        gate.set()
        assert await stays == 20
        assert await group.submit(3) == 30
