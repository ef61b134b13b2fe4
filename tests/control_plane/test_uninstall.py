"""What `helm uninstall` runs first, with the operator's own rights."""

from typing import Any

import pytest

from caixa_operator.spec.cashbox import FINALIZER
from caixa_operator.uninstall import StillRunning, uninstall
from tests.control_plane.cluster import Cluster
from tests.control_plane.recorded import Recorded

FOREIGN = "example.com/theirs"


def held(cluster: Cluster, name: str, **spec: object) -> dict[str, Any]:  # Any: Kubernetes objects are free-form JSON
    """Make a CashBox that the operator and somebody else hold."""
    cluster.cashbox(name, **spec)
    cluster.edit("cashbox", name, {"metadata": {"finalizers": [FINALIZER, FOREIGN]}})
    return cluster.get("cashbox", name)


def operator(cluster: Cluster) -> None:
    """Make the operator's Deployment, one pod of which runs."""
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "operator", "image": "x"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "caixa-operator"}, "spec": spec})
    cluster.status("deployment", "caixa-operator", {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1})


async def test_it_lets_go_of_every_cashbox_and_of_nothing_else(api: Recorded, cluster: Cluster) -> None:
    """Its own finalizer goes, another's stays, and neither spec nor children are touched."""
    before = held(cluster, "loja")
    assert f"{cluster.namespace}/loja" in await uninstall(api.api, cluster.namespace)
    after = cluster.get("cashbox", "loja")
    assert after["metadata"]["finalizers"] == [FOREIGN]
    assert after["spec"] == before["spec"]


async def test_it_begins_only_when_the_operator_has_ended(api: Recorded, cluster: Cluster) -> None:
    """The Deployment is scaled to none; while a pod is left nothing is let go of, and after its time that is said."""
    operator(cluster)
    held(cluster, "loja")
    seconds = iter((0.0, 0.0, 100.0, 200.0))
    with pytest.raises(StillRunning, match="caixa-operator still run"):
        await uninstall(api.api, cluster.namespace, lambda: next(seconds))
    assert cluster.get("deployment", "caixa-operator")["spec"]["replicas"] == 0
    assert cluster.get("cashbox", "loja")["metadata"]["finalizers"] == [FINALIZER, FOREIGN]
    cluster.status("deployment", "caixa-operator", {"observedGeneration": 2, "replicas": 0, "readyReplicas": 0})
    await uninstall(api.api, cluster.namespace)
    assert cluster.get("cashbox", "loja")["metadata"]["finalizers"] == [FOREIGN]


async def test_a_cashbox_on_its_way_out_gets_what_its_policy_promises(api: Recorded, cluster: Cluster) -> None:
    """With deletionPolicy Delete its generated Secrets go before it is let go of."""
    held(cluster, "loja", deletionPolicy="Delete")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "loja-admin", "labels": {"app.kubernetes.io/managed-by": "caixa-operator", "caixa.dev/cashbox": "loja"}},
    }
    cluster.apply(secret)
    cluster.run("delete", "cashbox", "loja", "--wait=false")
    await uninstall(api.api, cluster.namespace)
    assert cluster.find("secret", "loja-admin") is None
    assert cluster.get("cashbox", "loja")["metadata"]["finalizers"] == [FOREIGN]
    cluster.edit("cashbox", "loja", {"metadata": {"finalizers": []}})
