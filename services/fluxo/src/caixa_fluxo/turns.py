"""Large requests take turns, so that neither their memory nor their transactions grow with their number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from caixa_fluxo.group_commit import Overloaded


class Turns:
    """At most `at_once` in all, and `each` of one merchant; the others wait in order, `seconds` at most."""

    def __init__(self, *, at_once: int, each: int, seconds: float) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._each = each
        self._seconds = seconds
        self._own: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, comerciante_id: UUID) -> AsyncIterator[None]:
        """Wait for the merchant's turn, and keep it within the block. Raises Overloaded when it does not come in time."""
        # Held by this frame: the dictionary forgets a merchant of whom nothing waits.
        own = self._own.setdefault(comerciante_id, asyncio.Semaphore(self._each))
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._seconds):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._all)
            except TimeoutError:
                raise Overloaded from None
            yield
