"""The policy: enough consumers to keep up with what arrives and to drain the backlog in `drainSeconds`; careful on the way down.

    desired = ceil((arrival rate + ready / drainSeconds) / (targetUtilization x rate per consumer)), never below ceil(unacked / prefetch)

Up at once beyond a 10 % hysteresis; down to the most that was needed within a window, and by at most a share per step; to zero only when
nothing was ready, unacknowledged or arriving for `idleSeconds`. All functions are pure.
"""

import math

from msgspec.structs import replace

from caixa_operator.autoscaler.reading import Consumers, Decision, Memory, Reading
from caixa_operator.spec.saldo import Autoscaling

HYSTERESIS = 0.10
LEARNING = 0.3
"""How much of a new measurement enters the learned rate."""
SATURATED = 3
"""Readings with a backlog before a measurement counts: the broker's rates lag behind."""
PLAUSIBLE = 50.0
"""A learned rate stays within this factor of the assumed one: a stuck database must not ask for a thousand consumers."""
FAILURES = 3
"""Failed readings in a row before the fallback is used."""
NOTHING = 0.05
"""Events per second that count as none: averages fade slowly."""


def decide(
    policy: Autoscaling, memory: Memory, reading: Reading, consumers: Consumers, *, prefetch: int, now: float
) -> tuple[Decision, Memory]:
    """Decide how many consumers there should be. `now` is in seconds of a monotonic clock."""
    memory = _learned(policy, memory, reading, consumers)
    # Nothing is known of the time before the first reading: what runs then counts as needed, or a restart would scale down at once.
    known = memory.needs or ((now, consumers.wanted),)
    rate = memory.rate or float(policy.assumed_rate_per_replica)
    need = (reading.arrival_rate + reading.ready / policy.drain_seconds) / (policy.target_utilization / 100 * rate)
    floor = math.ceil(reading.unacked / prefetch)
    needed = _bounded(policy, max(math.ceil(need - 1e-9), floor, 1))
    window = now - policy.scale_down.stabilization_seconds
    memory = replace(memory, needs=(*((at, count) for at, count in known if at >= window), (now, needed)), failures=0)
    memory = replace(memory, idle_since=_idle_since(memory, reading, now))
    desired, reason, message = _step(policy, memory, reading, consumers.wanted, _pressing(need, floor, consumers.wanted), now)
    drain = _drain_seconds(reading, consumers, rate)
    limited = max(math.ceil(need - 1e-9), floor) > policy.max_replicas
    return Decision(desired=desired, reason=reason, message=message, rate=rate, drain_seconds=drain, limited=limited), memory


def blind(policy: Autoscaling, memory: Memory, consumers: Consumers, *, error: str) -> tuple[Decision, Memory]:
    """Decide when the queue could not be read: hold, and from the third failure on use the fallback if there is one."""
    failures = memory.failures + 1
    rate = memory.rate or float(policy.assumed_rate_per_replica)
    # What was measured before the blindness says nothing about what comes after it.
    after = Memory(rate=memory.rate, failures=failures)
    if failures >= FAILURES and policy.fallback is not None:
        message = f"the queue could not be read {failures} times in a row ({error}): running fallback.replicas until it can"
        return Decision(
            desired=_bounded(policy, policy.fallback.replicas), reason="Fallback", message=message, rate=rate, drain_seconds=None
        ), after
    held = _bounded(policy, consumers.wanted)
    message = f"the queue could not be read ({error}): holding {held} until it can"
    return Decision(desired=held, reason="QueueUnreadable", message=message, rate=rate, drain_seconds=None), after


def _pressing(need: float, floor: int, current: int) -> float:
    """Let the floor pass the hysteresis: events in hand that no consumer could hold are no fluctuation."""
    return math.inf if floor > current else need


def _step(policy: Autoscaling, memory: Memory, reading: Reading, current: int, need: float, now: float) -> tuple[int, str, str]:
    """Go from what is needed to the next step: the number, the reason and its message."""
    needed = memory.needs[-1][1]
    known = f"{reading.ready} ready, {reading.unacked} unacknowledged, {_rounded(reading.arrival_rate)}/s arriving"
    if current == 0 and policy.min_replicas == 0:
        return _activation(policy, reading, needed, known)
    if current < policy.min_replicas:
        return max(needed, policy.min_replicas), "BelowMinimum", f"minReplicas is {policy.min_replicas}"
    if current > policy.max_replicas:
        return policy.max_replicas, "AboveMaximum", f"maxReplicas is {policy.max_replicas}"
    if needed > current and need > current * (1 + HYSTERESIS):
        return needed, "Backlog", f"{known}: {needed} are needed to drain within {policy.drain_seconds} s"
    if policy.min_replicas == 0 and _idle_for(memory, now) >= policy.idle_seconds:
        return 0, "Idle", f"nothing ready, unacknowledged or arriving for {policy.idle_seconds} s"
    return _down(policy, memory, current, known)


def _activation(policy: Autoscaling, reading: Reading, needed: int, known: str) -> tuple[int, str, str]:
    if reading.ready + reading.unacked >= policy.activation_backlog:
        return needed, "Activated", f"{known}: work has come"
    return 0, "Idle", f"{known}: activationBacklog is {policy.activation_backlog}"


def _down(policy: Autoscaling, memory: Memory, current: int, known: str) -> tuple[int, str, str]:
    most = max(count for _, count in memory.needs)
    if most >= current:
        return current, "Steady", f"{known}: {current} are enough"
    largest_step = max(1, current * policy.scale_down.max_percent // 100)
    target = max(most, current - largest_step, policy.min_replicas, 1)
    within = policy.scale_down.stabilization_seconds
    return target, "Calm", f"{known}: no more than {most} were needed within {within} s"


def _learned(policy: Autoscaling, memory: Memory, reading: Reading, consumers: Consumers) -> Memory:
    """Learn what one consumer does per second, only while all of them have more to do than they can."""
    saturated = reading.ready > 0 and consumers.ready > 0 and consumers.ready in (consumers.wanted, memory.steady)
    if not saturated or (memory.steady is not None and memory.steady != consumers.ready):
        return replace(memory, saturated=0, steady=consumers.ready)
    count = memory.saturated + 1
    if count < SATURATED or reading.ack_rate <= 0:
        return replace(memory, saturated=count, steady=consumers.ready)
    measured = reading.ack_rate / consumers.ready
    learned = measured if memory.rate is None else (1 - LEARNING) * memory.rate + LEARNING * measured
    assumed = policy.assumed_rate_per_replica
    learned = min(max(learned, assumed / PLAUSIBLE), assumed * PLAUSIBLE)
    return replace(memory, saturated=count, steady=consumers.ready, rate=learned)


def _idle_since(memory: Memory, reading: Reading, now: float) -> float | None:
    if reading.ready or reading.unacked or reading.arrival_rate > NOTHING:
        return None
    return memory.idle_since if memory.idle_since is not None else now


def _idle_for(memory: Memory, now: float) -> float:
    return now - memory.idle_since if memory.idle_since is not None else -1.0


def _drain_seconds(reading: Reading, consumers: Consumers, rate: float) -> float | None:
    if reading.ready == 0:
        return 0.0
    spare = consumers.ready * rate - reading.arrival_rate
    return reading.ready / spare if spare > 0 else None


def _bounded(policy: Autoscaling, count: int) -> int:
    return min(max(count, policy.min_replicas), policy.max_replicas)


def _rounded(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
