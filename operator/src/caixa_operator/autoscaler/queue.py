"""Reads the queue's figures from RabbitMQ's management API, as the user who may only monitor."""

from http import HTTPStatus

import aiohttp
import msgspec

from caixa_comum import topology
from caixa_operator.autoscaler.reading import Reading

SAMPLE_SECONDS = 20
"""Rates are averages over this long: the broker samples every 5 s."""
TIMEOUT = aiohttp.ClientTimeout(total=4)


class QueueUnreadable(Exception):
    """The management API could not be asked, or answered otherwise than it should; the message says which."""


class _Rate(msgspec.Struct):
    rate: float = 0.0
    avg_rate: float | None = None

    def value(self) -> float:
        return max(self.rate if self.avg_rate is None else self.avg_rate, 0.0)


class _Rates(msgspec.Struct):
    publish_details: _Rate = msgspec.field(default_factory=_Rate)
    ack_details: _Rate = msgspec.field(default_factory=_Rate)


class _Queue(msgspec.Struct):
    messages_ready: int
    messages_unacknowledged: int
    message_stats: _Rates = msgspec.field(default_factory=_Rates)


def parsed(body: bytes) -> Reading:
    """Read the management API's answer about one queue. Raises QueueUnreadable when it is not one."""
    try:
        found = msgspec.json.decode(body, type=_Queue)
    except msgspec.DecodeError as error:
        raise QueueUnreadable(f"the management API's answer is none: {error}") from error
    return Reading(
        ready=found.messages_ready,
        unacked=found.messages_unacknowledged,
        arrival_rate=found.message_stats.publish_details.value(),
        ack_rate=found.message_stats.ack_details.value(),
    )


class Queue:
    """The balance service's queue on one broker."""

    def __init__(self, session: aiohttp.ClientSession, management_url: str, password: str) -> None:
        """Ask `management_url`, such as http://caixa-rabbitmq.loja.svc:15672."""
        self._session = session
        self._url = f"{management_url}/api/queues/{topology.VHOST}/{topology.QUEUE}"
        self._headers = {"Authorization": aiohttp.encode_basic_auth("operator", password)}

    async def read(self) -> Reading:
        """Look at the queue. Raises QueueUnreadable."""
        query = {"disable_stats": "false", "msg_rates_age": str(SAMPLE_SECONDS), "msg_rates_incr": "5"}
        try:
            async with self._session.get(self._url, params=query, headers=self._headers, timeout=TIMEOUT) as response:
                if response.status != HTTPStatus.OK:
                    raise QueueUnreadable(f"the management API answered {response.status}")
                return parsed(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise QueueUnreadable(f"the management API does not answer: {type(error).__name__}") from error
