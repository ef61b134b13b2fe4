"""When an object counts as unchanged: what the API server adds or rewrites is no change, anything else is."""

from typing import Any

import pytest

from caixa_operator.reconcile.compare import APPLIED_ANNOTATION, stamped, unchanged

WANTED = stamped(
    {
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"x": "1"}},
        "spec": {
            "replicas": 2,
            "containers": [
                {"name": "c", "resources": {"requests": {"cpu": "1000m"}}, "command": ["a", "b"]},
                {"name": "d"},
            ],
        },
    }
)


def live(**spec: Any) -> dict[str, Any]:
    """Return the object as the cluster has it, with defaults filled in."""
    containers = [
        {"name": "d", "image": "x"},
        {"name": "sidecar"},
        {"name": "c", "resources": {"requests": {"cpu": "1"}}, "command": ["a", "b"], "env": []},
    ]
    metadata = {**WANTED["metadata"], "labels": {"x": "1", "team": "y"}, "uid": "u"}
    return {**WANTED, "metadata": metadata, "spec": {"replicas": 2, "paused": False, "containers": containers, **spec}}


def test_defaults_others_members_and_rewritten_quantities_are_no_change() -> None:
    """1000m is 1, a sidecar that a webhook added is not ours, and neither is a label."""
    assert unchanged(WANTED, live())


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 3},
        {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}, "command": ["a", "b"]}]},
        {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}, "command": ["a", "b"]}, {"name": "d"}]},
        {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}, "command": ["b", "a"]}, {"name": "d"}]},
        {"containers": None},
    ],
)
def test_what_we_set_and_somebody_changed_is_a_change(spec: dict[str, Any]) -> None:
    """A number, a missing member, an amount, an order of words, a list that is gone."""
    assert not unchanged(WANTED, live(**spec))


def test_a_field_that_is_no_longer_wanted_is_a_change() -> None:
    """What is there would hold what is wanted: only the fingerprint tells."""
    less = {**WANTED, "spec": {"replicas": 2}}
    less["metadata"] = {"name": "a", "labels": {"x": "1"}}
    assert stamped(less)["metadata"]["annotations"][APPLIED_ANNOTATION] != WANTED["metadata"]["annotations"][APPLIED_ANNOTATION]
    assert not unchanged(stamped(less), live())
