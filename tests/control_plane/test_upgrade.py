"""`helm upgrade` from an earlier release of the chart, on an API server of its own, with a CashBox in it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from caixa_operator.api import connected
from caixa_operator.crd.definition import definition
from caixa_operator.spec.cashbox import FINALIZER
from tests.control_plane.cluster import Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import CHART, NAMESPACE, with_token
from tests.control_plane.running_operator import RunningOperator
from tests.kubernetes.binaries import binaries
from tests.kubernetes.control_plane import ControlPlane, control_plane
from tests.kubernetes.helm import helm_binary
from tests.kubernetes.kubectl import Kubectl
from tests.provision.command import run

EARLIER = Path(__file__).parent / "released" / "caixa-0.1.0.tgz"
"""As it was before stores could be external, and before backups, monitors and the Lease."""
PRESENT: str = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
CRD = "customresourcedefinition/cashboxes.caixa.dev"
PASSWORDS = {
    "root": "r",
    "fluxo": "a",
    "fluxo_migration": "b",
    "saldo": "c",
    "saldo_migration": "d",
    "gateway": "e",
    "gateway_migration": "f",
}
SPEC: dict[str, Any] = {"version": "1.0.0", "gateway": {"replicas": 1}, "mysql": {"storage": {"size": "3Gi"}}}
STAMP = "2026-01-01T00:00:00Z"


@pytest.fixture
def apart() -> Iterator[ControlPlane]:
    """Give an API server that knows no CashBox."""
    with control_plane() as running:
        yield running


def helm(server: ControlPlane, *words: str | Path) -> str:
    """Run helm as the administrator. Raises CommandFailed with its words."""
    return run([helm_binary(), *words, f"--namespace={NAMESPACE}"], environ={"KUBECONFIG": str(server.kubeconfig)})


def left_by_the_earlier_operator(cluster: Cluster) -> None:
    """Make what an operator of that release leaves: its finalizer, its status, generated passwords, and a store with them."""
    cluster.cashbox(**SPEC)
    cluster.edit("cashbox", "loja", {"metadata": {"finalizers": [FINALIZER]}})
    ready = {"type": "Ready", "status": "True", "reason": "Serving", "message": "x", "lastTransitionTime": STAMP, "observedGeneration": 1}
    cluster.status("cashbox", "loja", {"version": "1.0.0", "summary": "Serving", "observedGeneration": 1, "conditions": [ready]})
    labels = {
        "app.kubernetes.io/managed-by": "caixa-operator",
        "app.kubernetes.io/component": "mysql-users",
        "caixa.dev/cashbox": "loja",
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "loja-mysql-users", "labels": labels}, "stringData": PASSWORDS}
    cluster.apply(secret)


def passwords(cluster: Cluster) -> dict[str, str]:
    """Return the generated passwords of MySQL's users."""
    return {key: base64.b64decode(value).decode() for key, value in cluster.get("secret", "loja-mysql-users")["data"].items()}


def uid(found: dict[str, Any]) -> str:
    """Return what an object that was made anew has not kept."""
    return str(found["metadata"]["uid"])


async def test_an_upgrade_from_an_earlier_chart_loses_nothing(apart: ControlPlane, tmp_path: Path) -> None:
    """Definition, rights and operator become the present ones; the CashBox, its passwords and its wishes stay, and it is reconciled on."""
    kubectl = Kubectl(binaries()["kubectl"], apart.kubeconfig)
    helm(apart, "install", "caixa", EARLIER, "--create-namespace")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", CRD)
    kubectl("create", "namespace", "loja")
    cluster = Cluster(kubectl, "loja")
    left_by_the_earlier_operator(cluster)
    before, crd, deployment = cluster.get("cashbox", "loja"), kubectl.get(CRD), _operator(kubectl)
    assert "backup" not in json.dumps(crd), "the earlier definition is another one"

    helm(apart, "upgrade", "caixa", CHART)

    (release,) = json.loads(helm(apart, "list", "--output=json"))
    assert (release["revision"], release["status"], release["chart"]) == ("2", "deployed", f"caixa-{PRESENT}")
    assert PRESENT not in EARLIER.name, "a chart that has changed has another version"
    upgraded = kubectl.get(CRD)
    assert uid(upgraded) == uid(crd), "one that is made anew takes every CashBox along"
    assert upgraded["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    wanted = definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert upgraded["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"].keys() == wanted.keys()
    assert uid(_operator(kubectl)) == uid(deployment)
    assert "CAIXA_WATCH_NAMESPACES" in json.dumps(_operator(kubectl))
    after = cluster.get("cashbox", "loja")
    assert (uid(after), after["status"]) == (uid(before), before["status"])
    assert passwords(cluster) == PASSWORDS

    operator = RunningOperator(with_token(kubectl, apart), tmp_path / "operator.log")
    async with connected(apart.kubeconfig) as admin, controllers(admin, "loja"):
        operator.start()
        try:
            await asyncio.to_thread(
                cluster.eventually, "it serves", lambda: _observed(cluster) and _summary(cluster) == "Serving", seconds=120
            )
            kept = passwords(cluster)
            cluster.cashbox(**{**SPEC, "mysql": {**SPEC["mysql"], "backup": {"schedule": "@daily"}}})  # what only the present one knows
            await asyncio.to_thread(
                cluster.eventually, "copies are made", lambda: cluster.find("cronjob", "loja-backup") is not None, seconds=60
            )
        finally:
            operator.end()
    body = cluster.get("cashbox", "loja")
    assert uid(body) == uid(before)
    assert body["spec"]["mysql"]["storage"]["size"] == "3Gi"
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert kept.items() >= PASSWORDS.items(), "passwords are added, none is replaced"
    assert cluster.get("statefulset", "loja-mysql")["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "3Gi"
    assert cluster.get("deployment", "loja-gateway")["spec"]["replicas"] == 1


def _operator(kubectl: Kubectl) -> dict[str, Any]:
    return kubectl.get(f"--namespace={NAMESPACE}", "deployment", "caixa-operator")


def _observed(cluster: Cluster) -> bool:
    """Tell whether the present operator has written the status: it claims what the earlier one did not know."""
    return any(one["type"] == "Reconciled" for one in cluster.get("cashbox", "loja")["status"]["conditions"])


def _summary(cluster: Cluster) -> str:
    return str(cluster.get("cashbox", "loja")["status"]["summary"])
