"""A server that waits for no client for ever, neither for a request's head nor for an answer to be taken, nor for too many at once."""

import asyncio
import socket
from typing import Any, Final

import h11
import msgspec
from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

from caixa_comum.problems import CONTENT_TYPE, Problem, body_of, problem, unavailable
from caixa_gateway.strict_http import HEAD_BYTES, StrictConnection

HEAD_SECONDS: Final = 15.0
TAKEN_SECONDS: Final = 60.0
"""How long a client may leave an answer's bytes untaken before its connection is given up; without it a closed one could linger."""
CONNECTIONS: Final = 2000
"""At once; with what is held of each, a pod of 512 MiB can bear them."""
RECEIVED_BYTES: Final = 64 * 1024
"""How much the kernel keeps of what a client sends: the event loop reads all of it at once, so that without a bound each of many slow
uploads holds a quarter of a MiB several times over."""
REFUSALS: Final = {
    400: problem(400, "O pedido não tem a forma do HTTP/1.1."),
    414: Problem(414, "Endereço longo demais", "O endereço do pedido é longo demais."),
    431: Problem(431, "Cabeçalhos grandes demais", "Os cabeçalhos do pedido são muitos ou grandes demais."),
}
_turned_away = Counter("caixa_gateway_connections_refused", "Requests on a connection above the bound, answered with a 503.")
CROWDED: Final = unavailable("Há conexões demais agora. Tente de novo em instantes.")


class HeadDeadline(H11Protocol):
    """Uvicorn's HTTP/1.1 on a strict h11, which closes a connection whose next head is not whole HEAD_SECONDS after it was awaited.

    Uvicorn itself bounds only the silence between two requests, not a first request that never comes nor a head sent byte by byte.
    """

    head_seconds = HEAD_SECONDS
    taken_seconds = TAKEN_SECONDS
    at_most = CONNECTIONS
    _crowded = False
    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, **named: Any) -> None:  # Any: as uvicorn calls it
        """Take what uvicorn gives."""
        super().__init__(*given, **named)
        self.conn: StrictConnection = StrictConnection(h11.SERVER, HEAD_BYTES)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._crowded = len(self.connections) > self.at_most
        bound = transport.get_extra_info("socket")
        if bound is not None:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        if bound is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self.taken_seconds * 1000))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, unless it came whole. A connection above the bound is told so when it asks, not cut."""
        if self._crowded:
            _turned_away.inc()
            self._refuse(CROWDED)
            return
        super().data_received(data)
        if self._in_request():
            self._stop_waiting()
        elif self._deadline is None:
            self._await_head()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's sentence
        """Refuse what is no request of HTTP/1.1, with a problem; where an answer is under way already it breaks off instead."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()
            return
        self._refuse(REFUSALS[self.conn.refusal])

    def _refuse(self, refusal: Problem) -> None:
        """Answer with a problem, whatever was asked, and close."""
        body = msgspec.json.encode(body_of(refusal, None))
        headers = [
            (b"content-type", CONTENT_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items()),
        ]
        for event in (h11.Response(status_code=refusal.status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _in_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # None before the first request

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if not self._in_request() and not self.transport.is_closing():
            self.transport.close()
