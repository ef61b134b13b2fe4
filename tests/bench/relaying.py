"""P4: the relay's drain rate against publishing the same payloads with nothing behind."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aio_pika import DeliveryMode, Message
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.broker import connect
from caixa_comum.database import create_engine
from caixa_comum.topology import EXCHANGE
from caixa_fluxo.publisher import Publisher
from caixa_fluxo.relay import Pace, Relay
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.tables import outbox
from tests.bench.events import Made, one_day
from tests.bench.figure import Figure, Target, figure
from tests.local.broker import Broker
from tests.local.database import Database

P4 = Target("P4", "relay's drain rate ÷ raw pipelined confirmed publish", 0.7)
EVENTS = 10_000
BATCH = 500


async def measure(database: Database, broker: Broker, rounds: int, say: Callable[[str], None]) -> Figure:
    """Drain an outbox by the product's relay, and publish the same bodies by aio-pika alone, in turn."""
    engine = create_engine(database.settings("fluxo", "caixa_fluxo"))
    connection = await connect(broker.settings("fluxo"), "bench")
    relayed, raw = [], []
    relay = Relay(engine, pace=Pace(batch=BATCH), metrics=RelayMetrics())
    try:
        for number in range(rounds + 1):
            events = one_day(EVENTS)
            await _fill(engine, events)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.get_exchange(EXCHANGE, ensure=False)
            publisher = Publisher(exchange, is_open=lambda: True, deadline_seconds=30)
            began = time.perf_counter()
            while (await relay.move_batch(publisher))[0]:
                pass
            first = EVENTS / (time.perf_counter() - began)
            broker.purge()
            began = time.perf_counter()
            for start in range(0, EVENTS, BATCH):
                await asyncio.gather(*(exchange.publish(_message(one), one.routing_key) for one in events[start : start + BATCH]))
            second = EVENTS / (time.perf_counter() - began)
            broker.purge()
            await channel.close()
            if number:
                relayed.append(first)
                raw.append(second)
                say(f"round {number} of {rounds}: relay {first:,.0f}/s, raw {second:,.0f}/s")
    finally:
        await connection.close()
        await engine.dispose()
    return figure(P4, relayed, raw, "events/s")


def _message(one: Made) -> Message:
    return Message(one.body, delivery_mode=DeliveryMode.PERSISTENT, message_id=str(one.id))


async def _fill(engine: AsyncEngine, events: Sequence[Made]) -> None:
    rows = [
        {"event_id": one.id, "routing_key": one.routing_key, "payload": one.body, "traceparent": None, "created_at": datetime.now(UTC)}
        for one in events
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(outbox), rows)
