"""Negative controls: the product with one guard left out, by a part given to it; the invariants must find what is lost by that."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import uuid4

from aio_pika import DeliveryMode, Message

from caixa_comum.broker import connect
from caixa_comum.topology import PARKING_EXCHANGE
from caixa_saldo.consumption import Subscription
from caixa_saldo.messages import Message as Received
from tests.faults.invariants import broken, drain, until_applied, until_ready_messages
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.relaying import fluxo_engine, publisher, relay_of
from tests.faults.routing import unbind
from tests.faults.scenarios.outbox import late_commit, relay_with_a_cursor, writers_beside_a_waiting_relay
from tests.faults.services import Platform, some_entries
from tests.integration.saldo.entries import entry, publish_entries
from tests.integration.saldo.running import consumer
from tests.local.waiting import eventually

Found = Mapping[str, str]


async def acknowledged_before_the_commit(platform: Platform) -> Found:
    """Acknowledge before the commit, and die in between: what was taken is lost, and inbox and balances tell."""
    entries = some_entries(20)
    await publish_entries(platform.broker, entries)
    taken: list[Received] = []
    stop = asyncio.Event()

    async def apply_later(messages: Sequence[Received]) -> None:
        taken.extend(messages)

    async def all_taken() -> bool:
        return len(taken) == len(entries)

    async with await connect(platform.broker.settings("saldo"), "test") as connection:
        subscription = Subscription(apply_later, prefetch=20, batch=20, window_seconds=0.05)
        running = asyncio.create_task(subscription.run(connection, stop))
        await eventually("all are acknowledged", all_taken)
        stop.set()
        await running
    return await broken(platform, entries)


async def inbox_that_forgets(platform: Platform) -> Found:
    """Forget what the inbox knew: a redelivery is added once more, and only the balances tell: twice the sum."""
    entries = some_entries(20)
    await publish_entries(platform.broker, entries)
    database = platform.database.settings("saldo", "caixa_saldo")
    async with LostAcknowledgements(platform.broker.port) as link, consumer(database, platform.broker_through("saldo", link.port)):
        await until_applied(platform, len(entries))
    await until_ready_messages(platform.broker, len(entries))
    platform.database.server.execute(["TRUNCATE TABLE caixa_saldo.inbox"])
    await drain(platform)
    return await broken(platform, entries)


async def relay_without_confirms(platform: Platform) -> Found:
    """Take silence for consent: what no queue took is deleted."""
    entries = some_entries(20)
    await platform.put(entries)
    unbind(platform.broker)
    async with fluxo_engine(platform) as engine, publisher(platform.broker.settings("fluxo"), confirms=False) as careless:
        await relay_of(engine).move_batch(careless)
    return await broken(platform, entries)


async def relay_at_repeatable_read(platform: Platform) -> Found:
    """Have the relay's scan lock the gap behind the last row: whoever records an entry waits until the relay is done."""
    return (await writers_beside_a_waiting_relay(platform, 1, isolation="REPEATABLE READ")).broken


async def relay_with_a_last_id(platform: Platform) -> Found:
    """Remember the last id: the row whose transaction commits late is passed over, and stays in the outbox for ever."""
    return (await late_commit(platform, 1, held_seconds=0, relay=relay_with_a_cursor)).broken


async def left_on_the_way(platform: Platform) -> Found:
    """Leave an event in the outbox, one in the queue and one parked, and invent a 201: each is found where it is."""
    on_the_way, in_the_outbox, never_recorded = entry(), entry(), entry(uuid4(), 7)
    assert await broken(platform) == {}, "nothing is on the way yet"
    await platform.put([in_the_outbox])
    await publish_entries(platform.broker, [on_the_way])
    async with await connect(platform.broker.settings("admin"), "test") as connection:
        exchange = await (await connection.channel()).get_exchange(PARKING_EXCHANGE, ensure=False)
        await exchange.publish(Message(b"parked", delivery_mode=DeliveryMode.PERSISTENT), "")
    return await broken(platform, [on_the_way, in_the_outbox], posted=[never_recorded])
