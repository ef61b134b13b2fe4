"""Not asking a service that is known to be down: its callers are told at once, and one of them finds out when it is back."""

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import Gauge

FAILURES: Final = 5
"""Failures in a row, without one answer between, after which a service counts as down."""
OPEN_SECONDS: Final = 2.0
"""How long nobody asks it then; after that one request tries, and its outcome decides for all."""

_open = Gauge("caixa_gateway_breaker_open", "1 while a service counts as down and is not asked.", ["service"])


class Breaker:
    """Counts a service's failures in a row; pure but for its clock and its metric."""

    def __init__(self, service: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """Begin closed: everybody may ask. `now` gives seconds that only grow."""
        self._now = now
        self._failures = 0
        self._try_at = 0.0
        self._told = _open.labels(service)
        self._told.set(0)

    @property
    def closed(self) -> bool:
        """Whether the service counts as up."""
        return self._failures < FAILURES

    def lets_through(self) -> bool:
        """Tell whether a request may ask the service; when open, one may every OPEN_SECONDS."""
        if self.closed:
            return True
        if self._now() < self._try_at:
            return False
        self._try_at = self._now() + OPEN_SECONDS
        return True

    def failed(self) -> None:
        """Note that the service could not be reached, or did not answer in time."""
        self._failures += 1
        if not self.closed:
            self._try_at = self._now() + OPEN_SECONDS
            self._told.set(1)

    def answered(self) -> None:
        """Note that the service answered, whatever it said."""
        self._failures = 0
        self._told.set(0)
