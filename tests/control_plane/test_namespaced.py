"""An installation that watches some namespaces only, with the chart's own rights and arguments."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from caixa_operator.api import connected
from caixa_operator.spec.cashbox import FINALIZER
from tests.control_plane.cluster import CHILDREN, Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import RIGHTS, Installed, installed, template
from tests.control_plane.running_operator import RunningOperator
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Kubectl
from tests.provision.command import run


@pytest.fixture
def elsewhere(kubectl: Kubectl) -> Cluster:
    """Give a namespace that nobody watches."""
    namespace = f"caixa-{uuid4().hex[:8]}"
    kubectl("create", "namespace", namespace)
    return Cluster(kubectl, namespace)


@pytest.fixture
def rights(kubectl: Kubectl, server: ControlPlane, cluster: Cluster) -> Installed:
    """Give the rights of a release that watches one namespace."""
    return installed(kubectl, server, "--set", f"watch.namespaces={{{cluster.namespace}}}", namespace=f"operator-{uuid4().hex[:8]}")


@pytest.fixture
def operator(rights: Installed, cluster: Cluster, tmp_path: Path) -> Iterator[RunningOperator]:
    """Give a process with the arguments and the environment that the chart gives it."""
    rendered = template("--set", f"watch.namespaces={{{cluster.namespace}}}", namespace=rights.namespace)
    (pod,) = [one["spec"]["template"]["spec"]["containers"][0] for one in rendered if one["kind"] == "Deployment"]
    own = {one["name"]: one["value"] for one in pod["env"] if one["name"] == "CAIXA_WATCH_NAMESPACES"}
    made = RunningOperator(rights, tmp_path / "operator.log", words=tuple(pod["args"]), environ=own)
    yield made
    made.end()


def test_without_namespaces_the_rights_are_the_cluster_s_and_with_them_there_is_none() -> None:
    """A Role and its binding in each of them, with the same rules, and no ClusterRole at all."""
    whole = [one for one in template() if one["kind"] in RIGHTS]
    some = [one for one in template("--set", "watch.namespaces={a,b}") if one["kind"] in RIGHTS]
    assert {one["kind"] for one in some} == {"ServiceAccount", "Role", "RoleBinding"}
    watching = [one for one in some if one["kind"] == "Role" and one["metadata"]["name"] == "caixa-operator-watch"]
    assert [one["metadata"]["namespace"] for one in watching] == ["a", "b"]
    (everywhere,) = [one["rules"] for one in whole if one["kind"] == "ClusterRole"]
    for one in watching:
        assert [rule for rule in everywhere if rule not in one["rules"]] == everywhere[:2]
        assert {resource for rule in everywhere[:2] for resource in rule["resources"]} == {"customresourcedefinitions", "namespaces"}
        assert all(rule in everywhere for rule in one["rules"])


async def test_one_elsewhere_is_left_alone(
    server: ControlPlane, rights: Installed, operator: RunningOperator, cluster: Cluster, elsewhere: Cluster
) -> None:
    """The watched CashBox serves, and its child comes back; the other one has neither child nor status; an uninstall frees the first."""
    elsewhere.cashbox()
    operator.start()
    async with connected(server.kubeconfig) as admin, controllers(admin, cluster.namespace):
        cluster.cashbox()
        await asyncio.to_thread(cluster.eventually, "it serves", lambda: _summary(cluster) == "Serving", seconds=120)
        cluster.run("delete", "serviceaccount", "loja-fluxo")
        await asyncio.to_thread(
            cluster.eventually, "the account is back", lambda: cluster.find("serviceaccount", "loja-fluxo") is not None, seconds=60
        )
    body = elsewhere.get("cashbox", "loja")
    assert "status" not in body
    assert "finalizers" not in body["metadata"]
    assert {name for name in elsewhere.names(*CHILDREN, "secrets") if "loja" in name} == set()
    assert "Not enough permissions" not in operator.log.read_text()
    assert cluster.get("cashbox", "loja")["metadata"]["finalizers"] == [FINALIZER]
    operator.end()
    own = {"KUBECONFIG": str(rights.kubeconfig), "CAIXA_OPERATOR_NAMESPACE": rights.namespace, **operator.environ}
    printed = await asyncio.to_thread(run, [sys.executable, "-m", "caixa_operator.uninstall"], environ={**os.environ, **own})
    assert f"{cluster.namespace}/loja" in printed
    assert "finalizers" not in cluster.get("cashbox", "loja")["metadata"]


def test_the_account_can_read_nothing_outside(rights: Installed, cluster: Cluster, elsewhere: Cluster) -> None:
    """Neither in another namespace nor of the cluster: no object of any kind that it works with, no namespace, no definition."""
    kinds = (*CHILDREN, "secrets", "cashboxes.caixa.dev", "pods", "persistentvolumeclaims", "events", "leases.coordination.k8s.io")
    outside = [(verb, kind, f"--namespace={elsewhere.namespace}") for kind in kinds for verb in ("get", "list", "patch")]
    outside += [(verb, kind, "--all-namespaces") for kind in ("secrets", "cashboxes.caixa.dev") for verb in ("get", "list", "watch")]
    outside += [("list", kind, "--all-namespaces") for kind in ("namespaces", "customresourcedefinitions.apiextensions.k8s.io", "nodes")]
    told = {(verb, kind, where): _may(cluster, rights, verb, kind, where) for verb, kind, where in outside}
    assert {one for one, may in told.items() if may} == set()
    assert _may(cluster, rights, "list", "deployments", f"--namespace={cluster.namespace}")
    assert not _may(cluster, rights, "list", "secrets", f"--namespace={cluster.namespace}")


def _may(cluster: Cluster, rights: Installed, verb: str, kind: str, where: str) -> bool:
    return cluster.kubectl.works("auth", "can-i", verb, kind, f"--as={rights.user}", where)


def _summary(cluster: Cluster) -> str:
    return str((cluster.get("cashbox", "loja").get("status") or {}).get("summary"))
