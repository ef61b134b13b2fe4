"""Merchants that were disabled: their tokens, which no service would refuse before they expire, stop at the door within a second.

Every replica asks the database once a second for those disabled lately; a request itself costs one look into a set. Merchants
disabled longer ago than any token lives need no such look: they get no new token, and the old ones have expired.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.tokens import Claims, InvalidToken, Keys, Reason, Verifier
from caixa_gateway import repository

PAUSE_SECONDS: Final = 1.0
LONGEST: Final = timedelta(days=1, hours=1)
"""The longest lifetime of a token that the settings allow, and an hour for clocks that disagree."""

_log = structlog.get_logger(__name__)


class Disabled:
    """The subjects disabled within the life of any token, as the database told them at the last look."""

    def __init__(self, engine: AsyncEngine, *, pause: float = PAUSE_SECONDS) -> None:
        """Take the merchants' database, and the seconds between two looks."""
        self._engine = engine
        self._pause = pause
        self._subjects: frozenset[str] = frozenset()

    def __contains__(self, subject: str | None) -> bool:
        return subject in self._subjects

    async def look(self) -> None:
        """Look once. While the database is away what was known last stays: nobody disabled is let in, and nobody else is kept out."""
        try:
            async with self._engine.connect() as connection:
                found = await repository.disabled_since(connection, datetime.now(UTC) - LONGEST)
        except (DBAPIError, PoolTimeout, OSError) as error:
            _log.warning("disabled_merchants_unknown", error=type(error).__name__, known=len(self._subjects))
            return
        self._subjects = frozenset(map(str, found))

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Keep looking until the block ends."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._pause)


class ActiveVerifier(Verifier):
    """A verifier that also refuses the tokens of merchants that were disabled after they got them."""

    def __init__(self, issuer: str, audience: str, keys: Keys, disabled: Disabled) -> None:
        """Verify as every service does, and look at who was disabled."""
        super().__init__(issuer, audience, keys)
        self.disabled = disabled

    async def verify(self, token: str) -> Claims:
        """Give the claims of a token of a merchant that is not disabled. Raises as Verifier does."""
        claims = await super().verify(token)
        if claims.sub in self.disabled:
            raise InvalidToken("the client is disabled", Reason.DISABLED)
        return claims
