"""Reads the queue's figures from RabbitMQ's management API, as the user who may only monitor."""

import ssl
from collections import Counter
from collections.abc import Mapping
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


class _Peer(msgspec.Struct):
    peer_host: str = ""


class _Channel(msgspec.Struct):
    messages_unacknowledged: int = 0
    connection_details: _Peer = msgspec.field(default_factory=_Peer)


def holders(body: bytes) -> dict[str, int]:
    """Read the management API's list of channels: unacknowledged messages by the peer's IP address. Raises QueueUnreadable."""
    try:
        channels = msgspec.json.decode(body, type=list[_Channel])
    except msgspec.DecodeError as error:
        raise QueueUnreadable(f"the management API's list of channels is none: {error}") from error
    found: Counter[str] = Counter()
    for channel in channels:
        found[channel.connection_details.peer_host.removeprefix("::ffff:")] += channel.messages_unacknowledged
    return dict(found)


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

    def __init__(
        self,
        session: aiohttp.ClientSession,
        management_url: str,
        password: str,
        *,
        user: str = "operator",
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Ask `management_url`, such as http://caixa-rabbitmq.loja.svc:15672, as the `user` of the role that may only monitor.

        By HTTPS `trust` verifies it, or the system's authorities.
        """
        self._session = session
        self._trust: ssl.SSLContext | bool = True if trust is None else trust
        self._url = f"{management_url}/api"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}

    async def read(self) -> Reading:
        """Look at the queue. Raises QueueUnreadable."""
        query = {"disable_stats": "false", "msg_rates_age": str(SAMPLE_SECONDS), "msg_rates_incr": "5"}
        return parsed(await self._answer(f"queues/{topology.VHOST}/{topology.QUEUE}", query))

    async def held(self) -> dict[str, int]:
        """Return how many events the consumers at each IP address have in hand. Raises QueueUnreadable."""
        return holders(await self._answer(f"vhosts/{topology.VHOST}/channels", {}))

    async def _answer(self, path: str, query: Mapping[str, str]) -> bytes:
        try:
            async with self._session.get(
                f"{self._url}/{path}", params=query, headers=self._headers, timeout=TIMEOUT, ssl=self._trust
            ) as response:
                if response.status != HTTPStatus.OK:
                    raise QueueUnreadable(f"the management API answered {response.status}")
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise QueueUnreadable(f"the management API does not answer: {type(error).__name__}") from error
