"""P5: the consumer's drain rate into one hot merchant-day against consuming with nothing behind."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from caixa_comum.broker import connect
from caixa_comum.database import create_engine
from caixa_comum.topology import EXCHANGE, QUEUE
from caixa_saldo.applier import Applier
from caixa_saldo.consumption import Subscription
from caixa_saldo.messages import Message as Delivered
from tests.bench.events import Made, one_day
from tests.bench.figure import Figure, Target, figure
from tests.local.broker import Broker
from tests.local.database import Database

P5 = Target("P5", "consumer into one hot merchant-day ÷ raw consume + multiple-ack", 0.6)
EVENTS = 10_000
BATCH = PREFETCH = 200
WINDOW_SECONDS = 0.05


async def measure(database: Database, broker: Broker, rounds: int, say: Callable[[str], None]) -> Figure:
    """Drain the same number of events by the product's consumer and by a bare one, in turn."""
    engine = create_engine(database.settings("saldo", "caixa_saldo"))
    connection = await connect(broker.settings("saldo"), "bench")
    applied, raw = [], []
    try:
        for number in range(rounds + 1):
            await _publish(broker, one_day(EVENTS))
            applier = Applier(engine, asyncio.Event(), partial(datetime.now, UTC))
            first = await _consumed(applier, connection)
            await _publish(broker, one_day(EVENTS))
            second = await _bare(connection)
            if number:
                applied.append(first)
                raw.append(second)
                say(f"round {number} of {rounds}: consumer {first:,.0f}/s, raw {second:,.0f}/s")
    finally:
        await connection.close()
        await engine.dispose()
    return figure(P5, applied, raw, "events/s")


async def _consumed(applier: Applier, connection: AbstractConnection) -> float:
    stop, done = asyncio.Event(), 0

    async def apply(messages: Sequence[Delivered]) -> object:
        nonlocal done
        outcome = await applier.apply(messages)
        done += outcome.applied
        if done >= EVENTS:
            stop.set()
        return outcome

    subscription = Subscription(apply, prefetch=PREFETCH, batch=BATCH, window_seconds=WINDOW_SECONDS)
    began = time.perf_counter()
    await subscription.run(connection, stop)
    return EVENTS / (time.perf_counter() - began)


async def _bare(connection: AbstractConnection) -> float:
    """Consume with the least that acknowledges in multiples: no decoding, no gathering, no database."""
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(prefetch_count=PREFETCH)
    wire = await channel.get_underlay_channel()
    done, seen = asyncio.Event(), 0

    async def receive(delivery: DeliveredMessage) -> None:
        nonlocal seen
        seen += 1
        if (seen % BATCH == 0 or seen == EVENTS) and delivery.delivery_tag is not None:
            await wire.basic_ack(delivery.delivery_tag, multiple=True)
        if seen == EVENTS:
            done.set()

    began = time.perf_counter()
    await wire.basic_consume(QUEUE, receive)
    await done.wait()
    rate = EVENTS / (time.perf_counter() - began)
    await channel.close()
    return rate


async def _publish(broker: Broker, events: Sequence[Made]) -> None:
    async with await connect(broker.settings("fluxo"), "bench-fill") as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        for start in range(0, len(events), 500):
            await asyncio.gather(
                *(
                    exchange.publish(Message(one.body, delivery_mode=DeliveryMode.PERSISTENT, message_id=str(one.id)), one.routing_key)
                    for one in events[start : start + 500]
                )
            )
