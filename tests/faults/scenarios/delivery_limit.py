"""More deaths on one prefetch than the broker's delivery limit allows: parked, and brought back by `caixa-saldo replay`."""

import asyncio

from aio_pika.abc import AbstractIncomingMessage

from caixa_comum.broker import connect
from caixa_comum.topology import DELIVERY_LIMIT, PARKING, QUEUE
from tests.faults.invariants import applied, broken, drain, ready_messages, until_ready_messages
from tests.faults.outcome import Outcome, unfounded
from tests.faults.scenarios.kills import nobody_commits
from tests.faults.services import STOP_SECONDS, Platform, some_entries
from tests.integration.saldo.entries import publish_entries
from tests.local.broker import Broker
from tests.local.waiting import eventually

PARKED = 50


async def more_deaths_than_deliveries_allowed(platform: Platform, kills: int) -> Outcome:
    """Go beyond the delivery limit: the broker drops nothing but parks it, and `caixa-saldo replay` adds each message once.

    So many of the deaths are those of real consumers; in the others a connection takes the messages and goes away.
    """
    entries = some_entries(PARKED)
    await publish_entries(platform.broker, entries)
    for deaths in range(1, DELIVERY_LIMIT + 2):
        if deaths <= kills:
            with nobody_commits(platform):
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
