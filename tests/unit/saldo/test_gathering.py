"""Batches of deliveries."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from caixa_saldo.gathering import Gatherer

FOREVER = 3600.0


@given(st.integers(0, 50), st.integers(1, 10))
async def test_batches_hold_everything_in_order_and_never_more_than_the_limit(count: int, limit: int) -> None:
    """What was put comes out once, in order, in batches of at most the limit."""
    gatherer: Gatherer[int] = Gatherer(limit, 0)
    for n in range(count):
        gatherer.put(n)
    taken: list[int] = []
    while len(taken) < count:
        batch = await gatherer.batch()
        assert 0 < len(batch) <= limit
        taken += batch
    assert taken == list(range(count))


async def test_a_full_batch_does_not_wait_for_its_window() -> None:
    """The limit ends the gathering at once, however long the window is."""
    gatherer: Gatherer[int] = Gatherer(2, FOREVER)
    gatherer.put(1)
    waiting = asyncio.create_task(gatherer.batch())
    await asyncio.sleep(0)
    gatherer.put(2)
    assert await asyncio.wait_for(waiting, 30) == [1, 2]


async def test_a_lone_delivery_leaves_when_its_window_ends() -> None:
    """A message is not held back for company that does not come."""
    gatherer: Gatherer[int] = Gatherer(200, 0.01)
    gatherer.put(1)
    assert await asyncio.wait_for(gatherer.batch(), 30) == [1]


async def test_closing_ends_the_wait_and_leaves_the_rest_to_the_broker() -> None:
    """Once closed, no further batch is begun, even with deliveries waiting."""
    gatherer: Gatherer[int] = Gatherer(200, FOREVER)
    waiting = asyncio.create_task(gatherer.batch())
    await asyncio.sleep(0)
    gatherer.put(1)
    gatherer.close()
    assert await asyncio.wait_for(waiting, 30) == []
    assert await asyncio.wait_for(gatherer.batch(), 30) == []


async def test_drained_it_gives_what_waits_and_then_nothing() -> None:
    """Whoever stops applies what was delivered, in batches as ever and without a window's wait, so that nothing comes again."""
    gatherer: Gatherer[int] = Gatherer(2, FOREVER)
    for item in (1, 2, 3):
        gatherer.put(item)
    gatherer.drain()
    assert [await asyncio.wait_for(gatherer.batch(), 30) for _ in range(3)] == [[1, 2], [3], []]
