"""The autoscaler's reader against a real broker, as the user who may only monitor."""

import asyncio
import time

import aio_pika
import aiohttp
from aio_pika.abc import AbstractIncomingMessage

from caixa_comum import topology
from caixa_comum.broker import connect
from caixa_comum.settings import BrokerSettings, load
from caixa_operator.autoscaler.queue import Queue, QueueUnreadable
from tests.local.broker import Broker


async def looked(queue: Queue) -> tuple[int, int, int]:
    """Return what waits, what is in hand, and what of it at this machine's address; a broker that has just begun knows no figures."""
    try:
        reading = await queue.read()
    except QueueUnreadable:
        return 0, 0, 0
    return reading.ready, reading.unacked, (await queue.held()).get("127.0.0.1", 0)


async def test_the_reader_sees_what_waits_and_who_has_how_much_in_hand(rabbit: Broker) -> None:
    """Three events, two of them in a consumer's hands: the queue's figures and the consumer's address say so."""
    await asyncio.to_thread(rabbit.server.call, "DELETE", f"/api/queues/{topology.VHOST}/{topology.QUEUE}/contents")
    fluxo = await connect(load(BrokerSettings, rabbit.address.environ("fluxo")), "publisher")
    saldo = await connect(load(BrokerSettings, rabbit.address.environ("saldo")), "consumer")
    held: list[AbstractIncomingMessage] = []

    async def take(message: AbstractIncomingMessage) -> None:
        held.append(message)

    async with fluxo, saldo, aiohttp.ClientSession() as session:
        exchange = await (await fluxo.channel()).get_exchange(topology.EXCHANGE, ensure=False)
        for _ in range(3):
            await exchange.publish(aio_pika.Message(b"{}"), routing_key="br.caixa.teste")
        channel = await saldo.channel()
        await channel.set_qos(prefetch_count=2)
        await (await channel.get_queue(topology.QUEUE, ensure=False)).consume(take)
        queue = Queue(session, rabbit.management_url, rabbit.operator_password)
        deadline = time.monotonic() + 60  # the broker refreshes its figures every few seconds
        seen = await looked(queue)
        while seen != (1, 2, 2) and time.monotonic() < deadline:
            await asyncio.sleep(1)
            seen = await looked(queue)
        assert seen == (1, 2, 2)
    await asyncio.to_thread(rabbit.server.call, "DELETE", f"/api/queues/{topology.VHOST}/{topology.QUEUE}/contents")
