"""Finding the members of a batch that cannot be applied, in few attempts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Refused(Exception):
    """An attempt over some members failed because of the data of at least one of them; nothing of it was kept."""


async def apply_by_halves(
    members: Sequence[T],
    attempt: Callable[[Sequence[T]], Awaitable[None]],
    reject: Callable[[T, Refused], Awaitable[None]],
) -> None:
    """Attempt all members at once; when refused, each half by itself, down to the single culprits, which are rejected.

    One culprit among n costs about 2·log2(n) further attempts. Every member is either attempted with success
    exactly once or rejected exactly once; order is kept. Errors other than `Refused` pass through.
    """
    if not members:
        return
    try:
        await attempt(members)
    except Refused as refusal:
        if len(members) == 1:
            await reject(members[0], refusal)
            return
        middle = len(members) // 2
    else:
        return
    await apply_by_halves(members[:middle], attempt, reject)
    await apply_by_halves(members[middle:], attempt, reject)
