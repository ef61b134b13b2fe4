"""Relays and consumers killed (SIGKILL) at the worst moments: entries are neither lost nor counted twice."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage

from caixa_comum.broker import connect
from caixa_comum.events import LancamentoRegistrado
from caixa_comum.topology import DELIVERY_LIMIT, PARKING, QUEUE
from tests.faults.invariants import (
    applied,
    broken,
    drain,
    ready_messages,
    settle,
    until_applied,
    until_applied_more,
    until_passed_on,
    until_ready_messages,
    waiting,
)
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.outcome import Outcome, unfounded
from tests.faults.services import STOP_SECONDS, Links, Platform, Service, some_entries
from tests.integration.saldo.entries import entry, publish_entries
from tests.local.broker import Broker
from tests.local.mariadb import connected
from tests.local.waiting import eventually

VICTIMS = 4
"""How many are in flight at once: starting a process takes about a second of CPU, so that a kill each would take hours."""
MESSAGES = 5
"""What each of them holds when it dies."""
HELD = VICTIMS * MESSAGES
PARKED = 50


async def _all_acknowledged(links: Sequence[LostAcknowledgements], messages: int) -> None:
    async def reached() -> bool:
        return all(link.acknowledged >= messages for link in links)

    await eventually(f"{messages} acknowledgements are lost on each link", reached, pause=0.02)


async def _taken_in(service: Service, messages: int) -> tuple[int, int]:
    """Wait until a consumer has taken in so many messages; give how many were new and how many it knew already."""
    applied = known = 0

    async def reached() -> bool:
        nonlocal applied, known
        service.process.check()
        applied = int(await service.metric("caixa_saldo_applied_total"))
        known = int(await service.metric("caixa_saldo_duplicates_total"))
        return applied + known >= messages

    await eventually(f"{messages} messages are taken in", reached)
    return applied, known


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
                await _all_acknowledged([link], MESSAGES)
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
                stack.enter_context(_nobody_commits(platform))
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
def _nobody_commits(platform: Platform) -> Iterator[None]:
    """Hold the inbox, so that consumers take their messages and get no further."""
    with connected(platform.database.port, platform.database.server.root_password, schema="caixa_saldo") as guard:
        guard.cursor().execute("LOCK TABLES inbox WRITE")
        yield


async def more_deaths_than_deliveries_allowed(platform: Platform, kills: int) -> Outcome:
    """Go beyond the delivery limit: the broker drops nothing but parks it, and `caixa-saldo replay` adds each message once.

    So many of the deaths are those of real consumers; in the others a connection takes the messages and goes away.
    """
    entries = some_entries(PARKED)
    await publish_entries(platform.broker, entries)
    for deaths in range(1, DELIVERY_LIMIT + 2):
        if deaths <= kills:
            with _nobody_commits(platform):
                victim = platform.consumer(prefetch=PARKED, batch=PARKED)
                await until_ready_messages(platform.broker, 0)  # so it holds all of them
                victim.kill()
        else:
            await _die_holding(platform.broker, PARKED)
        if deaths <= DELIVERY_LIMIT:
            await until_ready_messages(platform.broker, PARKED)
        platform.say(f"{deaths} of {DELIVERY_LIMIT + 1} deaths")

    async def parked() -> bool:
        return await ready_messages(platform.broker, PARKING) == PARKED

    await eventually("all are parked", parked)
    on_the_way = set(await broken(platform, entries))
    replay = platform.replay()
    status = await asyncio.to_thread(replay.process.wait, STOP_SECONDS)
    await drain(platform)
    claims = {
        "the invariants saw them parked": on_the_way == {"parking", "inbox", "balances"},
        "the replay ended in order": status == 0,
    }
    seen = {"deaths on one prefetch": DELIVERY_LIMIT + 1, "parked": PARKED, "replayed": await applied(platform)}
    return Outcome(seen, await broken(platform, entries) | unfounded(claims))


async def _die_holding(broker: Broker, messages: int) -> None:
    """Take messages as a consumer does, and leave without a word on them."""
    async with await connect(broker.settings("saldo"), "test") as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=200)
        taken = asyncio.Semaphore(0)
        queue = await channel.get_queue(QUEUE, ensure=False)

        async def take(_message: AbstractIncomingMessage) -> None:
            taken.release()

        await queue.consume(take)
        async with asyncio.timeout(60):
            for _ in range(messages):
                await taken.acquire()


async def a_crowd_on_one_merchants_day(platform: Platform, kills: int) -> Outcome:
    """Have four relays and eight consumers share one hot balance while entries keep coming, and kill one again and again."""
    moments = random.Random(8)  # noqa: S311 (no secret)
    merchant = uuid4()
    entries: list[LancamentoRegistrado] = []
    enough = asyncio.Event()

    async def keep_recording() -> None:
        while not enough.is_set():
            some = [entry(merchant, moments.randint(1, 10_000)) for _ in range(20)]
            await platform.put(some)
            entries.extend(some)
            await asyncio.sleep(0.05)

    relay = partial(platform.relay, batch=50)
    consumer = partial(platform.consumer, prefetch=100, batch=50)
    kinds = {"relay": relay, "consumer": consumer}
    running = {"relay": [relay() for _ in range(4)], "consumer": [consumer() for _ in range(8)]}
    redelivered = duplicates = 0.0

    async def count(service: Service) -> None:
        nonlocal redelivered, duplicates
        redelivered += await service.metric("caixa_saldo_redelivered_total")
        duplicates += await service.metric("caixa_saldo_duplicates_total")

    async with asyncio.TaskGroup() as group:
        await asyncio.gather(*(service.until_ready() for services in running.values() for service in services))
        group.create_task(keep_recording())
        try:
            for number in range(1, kills + 1):
                kind = "relay" if number % 3 == 2 else "consumer"
                await until_applied_more(platform, 100)
                await asyncio.sleep(moments.uniform(0, 0.1))
                victim = running[kind].pop(0)
                await count(victim)
                victim.process.pause()  # frozen it still is given messages, so it surely dies with some in hand
                await asyncio.sleep(0.3)
                victim.kill()
                running[kind].append(kinds[kind]())
                platform.say(f"{number} of {kills} killed, {len(entries):,} entries")
        finally:
            enough.set()
    await until_applied(platform, len(entries))
    for service in running["consumer"]:
        await count(service)
    await settle(platform, len(entries))
    seen = {"entries": len(entries), "redelivered": int(redelivered), "duplicates": int(duplicates), "applied": await applied(platform)}
    claims = {"messages came again": redelivered > 0}
    return Outcome(seen, await broken(platform, entries) | unfounded(claims))
