"""The scaling policy as rules that hold for whatever the queue says."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from caixa_operator.autoscaler.policy import FAILURES, blind, decide
from caixa_operator.autoscaler.reading import Consumers, Memory, Reading
from caixa_operator.spec.saldo import Autoscaling, Fallback, ScaleDown

PREFETCH = 200

readings = st.builds(
    Reading,
    ready=st.integers(0, 10**6),
    unacked=st.integers(0, 10**5),
    arrival_rate=st.floats(0, 10**5),
    ack_rate=st.floats(0, 10**5),
)
IDLE = Reading(ready=0, unacked=0, arrival_rate=0.0, ack_rate=0.0)


@st.composite
def policies(draw: st.DrawFn) -> Autoscaling:
    """Any policy that the API server accepts."""
    least = draw(st.integers(0, 20))
    return Autoscaling(
        min_replicas=least,
        max_replicas=draw(st.integers(max(least, 1), 40)),
        drain_seconds=draw(st.integers(1, 3600)),
        target_utilization=draw(st.integers(10, 100)),
        assumed_rate_per_replica=draw(st.integers(1, 5000)),
        scale_down=ScaleDown(stabilization_seconds=draw(st.integers(0, 300)), max_percent=draw(st.integers(1, 100))),
        idle_seconds=draw(st.integers(10, 600)),
    )


def running(pods: int) -> Consumers:
    """Return consumers that are all ready."""
    return Consumers(wanted=pods, ready=pods)


@settings(deadline=None)
@given(policies(), st.lists(readings, min_size=1, max_size=8), st.integers(0, 40))
def test_every_decision_lies_between_the_floor_and_the_maximum(policy: Autoscaling, seen: list[Reading], pods: int) -> None:
    """Never more than maxReplicas, never fewer than minReplicas or than the events in hand need, however readings follow each other."""
    memory = Memory()
    for step, reading in enumerate(seen):
        decision, memory = decide(policy, memory, reading, running(pods), prefetch=PREFETCH, now=15.0 * step)
        floor = min(math.ceil(reading.unacked / PREFETCH), policy.max_replicas)
        sleeps = pods == 0 and policy.min_replicas == 0 and reading.ready + reading.unacked < policy.activation_backlog
        assert policy.min_replicas <= decision.desired <= policy.max_replicas
        assert sleeps or decision.desired >= floor
        pods = decision.desired


@settings(deadline=None)
@given(policies(), readings, st.integers(1, 40), st.integers(0, 10**6), st.floats(0, 10**4))
def test_more_backlog_or_more_arrivals_never_ask_for_fewer(
    policy: Autoscaling, reading: Reading, pods: int, ready: int, arriving: float
) -> None:
    """Of two looks at the queue, the one with more to do never gets fewer consumers."""
    more = replace(reading, ready=reading.ready + ready, arrival_rate=reading.arrival_rate + arriving)
    less, _ = decide(policy, Memory(), reading, running(pods), prefetch=PREFETCH, now=0.0)
    most, _ = decide(policy, Memory(), more, running(pods), prefetch=PREFETCH, now=0.0)
    assert most.desired >= less.desired


@settings(deadline=None)
@given(policies(), st.integers(2, 40), st.integers(1, 60))
def test_a_step_down_takes_away_at_most_its_share(policy: Autoscaling, pods: int, steps: int) -> None:
    """Going down takes maxPercent at most, but one consumer at least; to zero goes only an idle queue."""
    pods = min(pods, policy.max_replicas)
    memory = Memory()
    for step in range(steps):
        decision, memory = decide(policy, memory, IDLE, running(pods), prefetch=PREFETCH, now=15.0 * step)
        if decision.desired == 0:
            assert decision.reason == "Idle"
        else:
            assert pods - decision.desired <= max(1, pods * policy.scale_down.max_percent // 100)
        pods = decision.desired


@settings(deadline=None)
@given(st.integers(0, 600), st.integers(1, 40), st.integers(10, 600))
def test_nothing_goes_down_before_the_window_has_been_watched(after: int, pods: int, stabilization: int) -> None:
    """A restart of the operator, or a queue that could be read again, is no reason to scale down at once."""
    policy = Autoscaling(max_replicas=40, scale_down=ScaleDown(stabilization_seconds=stabilization))
    _, memory = decide(policy, Memory(), IDLE, running(pods), prefetch=PREFETCH, now=0.0)
    decision, _ = decide(policy, memory, IDLE, running(pods), prefetch=PREFETCH, now=float(after))
    assert (decision.desired == pods) == (after <= stabilization or pods == 1)


@settings(deadline=None)
@given(policies(), st.floats(0.5, 10**4), st.integers(1, 40))
def test_a_steady_load_never_flaps(policy: Autoscaling, arriving: float, pods: int) -> None:
    """At a steady load with nothing waiting, the number goes one way, up or down, and then stays."""
    reading = Reading(ready=0, unacked=0, arrival_rate=arriving, ack_rate=arriving)
    memory, went = Memory(), [pods]
    for step in range(120):
        decision, memory = decide(policy, memory, reading, running(went[-1]), prefetch=PREFETCH, now=15.0 * step)
        went.append(decision.desired)
    assert went[1:] in (sorted(went[1:]), sorted(went[1:], reverse=True))


@settings(deadline=None)
@given(policies())
def test_zero_comes_only_after_the_idle_time(policy: Autoscaling) -> None:
    """The last consumer stops when nothing was ready, unacknowledged or arriving for idleSeconds, and never with minReplicas above 0."""
    memory, pods, since = Memory(), max(policy.min_replicas, 1), 0.0
    while pods > 0 and since <= policy.idle_seconds + 2 * policy.scale_down.stabilization_seconds + 60:
        decision, memory = decide(policy, memory, IDLE, running(pods), prefetch=PREFETCH, now=since)
        assert decision.desired > 0 or since >= policy.idle_seconds
        pods, since = decision.desired, since + 15.0
    assert (pods == 0) == (policy.min_replicas == 0)


@settings(deadline=None)
@given(policies(), st.integers(0, 40), st.integers(1, 6), st.data())
def test_a_queue_that_cannot_be_read_holds_and_then_falls_back(policy: Autoscaling, pods: int, failures: int, data: st.DataObject) -> None:
    """The number is held within its bounds; from the third failure in a row on, fallback.replicas run where it is set."""
    fallback = data.draw(st.none() | st.integers(max(policy.min_replicas, 1), policy.max_replicas).map(Fallback))
    memory = Memory()
    for _ in range(failures):
        decision, memory = blind(replace(policy, fallback=fallback), memory, running(pods), error="refused")
    held = min(max(pods, policy.min_replicas), policy.max_replicas)
    assert decision.desired == (fallback.replicas if fallback and failures >= FAILURES else held)


def test_the_rate_is_learned_only_while_a_backlog_persists() -> None:
    """Three looks at a backlog with all consumers busy measure one consumer; an idle queue's low rate teaches nothing."""
    policy, memory = Autoscaling(assumed_rate_per_replica=500), Memory()
    busy = Reading(ready=1000, unacked=400, arrival_rate=0.0, ack_rate=400.0)
    for step in range(5):
        decision, memory = decide(policy, memory, busy, running(2), prefetch=PREFETCH, now=5.0 * step)
    assert decision.rate == 200.0
    quiet = Reading(ready=0, unacked=0, arrival_rate=1.0, ack_rate=1.0)
    decision, _ = decide(policy, memory, quiet, running(2), prefetch=PREFETCH, now=60.0)
    assert decision.rate == 200.0
