"""The operator's real process on a real API server: what it was told, it finishes, whenever it is killed."""

import asyncio
import base64
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from caixa_operator.api import KubernetesApi, connected
from tests.control_plane.cluster import Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import NAMESPACE, Installed
from tests.control_plane.running_operator import RunningOperator
from tests.kubernetes.control_plane import ControlPlane

SEED = 20261126
KILLS = 3
"""By stage of a CashBox's life."""
KINDS = (
    "ConfigMap",
    "CronJob",
    "Deployment",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
    "StatefulSet",
)
SECRETS = ("admin", "mysql-users", "rabbitmq-users", "signing-key", "mysql-init", "rabbitmq-definitions")
RANDOM = {"caixa.dev/applied", "caixa.dev/credentials", "caixa.dev/configuration"}
"""Annotations that hold fingerprints of generated passwords."""
CHOSEN = {"clusterIP", "clusterIPs", "nodePort", "controller-uid", "batch.kubernetes.io/controller-uid"}
"""Fields whose values the API server chooses."""
ASSIGNED = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace", "ownerReferences", "generation"}
Object = dict[str, Any]  # Any: Kubernetes objects are free-form JSON


@pytest.fixture
def operator(least: Installed, tmp_path: Path) -> Iterator[RunningOperator]:
    """Give a process that does not run yet, and end what runs."""
    made = RunningOperator(least, tmp_path / "operator.log")
    yield made
    made.end()


@pytest.fixture
async def admin(least: Installed, server: ControlPlane) -> AsyncIterator[KubernetesApi]:
    """Give the administrator's client, once the CashBox's definition and the operator's rights are there."""
    assert least.user
    async with connected(server.kubeconfig) as made:
        yield made


def plain(found: object, namespace: str) -> object:
    """Return an object without what the API server assigned, what is random, and the namespace's name."""
    if isinstance(found, dict):
        kept = {key: value for key, value in found.items() if key not in RANDOM | CHOSEN}
        return {key: plain(value, namespace) for key, value in kept.items()}
    if isinstance(found, list):
        return [plain(one, namespace) for one in found]
    return found.replace(namespace, "NAMESPACE") if isinstance(found, str) else found


async def state(api: KubernetesApi, namespace: str) -> dict[str, object]:
    """Return all that is in a namespace, in a form in which two that were made alike are equal."""
    found: dict[str, object] = {}
    for kind in KINDS:
        for one in await api.list(kind, namespace, "caixa.dev/cashbox=loja"):
            metadata = {key: value for key, value in one["metadata"].items() if key not in ASSIGNED}
            owners = [owner["kind"] for owner in one["metadata"].get("ownerReferences", [])]
            found[f"{kind}/{metadata['name']}"] = plain({"metadata": metadata, "owners": owners, "spec": one.get("spec")}, namespace)
    for secret in SECRETS:
        there = await api.get("Secret", namespace, f"loja-{secret}")
        found[f"Secret/{secret}"] = None if there is None else sorted(there["data"])
    body = await api.get("CashBox", namespace, "loja")
    if body is not None:
        conditions = {one["type"]: (one["status"], one["reason"]) for one in body["status"]["conditions"]}
        found["status"] = (conditions, body["status"]["version"], body["status"]["summary"])
    return found


async def free(api: KubernetesApi) -> None:
    """Free the Lease of one that was killed: that the next one waits for it has a test of its own."""
    await api.delete("Lease", NAMESPACE, "caixa-operator")


