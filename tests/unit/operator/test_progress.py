"""How far a child is, by what its controller says."""

from typing import Any

import pytest

from caixa_operator.reconcile.progress import job_state, rolled_out, serves, store_ready, stuck
from tests.unit.operator.boxes import ended


@pytest.mark.parametrize(
    ("job", "state"),
    [
        (None, "absent"),
        ({}, "running"),
        ({"status": {"conditions": [{"type": "Failed", "status": "False"}]}}, "running"),
        ({"status": {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}]}}, "running"),
        ({"status": ended("Complete")}, "complete"),
        ({"status": ended("Failed")}, "failed"),
    ],
)
def test_a_job_has_ended_only_when_a_condition_says_so(job: dict[str, Any] | None, state: str) -> None:
    """Counts of pods may be anything: Complete and Failed are final."""
    assert job_state(job) == state


def deployment(wanted: int, generation: int = 2, **status: int) -> dict[str, Any]:
    """Return a Deployment of the second generation."""
    return {"metadata": {"generation": generation}, "spec": {"replicas": wanted}, "status": {"observedGeneration": 2, **status}}


ALL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("found", "done"),
    [
        (None, False),
        (deployment(2, **ALL), True),
        (deployment(2, generation=3, **ALL), False),
        (deployment(3, **ALL), False),
        (deployment(2, **(ALL | {"availableReplicas": 1})), False),
        (deployment(2, **(ALL | {"replicas": 3})), False),
        (deployment(0), True),
    ],
)
def test_a_rollout_is_done_when_every_pod_is_new_and_answers(found: dict[str, Any] | None, *, done: bool) -> None:
    """An old pod that still runs, a new one that does not answer yet, or a spec that nobody has looked at: all are under way."""
    assert rolled_out(found) is done


def test_a_scaled_deployment_may_have_pods_on_their_way() -> None:
    """A load that comes and goes is no rollout; an old pod still is one."""
    assert rolled_out(deployment(5, **ALL), scaled=True)
    assert not rolled_out(deployment(5, **(ALL | {"updatedReplicas": 1})), scaled=True)


def test_a_process_serves_with_one_pod_that_answers() -> None:
    """One that may sleep needs none, and one that is wanted with none neither."""
    assert serves(deployment(2, availableReplicas=1))
    assert not serves(deployment(2))
    assert serves(deployment(2), may_sleep=True)
    assert serves(deployment(0))
    assert not serves(None, may_sleep=True)


def test_stores_and_stuck_rollouts_are_told_by_their_controllers() -> None:
    """A store answers with one ready pod; a rollout is stuck when its deadline has passed."""
    assert store_ready({"status": {"readyReplicas": 1}})
    assert not store_ready({"status": {}})
    assert not store_ready(None)
    late = deployment(2)
    late["status"]["conditions"] = [{"type": "Progressing", "status": "False"}]
    assert stuck(late)
    assert not stuck(deployment(2))
