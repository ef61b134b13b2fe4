"""How often a subject may ask: a window by `limits`, told in headers (draft-ietf-httpapi-ratelimit-headers)."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final

import msgspec
import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter

from caixa_comum.problems import Problem, problem
from caixa_comum.settings import ConfigurationError, url_parts
from caixa_gateway.window_storage import WindowStorage

VARIABLE: Final = "CAIXA_RATE_LIMIT"
STORE_SECONDS: Final = 0.5
"""How long the shared store may take to count; it stands between a request and its answer."""
STORE_PAUSE_SECONDS: Final = 5.0
"""For how long the shared store is not asked after it failed."""

_log = structlog.get_logger(__name__)
_refused = Counter("caixa_rate_limited", "Requests refused because whoever asked was over the rate, by what was counted.", ["scope"])
_store_failed = Counter("caixa_gateway_rate_store_failures", "Times that the shared store did not count; this process counted alone.")


class Scope(StrEnum):
    """What a request is counted by: a token's subject, and where there is no token yet the client and the address that ask for one."""

    SUBJECT = "subject"
    CLIENT = "client"
    ADDRESS = "address"


for _scope in Scope:
    _refused.labels(_scope)  # told as 0 before the first, so that the first is seen to rise


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a window: requests, and seconds until it is full again."""

    allowed: bool
    quota: int
    window: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Give the RateLimit headers of an answer."""
        return {
            "RateLimit-Policy": f'"padrao";q={self.quota};w={self.window}',
            "RateLimit": f'"padrao";r={self.remaining};t={self.reset}',
        }


class RateLimit:
    """One rate for every subject, client and address, counted in a store that all replicas share; without one each counts its share.

    While the store is down each replica counts its share by itself: the limiter fails open, but never wider than without a store.
    """

    def __init__(self, rate: str, *, replicas: int = 1, store: str = "") -> None:
        """Read `limits`' notation and the store's URL (none: ""). Raises ConfigurationError naming the variable."""
        self._item = item_of(rate)
        share = math.ceil(self._item.amount / replicas)
        self._share: RateLimitItem = type(self._item)(share, self._item.multiples)
        self._limiter = FixedWindowRateLimiter(WindowStorage())
        self._shared = FixedWindowRateLimiter(shared_store(store)) if store else None
        self._ask_at = 0.0

    async def take(self, subject: str) -> Allowance:
        """Count one request under this name."""
        if self._shared is not None and time.monotonic() >= self._ask_at:
            try:
                async with asyncio.timeout(STORE_SECONDS):
                    return await _taken(self._shared, self._item, subject)
            except (StorageError, OSError, TimeoutError) as error:
                self._ask_at = time.monotonic() + STORE_PAUSE_SECONDS
                _store_failed.inc()
                _log.warning("rate_store_down", error=repr(error.__cause__ or error))
        return await _taken(self._limiter, self._share, subject)

    @asynccontextmanager
    async def counted(self, who: str, scope: Scope = Scope.SUBJECT) -> AsyncIterator[dict[str, str]]:
        """Count one request and give its answer's RateLimit headers; a Problem raised within carries them too. Raises Problem 429."""
        allowance = await self.take(f"{scope} {who}")
        if not allowance.allowed:
            _refused.labels(scope).inc()
            raise refused(allowance)
        headers = allowance.headers()
        try:
            yield headers
        except Problem as answer:
            answer.headers = headers | answer.headers  # a count within that refused tells of itself
            raise


async def _taken(limiter: FixedWindowRateLimiter, item: RateLimitItem, subject: str) -> Allowance:
    allowed = await limiter.hit(item, subject)
    reset_at, remaining = await limiter.get_window_stats(item, subject)
    reset = max(1, math.ceil(reset_at - time.time()))
    return Allowance(allowed, item.amount, item.get_expiry(), max(0, remaining), reset)


def item_of(rate: str) -> RateLimitItem:
    """Read a rate. Raises ConfigurationError."""
    try:
        item = parse(rate)
    except ValueError as error:
        raise ConfigurationError(VARIABLE, "must be a rate such as 200/second or 1000/minute") from error
    if item.amount < 1:
        raise ConfigurationError(VARIABLE, "must allow at least one request, as 200/second does")
    return item


def shared_store(url: str) -> RedisStorage:
    """Reach a Redis or Valkey; nothing connects before the first request. Raises ConfigurationError."""
    # Checked without credentials, which this URL alone may hold: it is a secret as a whole.
    scheme, _, rest = url.partition("://")
    variable, schemes = "CAIXA_RATE_LIMIT_STORE", ("redis", "rediss")
    url_parts(variable, f"{scheme}://{rest.rpartition('@')[2]}", schemes=schemes, example="redis://redis:6379/0")
    return RedisStorage(
        f"async+{url}", wrap_exceptions=True, implementation="redispy", socket_timeout=STORE_SECONDS, socket_connect_timeout=STORE_SECONDS
    )


def refused(allowance: Allowance) -> Problem:
    """Give the 429 that says when to come back."""
    headers = {**allowance.headers(), "Retry-After": str(allowance.reset)}
    return problem(429, f"O limite é de {allowance.quota} pedidos a cada {allowance.window} s. Aguarde e tente de novo.", headers=headers)