class Life:
    """A CashBox's life in a namespace of its own; with `moments`, the operator is killed at some while each stage is under way."""

    def __init__(self, admin: KubernetesApi, operator: RunningOperator, moments: random.Random | None) -> None:
        self.api = admin
        self.operator = operator
        self.namespace = f"caixa-{uuid4().hex[:8]}"
        self._moments = moments

    async def lived(self) -> list[dict[str, object]]:
        """Create, upgrade and delete; return the state after each stage."""
        await self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "namespace": ""}})
        async with controllers(self.api, self.namespace):
            await self._apply({"version": "1.0.0", "deletionPolicy": "Delete"})
            states = [await self._stage(lambda body: self._serves(body, "1.0.0"))]
            first = await self._secret()
            await self._apply({"version": "2.0.0", "deletionPolicy": "Delete", "gateway": {"replicas": 3}, "fluxo": {"replicas": 1}})
            states.append(await self._stage(lambda body: self._serves(body, "2.0.0")))
            assert await self._secret() == first, "no generated password was ever made anew"
            await self.api.delete("CashBox", self.namespace, "loja")
            states.append(await self._stage(lambda body: body is None))
        return states

    async def _stage(self, done: Callable[[Object | None], bool]) -> dict[str, object]:
        if self._moments is not None:
            for _ in range(KILLS):
                await asyncio.to_thread(self.operator.await_serving)
                await asyncio.sleep(self._moments.uniform(0.0, 3.0))
                await asyncio.to_thread(self.operator.end)
                await free(self.api)
                self.operator.start()
        deadline = time.monotonic() + 180
        previous: dict[str, object] | None = None
        while time.monotonic() < deadline:
            if self.operator.ended:  # as the kubelet would
                self.operator.start()
            if done(await self.api.get("CashBox", self.namespace, "loja")):
                present = await state(self.api, self.namespace)
                if present == previous:
                    return present
                previous = present
            await asyncio.sleep(1.5)
        raise AssertionError(f"the stage did not end: {await state(self.api, self.namespace)}\n{self.operator.log.read_text()[-4000:]}")

    def _serves(self, body: Object | None, version: str) -> bool:
        status = (body or {}).get("status") or {}
        # The broker's name means nothing here, so the autoscaler stays blind: all else is told by the summary.
        return bool(status.get("version") == version and status.get("summary") == "Serving")

    async def _apply(self, spec: Object) -> None:
        metadata = {"name": "loja", "namespace": self.namespace}
        body = {"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": metadata, "spec": spec}
        await self.api.apply(body, manager="person")

    async def _secret(self) -> Object:
        found = await self.api.get("Secret", self.namespace, "loja-mysql-users")
        assert found is not None
        data: Object = found["data"]
        return data


async def test_killed_at_random_moments_it_ends_where_an_undisturbed_one_does(admin: KubernetesApi, operator: RunningOperator) -> None:
    """Created, upgraded and deleted under SIGKILLs: every stage's end state equals that of a CashBox whose operator was left alone."""
    await free(admin)
    operator.start()
    undisturbed = await Life(admin, operator, None).lived()
    disturbed = await Life(admin, operator, random.Random(SEED)).lived()  # noqa: S311 - moments, not secrets
    assert operator.starts >= 1 + 3 * KILLS
    for stage, (left_alone, killed) in enumerate(zip(undisturbed, disturbed, strict=True)):
        assert left_alone.keys() == killed.keys(), f"stage {stage}"
        for name, one in left_alone.items():
            assert killed[name] == one, f"stage {stage}: {name}"
    assert undisturbed[2]["Secret/mysql-users"] is None


async def returned(api: KubernetesApi, before: Object) -> bool:
    """Wait for an object to be as it was: 10 s on a machine with time to spare."""
    for _ in range(200):
        if _same(await api.get(before["kind"], before["metadata"]["namespace"], before["metadata"]["name"]), before):
            return True
        await asyncio.sleep(0.2)
    return False


async def test_drift_comes_back_by_itself_and_the_process_tells_what_it_did(
    admin: KubernetesApi, operator: RunningOperator, cluster: Cluster
) -> None:
    """A deleted account and a changed Secret are back without a reconcile asked for; /metrics counts; SIGTERM frees the Lease."""
    await free(admin)
    operator.start()
    async with controllers(admin, cluster.namespace):
        cluster.cashbox()
        await asyncio.to_thread(cluster.eventually, "the CashBox serves", lambda: _summary(cluster) == "Serving", seconds=120)
        for kind, name, change in (
            ("ServiceAccount", "loja-fluxo", None),
            ("NetworkPolicy", "loja-mysql", None),
            ("Secret", "loja-mysql-init", {"data": {"init.sql": base64.b64encode(b"x").decode()}}),
            ("Secret", "loja-rabbitmq-definitions", None),
        ):
            before = await admin.get(kind, cluster.namespace, name)
            assert before is not None
            if change is None:
                await admin.delete(kind, cluster.namespace, name)
            else:
                await admin.merge(kind, cluster.namespace, name, change)
            assert await returned(admin, before), name
    told = operator.text("/metrics") or ""
    assert "caixa_operator_leader 1.0" in told
    assert 'caixa_operator_errors_total{kind="fault"} 0.0' in told
    assert f'caixa_operator_writes_total{{cashbox="loja",namespace="{cluster.namespace}"}}' in told
    await asyncio.to_thread(operator.end, signal.SIGTERM)
    lease = await admin.get("Lease", NAMESPACE, "caixa-operator")
    assert lease is not None
    assert not lease["spec"].get("holderIdentity")


def _summary(cluster: Cluster) -> str:
    return str((cluster.get("cashbox", "loja").get("status") or {}).get("summary"))


def _same(found: Object | None, before: Object) -> bool:
    return found is not None and all(found.get(key) == before.get(key) for key in ("spec", "data", "automountServiceAccountToken"))
