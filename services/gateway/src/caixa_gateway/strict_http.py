"""HTTP/1.1 heads read without leniency: what two servers in a row could read differently is refused before anything is made of it."""

import re
from typing import Final

import h11

HEAD_BYTES: Final = 16 * 1024
TARGET_BYTES: Final = 8 * 1024
HEADERS: Final = 100
ONCE: Final = frozenset({b"authorization", b"content-type", b"idempotency-key"})
"""Headers of which a second one could be taken for the first, by a service or by this gateway."""
_FOLDED: Final = re.compile(rb"\n[ \t]")

Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class StrictConnection(h11.Connection):
    """h11, which refuses these too: both framings at once, folded lines, bare CR or LF, targets that are no path, and large heads."""

    refusal: int = 400
    """The status of the last refusal."""

    def next_event(self) -> Event:
        """Give the next event. Raises RemoteProtocolError for what is refused."""
        self.refusal = 400
        if self.their_state is not h11.IDLE:
            return super().next_event()
        held = self.trailing_data[0]
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.refusal = 431 if error.error_status_hint == 431 else 400  # noqa: PLR2004  the other hints are for other servers
            raise
        if isinstance(event, h11.Request):
            head = held[: len(held) - len(self.trailing_data[0])]
            if status := fault(event, head):
                self.refusal = status
                raise h11.RemoteProtocolError("refused", status)
        return event


def fault(request: h11.Request, head: bytes) -> int | None:
    """Give the status that refuses a request which h11 accepts, given its head's own bytes; None where nothing is wrong."""
    names, lines = [name for name, _ in request.headers], head.count(b"\r\n")
    coded = b"transfer-encoding" in names
    faults = (
        (len(request.target) > TARGET_BYTES, 414),
        (len(head) > HEAD_BYTES or len(names) > HEADERS, 431),
        (coded and (b"content-length" in names or request.http_version < b"1.1"), 400),
        (not request.target.startswith(b"/"), 400),
        (head.count(b"\n") != lines or head.count(b"\r") != lines or _FOLDED.search(head), 400),
        (any(names.count(name) > 1 for name in ONCE), 400),
    )
    return next((status for wrong, status in faults if wrong), None)
