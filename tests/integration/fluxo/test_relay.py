"""The relay between a real outbox and a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import aio_pika
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.broker import connect
from caixa_comum.database import create_engine
from caixa_comum.events import LANCAMENTO_REGISTRADO
from caixa_fluxo.outbox_repository import backlog, forget, lock_batch
from caixa_fluxo.publisher import Publisher
from caixa_fluxo.relay import HINDERED_PAUSE_SECONDS, Pace, Relay, Unconfirmed
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.relay_process import Link
from caixa_fluxo.tables import outbox
from tests.integration.fluxo.conftest import SCHEMA
from tests.integration.saldo.proxy import Proxy
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.waiting import eventually

QUEUE = "saldo.eventos"


@pytest.fixture(autouse=True)
async def _nothing_waits(migrated: Database, rabbit: Broker) -> None:
    """Begin with an empty outbox and an empty queue."""
    migrated.empty(SCHEMA)
    connection = await connect(rabbit.settings("admin"), "limpeza")
    async with connection:
        queue = await (await connection.channel()).get_queue(QUEUE, ensure=False)
        await queue.purge()


@asynccontextmanager
async def publishing(rabbit: Broker) -> AsyncIterator[Publisher]:
    """Give a publisher on a connection of its own, as the user that may only publish."""
    connection = await connect(rabbit.settings("fluxo"), "teste")
    async with connection:
        yield await Link().open(connection)


async def put(engine: AsyncEngine, count: int, routing_key: str = LANCAMENTO_REGISTRADO) -> list[UUID]:
    """Put events into the outbox; return their ids."""
    ids = [uuid4() for _ in range(count)]
    async with engine.begin() as connection:
        rows = [
            {"event_id": one, "routing_key": routing_key, "payload": one.bytes, "traceparent": "00-a", "created_at": datetime.now(UTC)}
            for one in ids
        ]
        await connection.execute(insert(outbox), rows)
    return ids


async def waiting(engine: AsyncEngine) -> int:
    """Count the outbox."""
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()


async def received(rabbit: Broker, count: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Take `count` messages off the queue, as the consumer's user."""
    connection = await connect(rabbit.settings("saldo"), "teste")
    async with connection, asyncio.timeout(60):
        queue = await (await connection.channel()).get_queue(QUEUE, ensure=False)
        messages: list[aio_pika.abc.AbstractIncomingMessage] = []
        while len(messages) < count:
            message = await queue.get(fail=False)
            if message is not None:
                await message.ack()
                messages.append(message)
        return messages


async def test_every_event_arrives_once_and_leaves_the_outbox(engine: AsyncEngine, rabbit: Broker) -> None:
    """Several batches go out, persistent and named by their event's id, and the outbox is empty after."""
    ids = await put(engine, 25)
    relay = Relay(engine, pace=Pace(batch=10), metrics=RelayMetrics(CollectorRegistry()))
    stop = asyncio.Event()
    async with publishing(rabbit) as publisher:
        running = asyncio.create_task(relay.run(publisher, stop))
        messages = await received(rabbit, 25)
        stop.set()
        await running
    assert {message.message_id for message in messages} == {str(one) for one in ids}
    first = messages[0]
    assert (first.delivery_mode, first.content_type) == (aio_pika.DeliveryMode.PERSISTENT, "application/cloudevents+json")
    assert (first.routing_key, first.headers["traceparent"], first.body) == (LANCAMENTO_REGISTRADO, "00-a", ids[0].bytes)
    assert await waiting(engine) == 0


async def test_many_relays_share_the_outbox_without_publishing_twice(engine: AsyncEngine, migrated: Database, rabbit: Broker) -> None:
    """Four relays at once publish each of 600 events exactly once, and none waits for another's rows."""
    ids = await put(engine, 600)
    registry = CollectorRegistry()
    metrics = RelayMetrics(registry)
    stop = asyncio.Event()

    async def one_relay() -> None:
        own = create_engine(migrated.settings("fluxo", SCHEMA), pool=1)
        async with publishing(rabbit) as publisher:
            await Relay(own, pace=Pace(batch=20), metrics=metrics).run(publisher, stop)
        await own.dispose()

    relays = [asyncio.create_task(one_relay()) for _ in range(4)]
    messages = await received(rabbit, 600)
    stop.set()
    await asyncio.gather(*relays)
    assert {message.message_id for message in messages} == {str(one) for one in ids}
    assert await waiting(engine) == 0
    assert registry.get_sample_value("caixa_outbox_published_total") == 600


async def test_what_no_queue_takes_stays_in_the_outbox(engine: AsyncEngine, rabbit: Broker) -> None:
    """A returned message is counted, not deleted, and does not keep its neighbours back."""
    await put(engine, 3, routing_key="de.outra.coisa")
    good = await put(engine, 2)
    registry = CollectorRegistry()
    relay = Relay(engine, pace=Pace(), metrics=RelayMetrics(registry))
    async with publishing(rabbit) as publisher:
        taken, delivery = await relay.move_batch(publisher)
    assert (taken, len(delivery.confirmed), delivery.returned, delivery.lost) == (5, 2, 3, 0)
    assert await waiting(engine) == 3
    assert registry.get_sample_value("caixa_outbox_confirm_failures_total", {"reason": "returned"}) == 3
    assert {message.message_id for message in await received(rabbit, 2)} == {str(one) for one in good}


