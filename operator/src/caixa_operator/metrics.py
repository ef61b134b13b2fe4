"""What the operator tells Prometheus: that its loops turn, and of each CashBox what its status says."""

import time

from prometheus_client import Counter, Gauge, Histogram

from caixa_operator.spec.status import SaldoStatus, Status

STATUSES = {"True": 1, "False": 0, "Unknown": -1}
_WHOSE = ["namespace", "cashbox"]
TURNS = Counter("caixa_operator_turns", "Turns of the CashBoxes' loops: reconciles and steps of scaling.", ["outcome"])
TURN_SECONDS = Histogram(
    "caixa_operator_turn_seconds", "How long a turn took.", buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
)
LAST_TURN = Gauge("caixa_operator_last_turn_timestamp_seconds", "When the CashBox's loop last ended a turn well.", _WHOSE)
WRITES = Counter("caixa_operator_writes", "Children created, changed or removed.", _WHOSE)
SCALINGS = Counter("caixa_operator_scalings", "Times that the number of consumers was changed.", _WHOSE)
CONDITION = Gauge(
    "caixa_operator_condition", "1 while the condition is True, 0 while it is False, -1 while it is Unknown.", [*_WHOSE, "type"]
)
CONSUMERS = Gauge("caixa_operator_consumers", "Consumers that answer (ready), and that there should be (desired).", [*_WHOSE, "state"])
BACKLOG = Gauge("caixa_operator_backlog_events", "Events not yet in a balance, in the queue or in consumers' hands; two digits.", _WHOSE)
ARRIVAL = Gauge("caixa_operator_arrival_rate", "Events that arrive at the queue, per second; two digits.", _WHOSE)
RATE = Gauge("caixa_operator_rate_per_replica", "Events that one consumer applies, per second: measured, or assumed until then.", _WHOSE)
DRAIN = Gauge("caixa_operator_drain_estimate_seconds", "When the backlog will be gone; absent while it grows.", _WHOSE)

ERRORS = Counter("caixa_operator_errors", "Turns that failed and are tried again, later each time.", ["kind"])
LEADER = Gauge("caixa_operator_leader", "1 while this operator holds the Lease, and so is the one that works.")

for _kind in ("refused", "unreachable", "incomplete", "fault"):
    ERRORS.labels(_kind)
for _outcome in ("ok", "failed"):
    TURNS.labels(_outcome)


def turned(namespace: str, cashbox: str, *, well: bool, seconds: float) -> None:
    """Count a turn of a CashBox's loop."""
    TURNS.labels("ok" if well else "failed").inc()
    TURN_SECONDS.observe(seconds)
    if well:
        LAST_TURN.labels(namespace, cashbox).set(time.time())


def show(namespace: str, cashbox: str, status: Status, *, scaled: bool = False) -> None:
    """Show what the status says; what it does not say is shown no longer."""
    whose = (namespace, cashbox)
    WRITES.labels(*whose)
    SCALINGS.labels(*whose).inc(scaled)
    for condition in status.conditions:
        CONDITION.labels(*whose, condition.type).set(STATUSES[condition.status])
    saldo = status.saldo or SaldoStatus()
    ready, _, desired = (saldo.consumers or "").partition("/")
    _set(CONSUMERS, (*whose, "ready"), float(ready) if ready else None)
    _set(CONSUMERS, (*whose, "desired"), float(desired) if desired else None)
    _set(BACKLOG, whose, saldo.backlog)
    scaling = saldo.scaling
    _set(ARRIVAL, whose, scaling.arrival_rate if scaling else None)
    _set(RATE, whose, scaling.rate_per_replica if scaling else None)
    _set(DRAIN, whose, scaling.drain_estimate_seconds if scaling else None)


def forget(namespace: str, cashbox: str) -> None:
    """Show a CashBox that is gone no longer."""
    for metric in (LAST_TURN, WRITES, SCALINGS, CONDITION, CONSUMERS, BACKLOG, ARRIVAL, RATE, DRAIN):
        metric.remove_by_labels({"namespace": namespace, "cashbox": cashbox})


def _set(gauge: Gauge, labels: tuple[str, ...], value: float | None) -> None:
    if value is None:
        gauge.remove(*labels)
    else:
        gauge.labels(*labels).set(value)
