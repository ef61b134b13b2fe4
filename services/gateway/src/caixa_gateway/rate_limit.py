"""How often a subject may ask: a window by `limits`, told in headers (draft-ietf-httpapi-ratelimit-headers)."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from limits import RateLimitItem, parse
from limits.aio.strategies import FixedWindowRateLimiter

from caixa_comum.problems import Problem, problem
from caixa_comum.settings import ConfigurationError
from caixa_gateway.window_storage import WindowStorage

VARIABLE: Final = "CAIXA_RATE_LIMIT"


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
    """One rate for every subject, counted within this process: with several replicas each counts its own share."""

    def __init__(self, rate: str) -> None:
        """Read `limits`' notation. Raises ConfigurationError naming the variable."""
        try:
            self._item: RateLimitItem = parse(rate)
        except ValueError as error:
            raise ConfigurationError(VARIABLE, "must be a rate such as 200/second or 1000/minute") from error
        if self._item.amount < 1:
            raise ConfigurationError(VARIABLE, "must allow at least one request, as 200/second does")
        self._limiter = FixedWindowRateLimiter(WindowStorage())

    async def take(self, subject: str) -> Allowance:
        """Count one request of the subject."""
        allowed = await self._limiter.hit(self._item, subject)
        reset_at, remaining = await self._limiter.get_window_stats(self._item, subject)
        reset = max(1, math.ceil(reset_at - time.time()))
        return Allowance(allowed, self._item.amount, self._item.get_expiry(), max(0, remaining), reset)

    @asynccontextmanager
    async def counted(self, subject: str) -> AsyncIterator[dict[str, str]]:
        """Count one request and give its answer's RateLimit headers; a Problem raised within carries them too. Raises Problem 429."""
        allowance = await self.take(subject)
        if not allowance.allowed:
            raise refused(allowance)
        headers = allowance.headers()
        try:
            yield headers
        except Problem as answer:
            answer.headers.update(headers)
            raise


def refused(allowance: Allowance) -> Problem:
    """Give the 429 that says when to come back."""
    headers = {**allowance.headers(), "Retry-After": str(allowance.reset)}
    return problem(429, f"O limite é de {allowance.quota} pedidos a cada {allowance.window} s. Aguarde e tente de novo.", headers=headers)
