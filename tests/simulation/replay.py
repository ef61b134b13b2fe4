"""Replays a load through an autoscaler, and counts what people feel: how much waits, for how long, and what it costs."""

from collections.abc import Callable
from statistics import fmean
from typing import Protocol

import msgspec

from caixa_operator.autoscaler.reading import Consumers, Reading
from caixa_operator.spec.saldo import Autoscaling
from tests.simulation.caixa import Caixa
from tests.simulation.hpa import HorizontalPodAutoscaler, waiting_and_held
from tests.simulation.keda import Keda, arriving, waiting
from tests.simulation.platform_model import RATE, Platform
from tests.simulation.traces import Trace

MOST = 20
PHASES = (0, 4, 8, 12)
"""Seconds by which an autoscaler's clock is ahead of the load: luck with the moment of a look is averaged out."""
SETTLING = 120
"""Seconds of the first load before anything counts, so that every autoscaler starts from its own steady state."""


class Autoscaler(Protocol):
    """What decides how many consumers there are, asked every second."""

    def wanted(self, reading: Reading, consumers: Consumers, second: int) -> int:
        """Return how many pods there should be."""


POLICIES: dict[str, Callable[[int], Autoscaler]] = {
    # It has to learn the rate: it is told twice the true one.
    "caixa": lambda least: Caixa(Autoscaling(min_replicas=least, max_replicas=MOST, assumed_rate_per_replica=2 * int(RATE))),
    "keda": lambda least: Keda(((waiting, 20.0),), least=least, most=MOST),
    # Told the true rate, by two triggers, looking every 5 s: as good as its documentation lets one make it.
    "keda-tuned": lambda least: Keda(
        ((waiting_and_held, 10 * RATE), (arriving, 0.8 * RATE)), least=least, most=MOST, polling_seconds=5, down_seconds=120
    ),
    "hpa": lambda least: HorizontalPodAutoscaler(((waiting_and_held, 10 * RATE),), least=least, most=MOST),
}


class Row(msgspec.Struct, frozen=True):
    """What one policy made of one load: events, seconds, pods times seconds."""

    trace: str
    policy: str
    peak_backlog: int
    drain_seconds: int
    replica_seconds: int


class Course(msgspec.Struct, frozen=True):
    """Each second's backlog and pods."""

    backlog: list[float]
    pods: list[int]

    @property
    def drain_seconds(self) -> int:
        """Return the longest time within which something always waited."""
        longest = present = 0
        for backlog in self.backlog:
            present = present + 1 if backlog >= 1 else 0
            longest = max(longest, present)
        return longest


def replay(trace: Trace, autoscaler: Autoscaler, *, phase: int = 0) -> Course:
    """Let a load pass, second by second."""
    platform = Platform(max(trace.least, 1))
    course = Course([], [])
    for second in range(-SETTLING, trace.seconds):
        platform.tick(trace.rate(max(second, 0)))
        reading, consumers = platform.seen()
        platform.scale(autoscaler.wanted(reading, consumers, platform.second + phase))
        if second >= 0:
            course.backlog.append(platform.backlog)
            course.pods.append(platform.wanted)
    return course


def row(trace: Trace, policy: str) -> Row:
    """Replay a load through a policy at each phase, and give the means."""
    courses = [replay(trace, POLICIES[policy](trace.least), phase=phase) for phase in PHASES]
    return Row(
        trace=trace.name,
        policy=policy,
        peak_backlog=round(fmean(max(course.backlog) for course in courses)),
        drain_seconds=round(fmean(course.drain_seconds for course in courses)),
        replica_seconds=round(fmean(sum(course.pods) for course in courses)),
    )
