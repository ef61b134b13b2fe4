"""Broker and database killed, away or out of memory under real POSTs; nobody restarts a process, and no answer is a lie."""

import asyncio
import time

from caixa_comum.events import LancamentoRegistrado
from tests.faults.invariants import applied, broken, settle, until_applied, until_applied_more, waiting
from tests.faults.lost_commits import LostCommits
from tests.faults.outcome import Outcome, unfounded
from tests.faults.posting import Posts, posting
from tests.faults.services import DIRECT, Links, Platform, Service, some_entries
from tests.local.waiting import eventually

BACKLOG = 500
"""Events that wait when the fault begins, so that it comes in the middle of batches."""
TOO_LITTLE, USUAL = ("0.000001",), ("absolute", "1GB")
WATERMARK = "set_vm_memory_high_watermark"


async def broker_killed_and_away(platform: Platform, seconds: int) -> Outcome:
    """Kill the broker and keep it away under 50 POSTs a second: each is answered 201, waits in the outbox, and arrives."""
    entries = some_entries(BACKLOG)
    api, relay, consumer = await _all_ready(platform)
    async with posting(platform, api) as posts:
        await platform.put(entries)
        await until_applied(platform, 20)
        await asyncio.to_thread(platform.broker.kill)
        meanwhile, peak = await _meanwhile(platform, posts, seconds)
        platform.say(f"{meanwhile:,} POSTs answered 201 without a broker")
        await asyncio.to_thread(platform.broker.start)
        back = time.monotonic()
        await until_applied_more(platform, 1)
        await asyncio.sleep(1)
    return await _caught_up(
        platform, entries, posts, back, (relay, consumer), meanwhile, {"all that came meanwhile waited": peak >= meanwhile}
    )


async def broker_out_of_memory(platform: Platform, seconds: int) -> Outcome:
    """Have the memory alarm block whoever publishes: POSTs are answered 201 as ever, and what waited leaves when it clears."""
    entries = some_entries(BACKLOG)
    node = platform.broker.server
    api, relay, consumer = await _all_ready(platform)

    async def alarmed() -> bool:
        return any(one["mem_alarm"] for one in await asyncio.to_thread(node.call, "GET", "/api/nodes"))

    async with posting(platform, api) as posts:
        await platform.put(entries)
        await until_applied(platform, 20)
        await asyncio.to_thread(node.control, WATERMARK, *TOO_LITTLE)
        try:
            await eventually("the alarm is on", alarmed)
            meanwhile, peak = await _meanwhile(platform, posts, seconds)
            platform.say(f"{meanwhile:,} POSTs answered 201 while publishers are blocked")
        finally:
            await asyncio.to_thread(node.control, WATERMARK, *USUAL)
        back = time.monotonic()
        await until_applied_more(platform, 1)
        await asyncio.sleep(1)
    # A blocked connection's first messages still get through: the broker stops reading only once it has seen one.
    return await _caught_up(
        platform, entries, posts, back, (relay, consumer), meanwhile, {"publishers were blocked": peak >= meanwhile // 2}
    )


async def _all_ready(platform: Platform, links: Links = DIRECT) -> tuple[Service, Service, Service]:
    """Start API, relay and consumer; only the API takes the links."""
    services = platform.api(links), platform.relay(batch=20), platform.consumer(prefetch=100, batch=20)
    await asyncio.gather(*(service.until_ready() for service in services))
    return services


async def _meanwhile(platform: Platform, posts: Posts, seconds: float) -> tuple[int, int]:
    """Let so many seconds pass; give how many POSTs were answered 201 in them, and how many events wait in the outbox then."""
    before = len(posts.accepted)
    await asyncio.sleep(seconds)
    accepted = len(posts.accepted) - before
    return accepted, await waiting(platform)


async def _caught_up(
    platform: Platform,
    entries: list[LancamentoRegistrado],
    posts: Posts,
    back: float,
    services: tuple[Service, ...],
    meanwhile: int,
    claims: dict[str, bool],
) -> Outcome:
    """Wait until the same processes have passed on and applied everything, and judge."""
    everything = len(entries) + len(posts.accepted)
    await until_applied(platform, everything)
    seconds = time.monotonic() - back
    await asyncio.gather(*(service.until_ready() for service in services))
    await settle(platform, everything)
    claims = {"POSTs went on": meanwhile > 0, "every POST was answered 201 at once": posts.only_201(), **claims}
    seen = {**posts.seen(), "meanwhile": meanwhile, "all applied after s": round(seconds, 1)}
    return Outcome(seen, await broken(platform, entries, posted=posts.accepted) | unfounded(claims))


async def database_killed(platform: Platform, kills: int) -> Outcome:
    """Kill the database when entries are committed and nobody has heard of it: their POSTs, repeated, count once."""
    entries: list[LancamentoRegistrado] = []
    async with LostCommits(platform.database.port) as link:
        api, relay, consumer = await _all_ready(platform, Links(database=link.port))

        async def commit_unheard() -> bool:
            return link.lost > 0

        async with posting(platform, api) as posts:
            for number in range(1, kills + 1):
                some = some_entries(BACKLOG)
                await platform.put(some)
                entries += some
                await until_applied_more(platform, 20)
                link.lost, link.armed = 0, True
                await eventually("a commit goes unanswered", commit_unheard, pause=0.01)
                await asyncio.sleep(0.3)  # time for it to be done
                await asyncio.to_thread(platform.database.kill)
                link.armed = False
                await asyncio.to_thread(platform.database.start)
                await asyncio.gather(*(service.until_ready() for service in (api, relay, consumer)))
                await posts.until_answered()
                platform.say(f"{number} of {kills} kills, {posts.replayed} POSTs whose answer was lost")
        await until_applied(platform, len(entries) + len(posts.accepted))
        await settle(platform, len(entries) + len(posts.accepted))
    claims = {
        "POSTs whose answer was lost were known by their key": posts.replayed >= kills,
        "nobody was told anything but 201 or to try again": posts.only_201_or_again(),
    }
    seen = {**posts.seen(), "known by their key": posts.replayed, "applied": await applied(platform)}
    return Outcome(seen, await broken(platform, entries, posted=posts.accepted) | unfounded(claims))
