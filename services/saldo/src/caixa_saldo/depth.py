"""How much waits at the broker, asked on the consumer's own connection: nobody else needs a user there to see it."""

import asyncio
from typing import Final

import structlog
from aio_pika.abc import AbstractConnection

from caixa_comum.broker import BROKER_ERRORS
from caixa_comum.process import pause
from caixa_comum.topology import PARKING, QUEUE
from caixa_saldo.metrics import WAITING

LOOK_SECONDS: Final = 5.0
log = structlog.get_logger(__name__)


async def watch_depth(connection: AbstractConnection, stop: asyncio.Event, *, seconds: float = LOOK_SECONDS) -> None:
    """Show the depth of the queue and of its parking until `stop` is set; never ends the consumer, whatever the broker answers."""
    while not stop.is_set():
        try:
            await _look(connection, stop, seconds)
        except BROKER_ERRORS as error:
            log.warning("depth_not_read", error=repr(error))
            await pause(stop, seconds)


async def _look(connection: AbstractConnection, stop: asyncio.Event, seconds: float) -> None:
    channel = await connection.channel(publisher_confirms=False)
    try:
        wire = await channel.get_underlay_channel()
        while not stop.is_set():
            for queue in (QUEUE, PARKING):
                # A passive declare only asks; it needs no permission (RabbitMQ, access control, table of operations).
                found = await wire.queue_declare(queue, passive=True)
                WAITING.labels(queue).set(found.message_count or 0)
            await pause(stop, seconds)
    finally:
        await channel.close()
