"""Conditions: what the operator claims about a CashBox, each with a reason for programs and a message that says what to do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from caixa_operator.spec.status import Condition

TYPES = (
    "Ready",
    "Progressing",
    "Degraded",
    "DatabaseReady",
    "BrokerReady",
    "MigrationsApplied",
    "ScalingActive",
    "ScalingLimited",
    "Reconciled",
    "BackupSucceeded",
    "RouteAccepted",
    "CredentialsRotating",
    "ReconciliationPaused",
)
LOOK = "if this lasts, look for a volume that is not bound or an image that is not found in"
"""What a pod that does not come up mostly lacks."""


class Claim(msgspec.Struct, frozen=True):
    """A condition without its history."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str


def claim(kind: str, *, holds: bool, reason: str, message: str) -> Claim:
    """Claim that a condition holds or does not."""
    return Claim(kind, "True" if holds else "False", reason, message)


def unknown(kind: str, *, reason: str, message: str) -> Claim:
    """Claim that nobody can tell whether a condition holds."""
    return Claim(kind, "Unknown", reason, message)


def conditions(claims: Iterable[Claim], previous: Sequence[Condition], *, generation: int, now: datetime) -> tuple[Condition, ...]:
    """Give claims their history: the time of a condition moves only when its status does."""
    before = {condition.type: condition for condition in previous}
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return tuple(
        Condition(
            type=made.type,
            status=made.status,
            reason=made.reason,
            message=made.message,
            last_transition_time=_since(made, before.get(made.type), stamp),
            observed_generation=generation,
        )
        for made in sorted(claims, key=_place)
    )


def _place(made: Claim) -> tuple[int, str]:
    """Order conditions; those that a newer operator has claimed come last."""
    return (TYPES.index(made.type) if made.type in TYPES else len(TYPES), made.type)


def _since(made: Claim, before: Condition | None, stamp: str) -> str:
    return before.last_transition_time if before is not None and before.status == made.status else stamp
