"""Relays and consumers killed (SIGKILL) at the worst moments: entries are neither lost nor counted twice."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager

from caixa_comum.events import LancamentoRegistrado
from tests.faults.invariants import (
    applied,
    broken,
    drain,
    ready_messages,
    settle,
    until_applied,
    until_passed_on,
    until_ready_messages,
    waiting,
)
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.outcome import Outcome, unfounded
from tests.faults.services import Links, Platform, Service, some_entries
from tests.integration.saldo.entries import publish_entries
from tests.local.mariadb import connected
from tests.local.waiting import eventually

VICTIMS = 4
"""How many are in flight at once: a process spends most of its start waiting, so that four take little longer than one."""
MESSAGES = 5
"""What each of them holds when it dies."""
HELD = VICTIMS * MESSAGES


async def _all_acknowledged(links: Sequence[LostAcknowledgements], messages: int, victims: Sequence[Service] = ()) -> None:
    async def reached() -> bool:
        for victim in victims:
            victim.process.check()
        return all(link.acknowledged >= messages for link in links)

    await eventually(f"{messages} acknowledgements are lost on each link", reached, pause=0.02)


async def _taken_in(service: Service, messages: int) -> tuple[int, int]:
    """Wait until a consumer has taken in so many messages; give how many were new and how many it knew already."""
    new = known = 0

    async def reached() -> bool:
        nonlocal new, known
        service.process.check()
        new = int(await service.metric("caixa_saldo_applied_total"))
        known = int(await service.metric("caixa_saldo_duplicates_total"))
        return new + known >= messages

    await eventually(f"{messages} messages are taken in", reached)
    return new, known


async def relays_between_confirm_and_delete(platform: Platform, kills: int) -> Outcome:
    """Kill relays when the broker has their events and has said so, unheard: all is published again, and counts once."""
    entries = some_entries(HELD)
    await platform.put(entries)
    died = 0

    async def keep_dying(deaths: int) -> None:
        nonlocal died
        for _ in range(deaths):
            async with LostAcknowledgements(platform.broker.port) as link:
                victim = platform.relay(Links(broker=link.port), batch=MESSAGES)
                await _all_acknowledged([link], MESSAGES, [victim])
                victim.kill()
            died += 1
            platform.say(f"{died} of {kills} relays killed")

    share, more = divmod(kills, VICTIMS)
    await asyncio.gather(*(keep_dying(share + (lane < more)) for lane in range(VICTIMS)))
    still_there = await waiting(platform)
    platform.relay()
    await until_passed_on(platform)
    await until_ready_messages(platform.broker, HELD + MESSAGES * kills)
    published = await ready_messages(platform.broker)
    added, known = await _taken_in(platform.consumer(), published)
    await settle(platform, HELD)
    claims = {
        "no relay deleted what it had no confirm of": still_there == HELD,
        "events were published again": published >= HELD + MESSAGES * kills,
        "each counted once": added == HELD and known == published - HELD,
    }
    seen = {"entries": HELD, "published": published, "duplicates": known, "applied": added}
    return Outcome(seen, await broken(platform, entries) | unfounded(claims))


async def consumers_between_commit_and_ack(platform: Platform, kills: int) -> Outcome:
    """Kill consumers when their commit is done and their acknowledgement is not: every message comes again, and is known."""

    async def all_committed(links: Sequence[LostAcknowledgements], so_far: int) -> None:
        await until_applied(platform, so_far)
        await _all_acknowledged(links, MESSAGES)

    return await _deaths_of_consumers(platform, kills, all_committed, duplicates=True)


async def consumers_before_their_commit(platform: Platform, kills: int) -> Outcome:
    """Kill consumers when they hold messages and cannot commit: every message comes again, and is new."""

    async def all_held(_links: Sequence[LostAcknowledgements], _so_far: int) -> None:
        await until_ready_messages(platform.broker, 0)

    return await _deaths_of_consumers(platform, kills, all_held, duplicates=False)


async def _deaths_of_consumers(
    platform: Platform, kills: int, reached: Callable[[Sequence[LostAcknowledgements], int], Awaitable[None]], *, duplicates: bool
) -> Outcome:
    entries: list[LancamentoRegistrado] = []
    died = redelivered = known = 0
    while died < kills:
        number = min(VICTIMS, kills - died)
        fresh = some_entries(number * MESSAGES)
        entries += fresh
        await publish_entries(platform.broker, fresh)
        async with AsyncExitStack() as stack:
            if not duplicates:
                stack.enter_context(nobody_commits(platform))
            links = [await stack.enter_async_context(LostAcknowledgements(platform.broker.port)) for _ in range(number)]
            victims = [platform.consumer(Links(broker=link.port), prefetch=MESSAGES, batch=MESSAGES) for link in links]
            await reached(links, len(entries))
            for victim in victims:
                victim.kill()
            await until_ready_messages(platform.broker, len(fresh))
        died += number
        drained = await drain(platform)
        redelivered += drained.redelivered
        known += drained.duplicates
        platform.say(f"{died} of {kills} consumers killed")
    claims = {
        "every message came again": redelivered == len(entries),
        "each counted once": known == (len(entries) if duplicates else 0) and await applied(platform) == len(entries),
    }
    seen = {"entries": len(entries), "redelivered": redelivered, "duplicates": known, "applied": await applied(platform)}
    return Outcome(seen, await broken(platform, entries) | unfounded(claims))


@contextmanager
def nobody_commits(platform: Platform) -> Iterator[None]:
    """Hold the inbox, so that consumers take their messages and get no further."""
    with connected(platform.database.port, platform.database.server.root_password, schema="caixa_saldo") as guard:
        guard.cursor().execute("LOCK TABLES inbox WRITE")
        yield
