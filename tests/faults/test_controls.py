"""The invariants can fail: each guard that the product relies on is left out once, and the loss or the double count is found."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from prometheus_client import CollectorRegistry

from caixa_comum.broker import connect
from caixa_comum.database import create_engine
from caixa_comum.settings import BrokerSettings
from caixa_comum.topology import EXCHANGE, PARKING_EXCHANGE, VHOST
from caixa_fluxo.publisher import Publisher
from caixa_fluxo.relay import Pace, Relay
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_saldo.consumption import Subscription
from caixa_saldo.messages import Message as Received
from tests.faults.invariants import broken, drain, until_applied, until_ready_messages
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.routing import unbind
from tests.faults.services import Platform
from tests.integration.saldo.entries import entry, publish_entries
from tests.integration.saldo.running import consumer
from tests.local.waiting import eventually


async def test_a_consumer_that_acknowledges_before_its_commit_is_caught(platform: Platform) -> None:
    """Dead between acknowledgement and commit, it has lost what it took: inbox and balances tell."""
    entries = [entry() for _ in range(20)]
    await publish_entries(platform.broker, entries)
    taken: list[Received] = []
    stop = asyncio.Event()

    async def apply_later(messages: Sequence[Received]) -> None:
        taken.extend(messages)

    async def all_taken() -> bool:
        return len(taken) == 20

    async with await connect(platform.broker.settings("saldo"), "test") as connection:
        subscription = Subscription(apply_later, prefetch=20, batch=20, window_seconds=0.05)
        running = asyncio.create_task(subscription.run(connection, stop))
        await eventually("all are acknowledged", all_taken)
        stop.set()
        await running
    assert set(await broken(platform, entries)) == {"inbox", "balances"}


async def test_a_consumer_whose_inbox_forgets_is_caught(platform: Platform) -> None:
    """Without the inbox's memory a redelivery is added once more, and only the balances tell: twice the sum."""
    merchant = uuid4()
    entries = [entry(merchant, 7) for _ in range(20)]
    await publish_entries(platform.broker, entries)
    database = platform.database.settings("saldo", "caixa_saldo")
    async with LostAcknowledgements(platform.broker.port) as link, consumer(database, _through(platform, link.port)):
        await until_applied(platform, 20)
    await until_ready_messages(platform.broker, 20)
    platform.database.server.execute(["TRUNCATE TABLE caixa_saldo.inbox"])
    await drain(platform)
    assert set(await broken(platform, entries)) == {"balances"}


async def test_a_relay_without_confirms_is_caught(platform: Platform) -> None:
    """A relay that takes silence for consent deletes what no queue took."""
    entries = [entry() for _ in range(20)]
    await platform.put(entries)
    unbind(platform.broker)
    engine = create_engine(platform.database.settings("fluxo", "caixa_fluxo"), pool=1)
    async with await connect(platform.broker.settings("fluxo"), "test") as connection:
        channel = await connection.channel(publisher_confirms=False, on_return_raises=False)
        publisher = Publisher(await channel.get_exchange(EXCHANGE, ensure=False), is_open=lambda: True, deadline_seconds=30)
        await Relay(engine, pace=Pace(), metrics=RelayMetrics(CollectorRegistry())).move_batch(publisher)
    await engine.dispose()
    assert set(await broken(platform, entries)) == {"inbox", "balances"}


async def test_what_is_left_on_the_way_is_caught(platform: Platform) -> None:
    """An event in the outbox, one in the queue and one parked are each found where they are."""
    on_the_way, in_the_outbox = entry(), entry()
    assert await broken(platform, []) == {}
    await platform.put([in_the_outbox])
    await publish_entries(platform.broker, [on_the_way])
    async with await connect(platform.broker.settings("admin"), "test") as connection:
        exchange = await (await connection.channel()).get_exchange(PARKING_EXCHANGE, ensure=False)
        await exchange.publish(Message(b"parked", delivery_mode=DeliveryMode.PERSISTENT), "")
    found = await broken(platform, [on_the_way, in_the_outbox])
    assert set(found) == {"outbox", "queue", "parking", "inbox", "balances"}
    assert found["inbox"] == "2 missing, 0 too many"


def _through(platform: Platform, port: int) -> BrokerSettings:
    settings = platform.broker.settings("saldo")
    return BrokerSettings(
        broker_url=f"amqp://127.0.0.1:{port}/{VHOST}", broker_user=settings.broker_user, broker_password=settings.broker_password
    )
