"""A sample is applied as written, but for the images that were built here."""

import base64
from typing import Any

from tests.demo.demo_cashbox import decoded, fitted, is_ready, state


def cashbox(**status: Any) -> dict[str, Any]:
    """Return a CashBox of generation 2 with this status."""
    return {"kind": "CashBox", "metadata": {"name": "loja", "generation": 2}, "status": status}


def test_only_images_and_version_of_cashboxes_are_changed() -> None:
    """The namespace beside it, and everything else in the spec, stays."""
    namespace = {"kind": "Namespace", "metadata": {"name": "caixa"}}
    sample = {"kind": "CashBox", "spec": {"gateway": {"replicas": 1}, "version": "1.0"}}
    assert fitted([namespace, sample], registry="localhost", version="dev-1") == [
        namespace,
        {
            "kind": "CashBox",
            "spec": {"gateway": {"replicas": 1}, "version": "dev-1", "images": {"registry": "localhost", "pullPolicy": "IfNotPresent"}},
        },
    ]


def test_ready_counts_only_for_the_spec_as_it_is_now() -> None:
    """A Ready of an older generation is not Ready."""
    ready = [{"type": "Ready", "status": "True", "message": "serves"}]
    assert is_ready(cashbox(observedGeneration=2, conditions=ready))
    assert not is_ready(cashbox(observedGeneration=1, conditions=ready))
    assert not is_ready({"metadata": {"generation": 1}})


def test_the_state_is_the_summary_else_the_message_else_that_nobody_looked() -> None:
    """Progress can be told from the first moment on."""
    assert state(cashbox(summary="half way", conditions=[])) == "half way"
    assert state(cashbox(conditions=[{"type": "Ready", "message": "waits for MySQL"}])) == "waits for MySQL"
    assert state({"metadata": {}}) == "the operator has not seen it yet"


def test_secrets_are_decoded() -> None:
    """A Secret's values are base64 in the API."""
    assert decoded({"data": {"client_id": base64.b64encode(b"admin").decode()}}) == {"client_id": "admin"}
