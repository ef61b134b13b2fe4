"""Waiting for an event to be in the balances."""

import asyncio
from collections.abc import Collection
from uuid import UUID, uuid4

from caixa_saldo.arrivals import Arrivals

GENEROUS = 30.0


class Inbox:
    """An inbox in memory that counts how often it is asked."""

    def __init__(self, *, opens_after: int = 1) -> None:
        self.present: set[UUID] = set()
        self.questions = 0
        self.opens_after = opens_after

    async def lookup(self, event_ids: Collection[UUID]) -> Collection[UUID]:
        """Answer as the database would, from the given question on."""
        self.questions += 1
        return self.present.intersection(event_ids) if self.questions >= self.opens_after else ()


async def test_what_is_there_already_is_seen_at_once() -> None:
    """A waiter for an event in the inbox costs one question."""
    inbox = Inbox()
    event_id = uuid4()
    inbox.present.add(event_id)
    assert await Arrivals(inbox.lookup, tick_seconds=3600).wait(event_id, GENEROUS)
    assert inbox.questions == 1


async def test_many_waiters_share_each_question() -> None:
    """A hundred waiters cost one question per tick, not one each."""
    inbox = Inbox(opens_after=3)
    event_ids = [uuid4() for _ in range(100)]
    inbox.present.update(event_ids)
    arrivals = Arrivals(inbox.lookup, tick_seconds=0.001)
    assert all(await asyncio.gather(*(arrivals.wait(event_id, GENEROUS) for event_id in event_ids)))
    assert inbox.questions == 3


async def test_a_late_event_is_given_up_and_polling_ends() -> None:
    """After its time a waiter is told no, and nobody asks the database any more."""
    inbox = Inbox()
    arrivals = Arrivals(inbox.lookup, tick_seconds=0.001)
    assert not await arrivals.wait(uuid4(), 0.02)
    polling = [task for task in asyncio.all_tasks() if task.get_name() == "arrivals"]
    await asyncio.wait_for(asyncio.gather(*polling), GENEROUS)


async def test_a_failing_lookup_reaches_every_waiter_and_the_next_one_works() -> None:
    """The database's failure is the waiters' to answer, and does not end the poller for good."""
    inbox = Inbox()
    failing = True

    async def lookup(event_ids: Collection[UUID]) -> Collection[UUID]:
        if failing:
            raise ConnectionError("database gone")
        return await inbox.lookup(event_ids)

    arrivals = Arrivals(lookup, tick_seconds=0.001)
    event_id = uuid4()
    outcomes = await asyncio.gather(arrivals.wait(event_id, GENEROUS), arrivals.wait(event_id, GENEROUS), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    failing = False
    inbox.present.add(event_id)
    assert await arrivals.wait(event_id, GENEROUS)


async def test_two_waiters_for_one_event_are_both_told() -> None:
    """One waiter leaving does not take another's place in the queue with it."""
    inbox = Inbox(opens_after=3)
    event_id = uuid4()
    inbox.present.add(event_id)
    arrivals = Arrivals(inbox.lookup, tick_seconds=0.01)
    impatient, patient = await asyncio.gather(arrivals.wait(event_id, 0), arrivals.wait(event_id, GENEROUS))
    assert (impatient, patient) == (False, True)
