"""Asking a service over HTTP: pooled connections, bounded time and concurrency, and failures told apart."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec
import structlog
from yarl import URL

from caixa_comum import tracing
from caixa_comum.problems import Problem, problem, unavailable
from caixa_comum.telemetry import TRACEPARENT
from caixa_gateway.breaker import Breaker
from caixa_gateway.incoming import ClientGone, Streamed, slow_body

CONNECT_SECONDS: Final = 3.0
AT_ONCE: Final = 500
# The services close an idle connection after five seconds; the gateway lets go of it before.
KEPT_SECONDS: Final = 4.0
RECEIVED_BYTES: Final = 64 * 1024
"""How much the kernel keeps of an answer: all of it is read at once, and then waits here for the client."""

_log = structlog.get_logger(__name__)


class Outgoing(msgspec.Struct, frozen=True):
    """A request as a service receives it; `body` is whole (bytes) or a stream, which can be sent only once.

    `keyed`: a service does it once however often it is sent, because of its Idempotency-Key.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes | Streamed | None
    keyed: bool

    def waits_for_client(self) -> bool:
        """Tell whether it is the client's body that is awaited."""
        return isinstance(self.body, Streamed) and self.body.waits


class Upstream:
    """One service's address, with the gateway's connections to it."""

    def __init__(self, name: str, url: str, session: aiohttp.ClientSession, *, at_once: int = AT_ONCE) -> None:
        """Name the service, where it is, and how many requests it may be busy with."""
        self.name = name
        self._url = url.rstrip("/")
        self._session = session
        self._at_once = at_once
        self._in_flight = 0
        self._breaker = Breaker(name)

    @asynccontextmanager
    async def answer(self, outgoing: Outgoing, *, seconds: float) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the service's answer, its body still unread; no byte of it may take longer than `seconds`.

        Raises Problem: 503 when the service is down or busy, 504 when it is too slow, 502 when it does not speak HTTP.
        """
        if self._in_flight >= self._at_once:
            raise unavailable(f"O serviço {self.name} está ocupado demais agora. Tente de novo em instantes.")
        if not self._breaker.lets_through():
            raise self._down()
        self._in_flight += 1
        try:
            response = await self._asked(outgoing, seconds)
            try:
                yield response
            finally:
                response.close() if not response.content.at_eof() else response.release()
        finally:
            self._in_flight -= 1

    async def _asked(self, outgoing: Outgoing, seconds: float) -> aiohttp.ClientResponse:
        told = {"http.request.method": outgoing.method, "url.full": self._url + outgoing.target, "server.address": self.name}
        with tracing.span(outgoing.method, "client", parent=tracing.current(), attributes=told) as span:
            response = await self._answered(outgoing, seconds)
            span.set({"http.response.status_code": response.status})
            if response.status >= 400:  # noqa: PLR2004  to a client, both kinds are errors (semantic conventions for HTTP)
                span.fail(f"answered {response.status}")
            return response

    async def _answered(self, outgoing: Outgoing, seconds: float) -> aiohttp.ClientResponse:
        try:
            response = await self._sent(outgoing, seconds)
        except TimeoutError as error:
            if outgoing.waits_for_client():  # which says nothing of the service
                raise slow_body() from error
            self._breaker.failed()
            raise self.timed_out(error) from error
        except (aiohttp.ClientConnectionError, ConnectionError) as error:
            if isinstance(error.__cause__, Problem | ClientGone):  # what the client's own body came to
                raise error.__cause__ from error
            self._breaker.failed()
            _log.warning("upstream_down", service=self.name, error=repr(error))
            raise self._down() from error
        except aiohttp.ClientError as error:
            _log.warning("upstream_not_http", service=self.name, error=repr(error))
            raise problem(502, f"O serviço {self.name} respondeu algo que não se entende.") from error
        self._breaker.answered()
        return response

    async def _sent(self, outgoing: Outgoing, seconds: float) -> aiohttp.ClientResponse:
        """Send a request, and once more where its connection failed and that can do no harm.

        A kept-alive connection may have been closed by the service in this very moment. For GET and its like the session itself
        asks again; a POST with a key is sent again here, and so is what never left, because no connection came about.
        """
        again: tuple[type[Exception], ...] = (aiohttp.ClientConnectorError,)
        if outgoing.keyed:
            again = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, ConnectionError)
        try:
            return await self._request(outgoing, seconds)
        except again as error:
            if isinstance(outgoing.body, Streamed):
                raise
            _log.info("upstream_asked_again", service=self.name, error=repr(error))
            return await self._request(outgoing, seconds)

    async def _request(self, outgoing: Outgoing, seconds: float) -> aiohttp.ClientResponse:
        return await self._session.request(
            outgoing.method,
            URL(self._url + outgoing.target, encoded=True),
            headers=_traced(outgoing.headers),
            data=outgoing.body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=seconds),
        )

    def _down(self) -> Problem:
        return unavailable(f"O serviço {self.name} está indisponível agora. Tente de novo em instantes.")

    def timed_out(self, error: Exception) -> Problem:
        """Give the problem of a service that took too long: 503 where it did not even accept the connection, else 504."""
        _log.warning("upstream_timeout", service=self.name, error=repr(error))
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return self._down()
        return problem(504, f"O serviço {self.name} demorou demais. Se o pedido tinha Idempotency-Key, repita-o com a mesma chave.")


def _traced(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name the current span as the parent of whatever the service does."""
    current = tracing.current()
    return headers if current is None else [*(one for one in headers if one[0] != TRACEPARENT), (TRACEPARENT, current)]


def _bounded_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Open a socket of which the kernel keeps little: what a slow client does not take is then held back by the service, not here."""
    family, kind, protocol, _, _ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
    return opened


def new_session() -> aiohttp.ClientSession:
    """Open the gateway's session: no cookies kept, nothing decompressed, no header of its own added."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=AT_ONCE, keepalive_timeout=KEPT_SECONDS, ttl_dns_cache=5, socket_factory=_bounded_socket
        ),
        read_bufsize=RECEIVED_BYTES // 4,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
