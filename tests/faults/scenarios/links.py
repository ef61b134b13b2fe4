"""Bad ways to broker and database: late, in slices of a few bytes, and reset again and again while entries are on them."""

import asyncio
import random

from tests.faults.invariants import broken, settle, until_applied, until_applied_more
from tests.faults.outcome import Outcome, unfounded
from tests.faults.posting import posting
from tests.faults.services import Links, Platform, Service, some_entries
from tests.integration.saldo.proxy import Proxy

LATENCY_SECONDS = 0.01
SLICE_BYTES = 700
"""Frames and packets arrive in pieces, their headers torn apart; smaller ones would make a trickle of the link on a busy machine."""
RATE = 20.0
BACKLOG = 100


async def bad_link_to_the_broker(platform: Platform, resets: int) -> Outcome:
    """Have relay and consumer lose their connections in the middle of batches: what was under way comes again, and counts once."""
    return await _bad_link(platform, resets, to_broker=True)


async def bad_link_to_the_database(platform: Platform, resets: int) -> Outcome:
    """Have API, relay and consumer lose their transactions in the middle: a POST says so (503), and counts once when repeated."""
    return await _bad_link(platform, resets, to_broker=False)


async def _bad_link(platform: Platform, resets: int, *, to_broker: bool) -> Outcome:
    moments = random.Random(13)  # noqa: S311 (no secret)
    entries = some_entries(BACKLOG)
    dropped = 0
    async with Proxy((platform.broker if to_broker else platform.database).port) as link:
        links = Links(broker=link.port) if to_broker else Links(database=link.port)
        api = platform.api(Links() if to_broker else links)
        relay, consumer = platform.relay(links, batch=20), platform.consumer(links, prefetch=40, batch=20)
        services: tuple[Service, ...] = (api, relay, consumer)
        await asyncio.gather(*(service.until_ready() for service in services))
        link.latency_seconds, link.largest_slice = LATENCY_SECONDS, SLICE_BYTES
        async with posting(platform, api, RATE) as posts:
            await platform.put(entries)
            for number in range(1, resets + 1):
                await until_applied_more(platform, 20)  # so that no message is on the way at more resets than it may be delivered
                await asyncio.sleep(moments.uniform(0, 0.3))
                dropped += link.reset()
                await posts.until_answered()
                platform.say(f"{number} of {resets} resets, {dropped} connections dropped")
            link.latency_seconds, link.largest_slice = 0.0, 0
        everything = len(entries) + len(posts.accepted)
        await until_applied(platform, everything)
        await asyncio.gather(*(service.until_ready() for service in services))
        redelivered = await consumer.metric("caixa_saldo_redelivered_total")
        duplicates = await consumer.metric("caixa_saldo_duplicates_total")
        await settle(platform, everything)
    claims = {"connections were lost": dropped >= resets}
    if to_broker:
        claims["every POST was answered 201 at once"] = posts.only_201()
    else:
        claims["nobody was told anything but 201 or to try again"] = posts.only_201_or_again()
    known = {"known by their key": posts.replayed} if posts.replayed else {}
    seen = {**posts.seen(), **known, "dropped": dropped, "redelivered": int(redelivered), "duplicates": int(duplicates)}
    return Outcome(seen, await broken(platform, entries, posted=posts.accepted) | unfounded(claims))
