"""Where the windows are counted: a storage for `limits` in this process, whose cost per request does not grow with its subjects.

The library's own memory storage looks through all of its keys at every hit; with ten thousand merchants that look costs more
than the request that it counts.
"""

import time
from collections.abc import Callable
from typing import Final

from limits.aio.storage import Storage

FEW: Final = 1024
"""Windows that are kept without looking for those that have passed."""


class WindowStorage(Storage):
    """Counters by key, each until its window ends; passed windows leave whenever the counters have doubled."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """Begin empty; `now` gives Unix seconds."""
        super().__init__()
        self._now = now
        self._windows: dict[str, tuple[int, float]] = {}
        self._look_at = FEW

    @property
    def base_exceptions(self) -> type[Exception]:
        """Name the errors of the storage itself: it has none."""
        return OSError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` in the key's window, which ends `expiry` seconds after its first hit."""
        now = self._now()
        count, ends = self._windows.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
        self._windows[key] = (count + amount, ends)
        if len(self._windows) >= self._look_at:
            self._forget_passed(now)
        return count + amount

    async def get(self, key: str) -> int:
        """Give what the key's window has counted."""
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > self._now() else 0

    async def get_expiry(self, key: str) -> float:
        """Give when the key's window ends, in Unix seconds."""
        return self._windows.get(key, (0, self._now()))[1]

    async def check(self) -> bool:
        """Tell that a dict is always there."""
        return True

    async def reset(self) -> int:
        """Forget everything."""
        count = len(self._windows)
        self._windows.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget one key."""
        self._windows.pop(key, None)

    def _forget_passed(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        self._look_at = max(FEW, 2 * len(self._windows))
