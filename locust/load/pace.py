"""When each request is due: at a given rate, whatever the answers take, so that a slow server meets a queue as it would outside."""


class Pace:
    """The times at which one of several merchants acts, in seconds since the start; together they make up the whole rate, evenly spread."""

    def __init__(self, per_second: float, merchants: int, position: int) -> None:
        """Take the whole rate, and this merchant's position among so many (counted from 0)."""
        self._interval = merchants / per_second
        self._offset = position / per_second
        self._count = 0

    @property
    def due(self) -> float:
        """When the next request is due, counted without adding up, so that it does not drift."""
        return self._offset + self._count * self._interval

    def advance(self) -> int:
        """Go to the next request and return the number of the one that was due, from 0."""
        self._count += 1
        return self._count - 1


def merchants_for(per_second: float) -> int:
    """How many merchants share a rate, so that none meets the gateway's limit for a single one (200 a second by default)."""
    return max(4, min(50, round(per_second / 25)))
