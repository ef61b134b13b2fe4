"""What the broker says about the queue, and what the policy remembers between readings."""

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the queue and its consumers; rates are events per second."""

    ready: int
    unacked: int
    arrival_rate: float
    ack_rate: float


class Consumers(msgspec.Struct, frozen=True, kw_only=True):
    """The consumers' Deployment: pods wanted, and pods that are ready."""

    wanted: int
    ready: int


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy remembers; times are seconds of a monotonic clock."""

    rate: float | None = None
    """Events per second and consumer, as learned."""
    saturated: int = 0
    """Readings in a row with a backlog and an unchanged number of ready consumers."""
    steady: int | None = None
    """The number of ready consumers at the last reading."""
    idle_since: float | None = None
    needs: tuple[tuple[float, int], ...] = ()
    """What was needed, by time, within the stabilisation window."""
    failures: int = 0
    """Readings in a row that failed."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How many consumers there should be, why, and what was known."""

    desired: int
    reason: str
    message: str
    rate: float
    drain_seconds: float | None
    limited: bool = False
    """Whether more were needed than maxReplicas allows."""
