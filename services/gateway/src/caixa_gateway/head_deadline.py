"""A server that does not wait for ever for a request's head: slow or silent clients cannot hold its connections."""

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 15.0


class HeadDeadline(H11Protocol):
    """Uvicorn's HTTP/1.1 on h11, which closes a connection whose next head is not whole HEAD_SECONDS after it was awaited.

    Uvicorn itself bounds only the silence between two requests, not a first request that never comes nor a head sent byte by byte.
    """

    head_seconds = HEAD_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, unless it came whole."""
        super().data_received(data)
        if self._in_request():
            self._stop_waiting()
        elif self._deadline is None:
            self._await_head()

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
