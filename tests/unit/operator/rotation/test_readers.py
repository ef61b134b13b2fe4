"""Who still has old values, as the cluster tells it."""

from typing import Any

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.plan import decide
from caixa_operator.resources.pods import CREDENTIALS_ANNOTATION
from caixa_operator.rotation.readers import behind, start_of
from tests.unit.operator.boxes import applied, cashbox, family

WANTED = family(cashbox())
LIVE = applied(WANTED)
NOBODY = frozenset[str]()


def pod(component: str, digits: str | None, phase: str = "Running", **metadata: Any) -> Manifest:  # Any: an object's metadata
    """Return a pod as the API server has it."""
    annotations = {} if digits is None else {CREDENTIALS_ANNOTATION: digits}
    labels = {"app.kubernetes.io/component": component}
    return {
        "metadata": {"name": f"{component}-1", "uid": "u", "labels": labels, "annotations": annotations, **metadata},
        "status": {"phase": phase, "containerStatuses": [{"restartCount": 0}]},
    }


def digits(component: str) -> str:
    """Return what a component's newest template says."""
    found: str = LIVE[Ref("Deployment", f"loja-{component}")]["spec"]["template"]["metadata"]["annotations"][CREDENTIALS_ANNOTATION]
    return found


def told(*pods: Manifest, live: dict[Ref, Manifest] = LIVE) -> list[str]:
    """Say who is behind."""
    return behind(WANTED, decide(WANTED, live), live, pods, scaled=NOBODY)


def test_nobody_is_behind_once_all_pods_are_of_the_newest_template() -> None:
    """Stores read no values of the services, and what has ended holds nothing."""
    assert told(pod("fluxo", digits("fluxo")), pod("mysql", None), pod("reconciliation", "old", "Succeeded")) == []


def test_a_pod_counts_until_it_is_gone() -> None:
    """One that ends serves its last requests; a comparison or copy that runs has read the old values; one without digits is older."""
    ending = pod("fluxo", "old", deletionTimestamp="2026-01-03T12:00:00Z")
    assert told(ending) == ["pod fluxo-1 ends"]
    assert told(pod("reconciliation", "old")) == ["pod reconciliation-1 ends"]
    assert told(pod("saldo-migration", None, "Pending")) == ["pod saldo-migration-1 ends"]


def test_a_deployment_that_is_not_applied_or_not_rolled_out_is_behind() -> None:
    """It may still start pods of its old template."""
    fluxo = LIVE[Ref("Deployment", "loja-fluxo")]
    rolling = {**fluxo, "status": {**fluxo["status"], "updatedReplicas": 0}}
    assert told(live={**LIVE, Ref("Deployment", "loja-fluxo"): rolling}) == ["fluxo is rolled out"]
    changed = {**fluxo, "spec": {**fluxo["spec"], "replicas": 9}}
    assert told(live={**LIVE, Ref("Deployment", "loja-fluxo"): changed}) == ["fluxo is rolled out"]


def test_a_store_s_start_is_told_by_its_pod_and_its_container() -> None:
    """Another pod, or the same one with a container that started again."""
    first = pod("mysql", None)
    again = {**first, "status": {"containerStatuses": [{"restartCount": 1}]}}
    starts = [
        start_of([], "mysql"),
        start_of([first], "mysql"),
        start_of([again], "mysql"),
        start_of([pod("mysql", None, uid="v")], "mysql"),
    ]
    assert len(set(starts)) == 4
    assert start_of([first, pod("fluxo", None)], "mysql") == start_of([first], "mysql")
