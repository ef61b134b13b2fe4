"""Client secrets: made at random, kept only as argon2id hashes, and checked in equal time whether a client exists or not."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from caixa_comum.problems import unavailable

MAIOR_SEGREDO: Final = 512
AT_ONCE: Final = 2
"""Hashes computed at once: each takes 19 MiB (OWASP's second recommendation for argon2id), so this bounds memory too."""
WAITING: Final = 200
"""Hashes that may wait for their turn; who comes later is told to come back, sooner than its own patience would end."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_UNKNOWN: Final = _hasher.hash(secrets.token_urlsafe(32))


def new_client_id() -> str:
    """Make a public client id."""
    return f"cx_{secrets.token_hex(12)}"


def new_secret() -> str:
    """Make a secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def same(given: str, expected: str) -> bool:
    """Compare two texts in time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def verified(kept: str, given: str) -> bool:
    """Tell whether a hash is the secret's; the work is that of argon2 with the hash's own parameters."""
    try:
        return _hasher.verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False


class Secrets:
    """Hashing off the event loop, a bounded number at once."""

    def __init__(self, *, waiting: int = WAITING, verified: Callable[[str, str], bool] = verified) -> None:
        """Begin idle; at most `waiting` callers stand in line, and `verified` tells whether a hash is a secret's."""
        self._verified = verified
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = waiting
        self._present = 0

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._present >= AT_ONCE + self._waiting:
            raise unavailable("Há pedidos de token demais agora. Tente de novo em instantes.")
        self._present += 1
        try:
            async with self._turns:
                yield
        finally:
            self._present -= 1

    async def hash(self, secret: str) -> str:
        """Hash a secret with a salt of its own (argon2id). Raises Problem 503 when too many are in line."""
        async with self._turn():
            return await asyncio.to_thread(_hasher.hash, secret)

    async def matches(self, kept: str | None, given: str) -> bool:
        """Tell whether the secret is the one of the hash; for an unknown client (None) the same work is done, in vain.

        Raises Problem 503 when too many are in line.
        """
        if len(given) > MAIOR_SEGREDO:
            return False
        async with self._turn():
            found = await asyncio.to_thread(self._verified, kept or _UNKNOWN, given)
        return found and kept is not None
