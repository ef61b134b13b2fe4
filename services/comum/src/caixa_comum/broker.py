"""The edge to RabbitMQ: one plain connection at a time, and a loop that opens the next when it is lost."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from yarl import URL

from caixa_comum.process import pause
from caixa_comum.settings import BrokerSettings, ConfigurationError, url_parts
from caixa_comum.trust import context_of

EXAMPLE: Final = "amqp://rabbitmq:5672/caixa"
AUTHORITY: Final = "CAIXA_BROKER_CA"
HEARTBEAT_SECONDS: Final = 10
CONNECT_SECONDS: Final = 10.0
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, ConnectionError, OSError, TimeoutError, asyncio.InvalidStateError)
"""What a lost or refused connection raises: `aio_pika` lets some of asyncio's own errors through, and has one for closed channels apart."""

_log = structlog.get_logger(__name__)


def url_of(settings: BrokerSettings) -> URL:
    """Build the AMQP URL with its user. Raises ConfigurationError where that or CAIXA_BROKER_CA is wrong."""
    parts = url_parts("CAIXA_BROKER_URL", settings.broker_url, schemes=("amqp", "amqps"), example=EXAMPLE)
    if context_of(AUTHORITY, settings.broker_ca) is not None and parts.scheme != "amqps":
        raise ConfigurationError(AUTHORITY, "is for a CAIXA_BROKER_URL that begins with amqps://")
    return URL(settings.broker_url).with_user(settings.broker_user).with_password(str.__str__(settings.broker_password))


async def connect(settings: BrokerSettings, name: str) -> AbstractConnection:
    """Open a plain connection, named as the management page shows it. A robust one would hide losses that the callers act on."""
    url = url_of(settings).update_query(heartbeat=str(HEARTBEAT_SECONDS), name=name)
    trust = context_of(AUTHORITY, settings.broker_ca)
    return await aio_pika.connect(url, timeout=CONNECT_SECONDS, client_properties={"connection_name": name}, ssl_context=trust)


async def reconnecting(
    settings: BrokerSettings,
    name: str,
    stop: asyncio.Event,
    work: Callable[[AbstractConnection], Awaitable[None]],
    *,
    errors: tuple[type[BaseException], ...] = BROKER_ERRORS,
) -> None:
    """Connect and do `work` until told to stop; wait, longer each time, when the connection is lost or refused.

    `work` returns when `stop` is set and raises one of `errors` when the connection is lost.
    """
    wait = FIRST_PAUSE_SECONDS
    while not stop.is_set():
        try:
            connection = await connect(settings, name)
        except errors as error:
            _log.warning("broker_unreachable", connection=name, error=repr(error), retry_seconds=round(wait, 1))
        else:
            wait = FIRST_PAUSE_SECONDS
            _log.info("broker_connected", connection=name)
            try:
                async with connection:
                    await work(connection)
            except errors as error:
                _log.warning("broker_lost", connection=name, error=repr(error))
        if await pause(stop, wait * random.uniform(0.5, 1.0)):  # noqa: S311  jitter
            return
        wait = min(wait * 2, LONGEST_PAUSE_SECONDS)
