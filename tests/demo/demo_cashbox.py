"""A CashBox on a cluster: its manifest fitted to images built here, and waiting until it serves."""

import base64
import time
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.waiting import TimedOut
from tests.provision.progress import Step

RESOURCE = "cashboxes.caixa.dev"
READY_SECONDS = 420.0


def read(path: Path) -> list[dict[str, Any]]:  # Any: Kubernetes objects are free-form JSON
    """Read a manifest's objects."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def fitted(objects: list[dict[str, Any]], *, registry: str, version: str) -> list[dict[str, Any]]:
    """Return the objects with every CashBox running the images of this version from this registry; all else stays as it was written."""

    def fit(found: dict[str, Any]) -> dict[str, Any]:
        if found.get("kind") != "CashBox":
            return found
        spec = found.get("spec") or {}
        images = {**spec.get("images", {}), "registry": registry, "pullPolicy": "IfNotPresent"}
        return {**found, "spec": {**spec, "version": version, "images": images}}

    return [fit(found) for found in objects]


def condition(cashbox: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return one of the CashBox's conditions; empty when the operator has not said anything about it."""
    conditions: list[dict[str, Any]] = cashbox.get("status", {}).get("conditions", [])
    return next((found for found in conditions if found["type"] == kind), {})


def is_ready(cashbox: dict[str, Any]) -> bool:
    """Whether the operator says that the CashBox serves, of the spec as it is now."""
    current = cashbox.get("status", {}).get("observedGeneration") == cashbox["metadata"]["generation"]
    return current and condition(cashbox, "Ready").get("status") == "True"


def state(cashbox: dict[str, Any]) -> str:
    """Say in one line how far the CashBox is."""
    summary = cashbox.get("status", {}).get("summary")
    return str(summary or condition(cashbox, "Ready").get("message") or "the operator has not seen it yet")


def wait_ready(kubectl: Kubectl, namespace: str, name: str, step: Step, *, seconds: float = READY_SECONDS) -> dict[str, Any]:
    """Wait until the CashBox serves, saying how far it is, and return it. Raises TimedOut with the state of its pods."""
    deadline = time.monotonic() + seconds
    while True:
        cashbox = kubectl.get(RESOURCE, name, f"--namespace={namespace}")
        if is_ready(cashbox):
            return cashbox
        step.note(state(cashbox))
        if time.monotonic() > deadline:
            pods = kubectl("get", "pods", "--all-namespaces", "--output=wide")
            events = kubectl("get", "events", f"--namespace={namespace}", "--sort-by=.lastTimestamp")
            tail = "\n".join(events.splitlines()[-15:])
            raise TimedOut(f"CashBox {name} is not Ready after {seconds:.0f} s: {state(cashbox)}\n{pods}\n{tail}")
        time.sleep(0.5)


def administrator(kubectl: Kubectl, namespace: str, cashbox: dict[str, Any]) -> tuple[str, str]:
    """Return the administrator's client_id and client_secret, out of the Secret that the CashBox's status names."""
    secret = kubectl.get("secret", cashbox["status"]["endpoints"]["adminSecret"], f"--namespace={namespace}")
    values = decoded(secret)
    return values["client_id"], values["client_secret"]


def decoded(secret: dict[str, Any]) -> dict[str, str]:
    """Return a Secret's values as text."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
