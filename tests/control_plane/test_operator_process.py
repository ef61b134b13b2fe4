"""The operator's real process on a real API server: what it was told, it finishes, whenever it is killed."""

import asyncio
import base64
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from caixa_operator.api import KubernetesApi, connected
from tests.control_plane.cluster import Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import NAMESPACE, Installed
from tests.control_plane.life import Object, Stage, applied, deleted, free, lived, serves
from tests.control_plane.running_operator import RunningOperator
from tests.kubernetes.control_plane import ControlPlane

STAGES = (
    Stage("create", applied(version="1.0.0", deletionPolicy="Delete"), serves("1.0.0"), kills=12),
    Stage(
        "upgrade",
        applied(version="2.0.0", deletionPolicy="Delete", gateway={"replicas": 3}, fluxo={"replicas": 1}),
        serves("2.0.0"),
        kills=12,
    ),
    Stage("delete", deleted, lambda body: body is None, kills=6),
)
KILLS = 30
"""At least so many in a life."""


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


async def test_killed_at_random_moments_it_ends_where_an_undisturbed_one_does(admin: KubernetesApi, operator: RunningOperator) -> None:
    """Created, upgraded and deleted under 30 SIGKILLs: every stage's end state equals that of a CashBox whose operator was left alone."""
    seed = int(os.environ.get("CAIXA_SEED") or secrets.randbelow(2**32))
    print(f"CAIXA_SEED={seed} kills at the same moments again")
    await free(admin)
    operator.start()
    undisturbed, _ = await lived(STAGES, admin, operator, None)
    disturbed, in_the_midst = await lived(STAGES, admin, operator, random.Random(seed))  # noqa: S311 - moments, not secrets
    print(f"{in_the_midst} of {operator.starts - 1} kills came before their stage had ended")
    assert operator.starts - 1 >= KILLS
    for stage, left_alone, killed in zip(STAGES, undisturbed, disturbed, strict=True):
        assert left_alone.keys() == killed.keys(), f"{stage.name}, seed {seed}"
        for name, one in left_alone.items():
            assert killed[name] == one, f"{stage.name}, seed {seed}: {name}"
    assert undisturbed[-1]["Secret/mysql-users"] is None


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
