"""Many relays and consumers on one hot balance, which die at moments that chance chooses."""

import asyncio
import random
from functools import partial
from uuid import uuid4

from caixa_comum.events import LancamentoRegistrado
from tests.faults.invariants import applied, broken, settle, until_applied, until_applied_more
from tests.faults.outcome import Outcome, unfounded
from tests.faults.services import Platform, Service
from tests.integration.saldo.entries import entry


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
