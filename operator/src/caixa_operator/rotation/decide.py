"""Which step a rotation takes next: pure, from what is there, so that an operator that was killed at any moment goes on from there."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

Step = Literal["Rest", "Prepare", "Teach", "Promote", "Wait", "Retire", "Discard", "Finish"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What matters of all that is there."""

    due: bool
    """Whether a rotation should begin."""
    calm: bool
    """Whether everything runs as the spec says."""
    under_way: bool
    taught: bool
    """Whether every store accepts both the old and the new values."""
    promoted: bool
    """Whether the Secrets have the new values."""
    behind: bool
    """Whether anybody may still have old values in hand."""
    discarding: bool
    """Whether it was seen once that nobody has."""
    forgotten: bool
    """Whether no store accepts the old values any more."""


def decide(seen: Seen) -> Step:
    """Choose the one next step.

    The order is what keeps requests from failing: nobody gets new values before the stores accept them (Teach before Promote), and none
    is taken away before nobody has it (Wait before Retire, which is what Discard needs).
    """
    if not seen.under_way:
        return "Prepare" if seen.due and seen.calm else "Rest"
    if seen.discarding:
        return "Finish" if seen.forgotten else "Discard"
    if not seen.taught:
        return "Teach"
    if not seen.promoted:
        return "Promote"
    return "Wait" if seen.behind else "Retire"


def due(*, born: datetime, every: timedelta | None, asked: datetime | None, now: datetime) -> bool:
    """Tell whether values that were `born` then should be replaced: for their age, or since somebody asked later than that."""
    old = every is not None and now - born >= every
    return old or (asked is not None and born < asked <= now)


def instant(text: str | None) -> datetime | None:
    """Read an RFC 3339 instant with its offset; None where there is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
