"""What the operator tells of a CashBox is what its status says, and nothing once it is gone."""

from typing import Literal

from prometheus_client import REGISTRY

from caixa_operator import metrics
from caixa_operator.spec.status import Condition, SaldoStatus, Scaling, Status

WHOSE = {"namespace": "loja", "cashbox": "padaria"}
SCALING = Scaling(ready=900, unacked=100, arrival_rate=50.0, rate_per_replica=500.0, drain_estimate_seconds=2, desired=3, reason="Backlog")


def ready(status: Literal["True", "False", "Unknown"]) -> Condition:
    """Make the condition Ready."""
    return Condition(
        type="Ready", status=status, reason="R", message="m", last_transition_time="2026-01-01T00:00:00Z", observed_generation=1
    )


def told(name: str, **labels: str) -> float | None:
    """Return a sample, or None where there is none."""
    return REGISTRY.get_sample_value(f"caixa_operator_{name}", WHOSE | labels)


def test_the_status_is_shown_and_what_it_no_longer_says_is_not() -> None:
    """Conditions, consumers, backlog and the policy's figures; without figures their samples go."""
    metrics.show("loja", "padaria", Status(conditions=(ready("True"),), saldo=SaldoStatus(consumers="2/3", backlog=1000, scaling=SCALING)))
    assert (told("condition", type="Ready"), told("backlog_events"), told("arrival_rate"), told("rate_per_replica")) == (1, 1000, 50, 500)
    assert (told("consumers", state="ready"), told("consumers", state="desired"), told("drain_estimate_seconds")) == (2, 3, 2)
    metrics.show("loja", "padaria", Status(conditions=(ready("Unknown"),)))
    assert told("condition", type="Ready") == -1
    assert told("consumers", state="ready") is told("backlog_events") is told("arrival_rate") is told("drain_estimate_seconds") is None


def test_a_cashbox_that_is_gone_is_told_of_no_longer() -> None:
    """No series of it is left, so that no alert fires for it."""
    metrics.turned("loja", "padaria", well=True, seconds=0.1)
    metrics.show("loja", "padaria", Status(conditions=(ready("False"),)), scaled=True)
    assert told("last_turn_timestamp_seconds") is not None
    metrics.forget("loja", "padaria")
    assert not [one for family in REGISTRY.collect() for one in family.samples if WHOSE.items() <= one.labels.items()]
