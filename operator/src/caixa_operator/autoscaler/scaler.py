"""One step of scaling: read the queue, let the policy decide, write through the scale subresource, and say why."""

from typing import Protocol

import msgspec

from caixa_operator.api import KubernetesApi
from caixa_operator.autoscaler import policy
from caixa_operator.autoscaler.going import mark
from caixa_operator.autoscaler.queue import QueueUnreadable
from caixa_operator.autoscaler.reading import Consumers, Decision, Memory, Reading
from caixa_operator.autoscaler.rounding import two_digits
from caixa_operator.manifest import Manifest
from caixa_operator.reconcile.claims import Claim, claim, unknown
from caixa_operator.resources.saldo import CONSUMER, PREFETCH
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.status import Scaling

BUSY_SECONDS = 5.0
CALM_SECONDS = 8.0


class Queue(Protocol):
    """What can be asked for the queue's figures."""

    async def read(self) -> Reading:
        """Look at the queue. Raises QueueUnreadable."""

    async def held(self) -> dict[str, int]:
        """Return how many events the consumers at each IP address have in hand. Raises QueueUnreadable."""


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """What one step found and did."""

    claims: tuple[Claim, ...] = ()
    consumers: str | None = None
    backlog: int | None = None
    scaling: Scaling | None = None
    decision: str | None = None
    """The event to record, when the number of consumers was changed."""
    again_seconds: float = CALM_SECONDS


class Scaler:
    """Scales the consumers of one CashBox, remembering what it learned."""

    def __init__(self, api: KubernetesApi) -> None:
        """Begin without memory."""
        self._api = api
        self._memory = Memory()

    async def step(self, cashbox: CashBox, queue: Queue | None, *, conflict: str | None, now: float) -> Scaled:
        """Look and, in mode Operator, scale. `conflict` names another autoscaler on the same target; `now` is monotonic seconds.

        Raises ApiError when the API server refuses.
        """
        name = f"{cashbox.name}-{CONSUMER}"
        deployment = await self._api.get("Deployment", cashbox.namespace, name)
        if deployment is None:
            return Scaled(claims=(claim("ScalingActive", holds=False, reason="Waiting", message="there are no consumers yet"),))
        consumers = _consumers(deployment)
        mode = cashbox.spec.saldo.consumer.autoscaling.mode
        if queue is None and mode != "Operator":
            return _looked(consumers, None, _not_ours(cashbox, conflict))
        if queue is None:
            waiting = claim("ScalingActive", holds=False, reason="Waiting", message="the broker does not answer yet")
            return Scaled(claims=(waiting,), consumers=f"{consumers.ready}/{consumers.wanted}")
        scaling = cashbox.spec.saldo.consumer.autoscaling
        reading: Reading | None = None
        try:
            reading = await queue.read()
        except QueueUnreadable as error:
            decision, memory = policy.blind(scaling, self._memory, consumers, error=str(error))
        else:
            decision, memory = policy.decide(scaling, self._memory, reading, consumers, prefetch=PREFETCH, now=now)
        self._memory = memory
        if scaling.mode != "Operator" or conflict is not None:
            return _looked(consumers, reading, _not_ours(cashbox, conflict))
        if decision.desired < consumers.wanted:
            await mark(self._api, cashbox, queue)
        if decision.desired != consumers.wanted:
            await self._api.scale(cashbox.namespace, name, decision.desired)
        return _scaled(consumers, reading, decision)


def _consumers(deployment: Manifest) -> Consumers:
    status = deployment.get("status") or {}
    return Consumers(wanted=deployment["spec"].get("replicas", 1), ready=status.get("readyReplicas", 0))


def _not_ours(cashbox: CashBox, conflict: str | None) -> Claim:
    mode = cashbox.spec.saldo.consumer.autoscaling.mode
    if mode != "Operator":
        return claim("ScalingActive", holds=False, reason=mode, message=f"autoscaling.mode is {mode}: the operator only looks")
    message = f"{conflict} scales the consumers too, so the operator lets go: delete it, or set autoscaling.mode to External"
    return claim("ScalingActive", holds=False, reason="ConflictingAutoscaler", message=message)


def _looked(consumers: Consumers, reading: Reading | None, made: Claim) -> Scaled:
    return Scaled(claims=(made,), consumers=f"{consumers.ready}/{consumers.wanted}", backlog=_backlog(reading))


def _scaled(consumers: Consumers, reading: Reading | None, decision: Decision) -> Scaled:
    changed = decision.desired != consumers.wanted
    busy = reading is None or reading.ready > 0 or changed
    return Scaled(
        claims=_claims(decision, reading),
        consumers=f"{consumers.ready}/{decision.desired}",
        backlog=_backlog(reading),
        scaling=None if reading is None else _figures(reading, decision),
        decision=f"{consumers.wanted} → {decision.desired} consumers: {decision.message}" if changed else None,
        again_seconds=BUSY_SECONDS if busy else CALM_SECONDS,
    )


def _claims(decision: Decision, reading: Reading | None) -> tuple[Claim, ...]:
    if reading is None:
        return (
            claim("ScalingActive", holds=False, reason=decision.reason, message=decision.message),
            unknown("ScalingLimited", reason="QueueUnreadable", message="nobody can tell how many consumers are needed"),
        )
    return (
        claim("ScalingActive", holds=True, reason="Scaling", message="consumers follow the queue; status.saldo.scaling says how"),
        claim("ScalingLimited", holds=True, reason="AtMaximum", message=_AT_MAXIMUM)
        if decision.limited
        else claim("ScalingLimited", holds=False, reason="WithinRange", message="as many consumers as are needed may run"),
    )


_AT_MAXIMUM = "more consumers are needed than maxReplicas allows: raise it, or expect the backlog to take longer than drainSeconds"


def _figures(reading: Reading, decision: Decision) -> Scaling:
    return Scaling(
        ready=int(two_digits(reading.ready)),
        unacked=int(two_digits(reading.unacked)),
        arrival_rate=two_digits(reading.arrival_rate),
        rate_per_replica=two_digits(decision.rate),
        drain_estimate_seconds=None if decision.drain_seconds is None else int(two_digits(decision.drain_seconds)),
        desired=decision.desired,
        reason=decision.reason,
    )


def _backlog(reading: Reading | None) -> int | None:
    return None if reading is None else int(two_digits(reading.ready + reading.unacked))