async def test_a_relay_waits_for_its_database(engine: AsyncEngine, migrated: Database, rabbit: Broker) -> None:
    """With the database cut off it keeps its channel and tries again; mended, what waits goes out."""
    ids = await put(engine, 3)
    stop = asyncio.Event()
    proxy = Proxy(migrated.port)
    settings = migrated.settings("fluxo", SCHEMA)
    cut_off = create_engine(msgspec.structs.replace(settings, database_url=f"mysql://127.0.0.1:{proxy.port}/{SCHEMA}"), pool=1)
    async with publishing(rabbit) as publisher:
        running = asyncio.create_task(Relay(cut_off, pace=Pace(), metrics=RelayMetrics(CollectorRegistry())).run(publisher, stop))
        await asyncio.wait([running], timeout=1)
        assert not running.done()
        async with proxy:
            messages = await received(rabbit, 3)
            stop.set()
            await running
    await cut_off.dispose()
    assert {message.message_id for message in messages} == {str(one) for one in ids}
    assert await waiting(engine) == 0


async def test_a_relay_does_not_hammer_a_broker_that_takes_nothing(engine: AsyncEngine, rabbit: Broker) -> None:
    """Where every message is returned it pauses between tries, and keeps what it has."""
    await put(engine, 3, routing_key="de.outra.coisa")
    registry = CollectorRegistry()
    stop = asyncio.Event()
    async with publishing(rabbit) as publisher:
        running = asyncio.create_task(Relay(engine, pace=Pace(), metrics=RelayMetrics(registry)).run(publisher, stop))

        async def returned() -> bool:
            return (registry.get_sample_value("caixa_outbox_confirm_failures_total", {"reason": "returned"}) or 0) >= 6

        began = asyncio.get_running_loop().time()
        await eventually("two tries were returned", returned)
        assert asyncio.get_running_loop().time() - began >= HINDERED_PAUSE_SECONDS
        stop.set()
        await running
    assert await waiting(engine) == 3


async def test_a_lost_channel_loses_nothing_and_is_told(engine: AsyncEngine, rabbit: Broker) -> None:
    """Where the broker closes the channel (no such exchange) every row stays, and the relay asks for a new channel."""
    await put(engine, 4)
    relay = Relay(engine, pace=Pace(), metrics=RelayMetrics(CollectorRegistry()))
    connection = await connect(rabbit.settings("admin"), "teste")
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange("nao.existe", ensure=False)
        publisher = Publisher(exchange, is_open=lambda: not channel.is_closed, deadline_seconds=30)
        with pytest.raises(Unconfirmed):
            await relay.run(publisher, asyncio.Event())
    with pytest.raises(Unconfirmed):
        await relay.run(publisher, asyncio.Event())
    assert await waiting(engine) == 4


async def test_a_broker_that_says_nothing_is_given_up_at_the_deadline(engine: AsyncEngine, rabbit: Broker) -> None:
    """Messages without a confirm when the deadline passes are lost to this channel, and stay in the outbox."""
    await put(engine, 4)
    relay = Relay(engine, pace=Pace(), metrics=RelayMetrics(CollectorRegistry()))
    async with publishing(rabbit) as publisher:
        silent = Publisher(publisher._exchange, is_open=publisher.is_open, deadline_seconds=0)
        _, delivery = await relay.move_batch(silent)
    assert delivery.lost == 4
    assert await waiting(engine) == 4


async def test_a_relay_takes_what_another_does_not_hold(engine: AsyncEngine) -> None:
    """Locked rows are skipped, not waited for; and a writer's insert is not held up by the lock."""
    await put(engine, 10)
    async with engine.begin() as one, engine.begin() as two:
        held = await lock_batch(one, 4)
        await asyncio.wait_for(put(engine, 1), 30)
        rest = await lock_batch(two, 100)
        assert len(held) == 4
        assert len(rest) == 7
        await asyncio.wait_for(forget(two, [row.id for row in rest]), 30)
        await asyncio.wait_for(forget(one, [row.id for row in held[:3]]), 30)
    assert await waiting(engine) == 1


async def test_the_backlog_is_measured(engine: AsyncEngine) -> None:
    """Rows and the oldest instant, or nothing at all."""
    async with engine.connect() as connection:
        assert (await backlog(connection)).oldest is None
    before = datetime.now(UTC)
    await put(engine, 3)
    await put(engine, 2)
    async with engine.connect() as connection:
        found = await backlog(connection)
    assert found.rows == 5
    assert found.oldest is not None
    assert before <= found.oldest <= datetime.now(UTC)
