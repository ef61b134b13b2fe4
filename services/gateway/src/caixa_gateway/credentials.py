"""Client secrets: made at random, kept only as argon2id hashes, and checked in equal time whether a client exists or not."""

import asyncio
import hmac
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAIOR_SEGREDO: Final = 512
AT_ONCE: Final = 4
"""Hashes computed at once: each takes 19 MiB (OWASP's second recommendation for argon2id), so this bounds memory too."""

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


class Secrets:
    """Hashing off the event loop, a bounded number at once."""

    def __init__(self) -> None:
        """Begin idle."""
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, secret: str) -> str:
        """Hash a secret with a salt of its own (argon2id)."""
        async with self._turns:
            return await asyncio.to_thread(_hasher.hash, secret)

    async def matches(self, kept: str | None, given: str) -> bool:
        """Tell whether the secret is the one of the hash; for an unknown client (None) the same work is done, in vain."""
        if len(given) > MAIOR_SEGREDO:
            return False
        async with self._turns:
            found = await asyncio.to_thread(_verified, kept or _UNKNOWN, given)
        return found and kept is not None


def _verified(kept: str, given: str) -> bool:
    try:
        return _hasher.verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False
