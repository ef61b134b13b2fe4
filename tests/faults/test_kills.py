"""Relays and consumers killed (SIGKILL) at the worst moments: entries are neither lost nor counted twice."""

import asyncio
import random
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
    until_passed_on,
    until_ready_messages,
)
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.services import STOP_SECONDS, Platform, Service
from tests.integration.saldo.entries import entry, publish_entries
from tests.local.broker import Broker
from tests.local.mariadb import connected
from tests.local.waiting import eventually


async def _duplicates(service: Service, goal: int) -> None:
    async def reached() -> bool:
        service.process.check()
        return await service.metric("caixa_saldo_duplicates_total") >= goal

    await eventually(f"{goal} deliveries are known already", reached)


async def test_consumers_that_die_on_the_same_prefetch_before_or_after_their_commit_count_it_once(platform: Platform) -> None:
    """Two die before their commit and two between commit and acknowledgement, all on the same 100 messages; the fifth finds nothing new."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 101)]
    await publish_entries(platform.broker, entries)
    async with LostAcknowledgements(platform.broker.port) as link:
        with connected(platform.database.port, platform.database.server.root_password, schema="caixa_saldo") as guard:
            guard.cursor().execute("LOCK TABLES inbox WRITE")
            for _ in range(2):
                victim = platform.consumer(broker_port=link.port)
                await until_ready_messages(platform.broker, 0)  # so it holds all of them, and cannot commit
                victim.kill()
                await until_ready_messages(platform.broker, 100)
        assert await applied(platform) == 0
        first = platform.consumer(broker_port=link.port)
        await until_applied(platform, 100)
        first.kill()
        await until_ready_messages(platform.broker, 100)
        second = platform.consumer(broker_port=link.port)
        await _duplicates(second, 100)
        second.kill()
        await until_ready_messages(platform.broker, 100)
    last = platform.consumer()
    await _duplicates(last, 100)
    assert await last.metric("caixa_saldo_redelivered_total") == 100
    assert await last.metric("caixa_saldo_applied_total") == 0
    await settle(platform, 100)
    assert await broken(platform, entries) == {}


async def test_relays_that_die_between_the_confirm_and_the_delete_publish_again_and_nothing_counts_twice(platform: Platform) -> None:
    """Each of three relays dies when the broker has its 100 events but it does not know; the fourth's are copies, and saldo knows them."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 101)]
    await platform.put(entries)
    async with LostAcknowledgements(platform.broker.port) as link:
        for copies in range(1, 4):
            victim = platform.relay(broker_port=link.port)
            await until_ready_messages(platform.broker, 100 * copies)
            victim.kill()
    platform.relay()
    await until_passed_on(platform)
    await until_ready_messages(platform.broker, 400)
    messages = await ready_messages(platform.broker)
    consumer = platform.consumer()
    await _duplicates(consumer, messages - 100)
    assert await consumer.metric("caixa_saldo_applied_total") == 100
    await settle(platform, 100)
    assert await broken(platform, entries) == {}


async def test_kills_of_relays_and_consumers_while_entries_keep_coming_for_one_merchants_day(platform: Platform) -> None:
    """Two relays and three consumers share one hot balance, and one of them dies again and again; every entry counts once."""
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

    def relay() -> Service:
        return platform.relay(batch=50)

    def consumer() -> Service:
        return platform.consumer(prefetch=100, batch=50)

    running = {relay: [relay(), relay()], consumer: [consumer(), consumer(), consumer()]}
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_recording())
        try:
            await asyncio.gather(*(service.until_ready() for services in running.values() for service in services))
            for kind in (consumer, relay, consumer, relay, consumer, consumer):
                await until_applied(platform, await applied(platform) + 100)
                await asyncio.sleep(moments.uniform(0, 0.1))
                running[kind].pop(0).kill()
                running[kind].append(kind())
        finally:
            enough.set()
    await until_applied(platform, len(entries))
    redelivered = [await service.metric("caixa_saldo_redelivered_total") for service in running[consumer]]
    await settle(platform, len(entries))
    assert await broken(platform, entries) == {}
    assert sum(redelivered) > 0


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


async def test_what_killed_more_consumers_than_the_delivery_limit_allows_is_parked_and_comes_back(platform: Platform) -> None:
    """Beyond the limit the broker drops nothing: all 50 messages are parked, and `caixa-saldo replay` adds each once."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 51)]
    await publish_entries(platform.broker, entries)
    for deaths in range(1, DELIVERY_LIMIT + 2):
        await _die_holding(platform.broker, 50)
        if deaths <= DELIVERY_LIMIT:
            await until_ready_messages(platform.broker, 50)

    async def parked() -> bool:
        return await ready_messages(platform.broker, PARKING) == 50

    await eventually("all are parked", parked)
    assert set(await broken(platform, entries)) == {"parking", "inbox", "balances"}
    replay = platform.replay()
    assert await asyncio.to_thread(replay.process.wait, STOP_SECONDS) == 0
    await drain(platform)
    assert await broken(platform, entries) == {}
