"""Large requests take turns."""

import asyncio
from uuid import UUID, uuid4

import pytest

from caixa_fluxo.group_commit import Overloaded
from caixa_fluxo.turns import Turns


class Crowd:
    """Counts who is within a turn."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.within: list[UUID] = []
        self.most = 0
        self.go = asyncio.Event()

    async def visit(self, merchant: UUID) -> None:
        """Take a turn, and stay until told to go."""
        async with self.turns.turn(merchant):
            self.within.append(merchant)
            self.most = max(self.most, len(self.within))
            await self.go.wait()
            await asyncio.sleep(0)
            self.within.remove(merchant)


async def test_a_merchant_has_no_more_than_its_turns_and_all_come_in() -> None:
    """One merchant's crowd leaves room for another; when the first leave, everybody gets in, never more than the bound."""
    crowd = Crowd(Turns(at_once=3, each=2, seconds=60))
    busy, other = uuid4(), uuid4()
    waiting = [asyncio.create_task(crowd.visit(busy)) for _ in range(6)]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(crowd.visit(other)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(crowd.within) == sorted([busy, busy, other])
    crowd.go.set()
    await asyncio.gather(*waiting)
    assert crowd.most == 3
    assert not crowd.turns._own, "merchants that wait for nothing are forgotten"


async def test_who_waits_too_long_is_told_so() -> None:
    """Overloaded, and the turn that was never had is nobody's loss."""
    turns = Turns(at_once=1, each=2, seconds=0)
    async with turns.turn(uuid4()):
        for merchant in (uuid4(), uuid4()):
            with pytest.raises(Overloaded):
                async with turns.turn(merchant):
                    pass
    async with turns.turn(uuid4()):
        pass
