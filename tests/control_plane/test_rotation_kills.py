"""The operator's real process, killed at random moments while it rotates MySQL's passwords: the rotation ends, and there is one only.

RabbitMQ is an external one here, for its passwords are rotated over a network that this machine does not have: see test_rotation.py.
"""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from caixa_comum import topology
from caixa_operator.api import KubernetesApi, connected
from tests.control_plane.cluster import Cluster, Object
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import NAMESPACE, Installed
from tests.control_plane.running_operator import RunningOperator
from tests.control_plane.test_reconcile import secret
from tests.kubernetes.control_plane import ControlPlane

SEED = 20261126
KILLS = 10
RABBITMQ = {"mode": "External", "external": {"secret": "their-rabbitmq"}}


@pytest.fixture
async def admin(least: Installed, server: ControlPlane) -> AsyncIterator[KubernetesApi]:
    """Give the administrator's client, once the operator's rights are there."""
    assert least.user
    async with connected(server.kubeconfig) as made:
        yield made


@pytest.fixture
def operator(least: Installed, tmp_path: Path) -> Iterator[RunningOperator]:
    """Give a process that does not run yet, and end what runs."""
    made = RunningOperator(least, tmp_path / "operator.log")
    yield made
    made.end()


def passwords(cluster: Cluster) -> dict[str, str]:
    """Return the passwords of MySQL's users."""
    return {key: base64.b64decode(value).decode() for key, value in cluster.get("secret", "loja-mysql-users")["data"].items()}


def rests(cluster: Cluster, after: str) -> bool:
    """Tell whether the passwords are younger than that, and everything is as it should be again."""
    status = cluster.get("cashbox", "loja").get("status") or {}
    told = status.get("credentials") or {}
    jobs = any("-rotation-" in name for name in cluster.names("jobs"))
    return status.get("summary") == "Serving" and told.get("rotatedAt", "") > after and "phase" not in told and not jobs


async def test_killed_at_random_moments_a_rotation_ends_and_is_the_only_one(
    admin: KubernetesApi, operator: RunningOperator, cluster: Cluster
) -> None:
    """Ten SIGKILLs: the Secret changed once and as a whole, every process was replaced but not the store, and nothing is left."""
    await admin.delete("Lease", NAMESPACE, "caixa-operator")
    rabbit = {"url": "amqp://mq.example/caixa", "management_url": "http://mq.example:15672"}
    secret(cluster, "their-rabbitmq", **rabbit, **dict.fromkeys(topology.USERS, "one"))
    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    operator.start()
    async with controllers(admin, cluster.namespace):
        cluster.cashbox(rabbitmq=RABBITMQ)
        await asyncio.to_thread(cluster.eventually, "the CashBox serves", lambda: rests(cluster, ""), seconds=120)
        long_ago = {"metadata": {"annotations": {"caixa.dev/rotated": "2026-01-01T00:00:00Z"}}}
        cluster.edit("secret", "loja-mysql-users", long_ago)
        seen, templates = [passwords(cluster)], {one["metadata"]["name"]: one["spec"]["template"] for one in _pods(cluster)}
        cluster.edit("cashbox", "loja", {"metadata": {"annotations": {"caixa.dev/rotate": "2026-01-02T00:00:00Z"}}})
        for _ in range(KILLS):
            await asyncio.to_thread(operator.await_serving)
            await asyncio.sleep(moments.uniform(0.0, 3.0))
            await asyncio.to_thread(operator.end)
            seen.append(passwords(cluster))
            await admin.delete("Lease", NAMESPACE, "caixa-operator")
            operator.start()
        await asyncio.to_thread(cluster.eventually, "the rotation ends", lambda: rests(cluster, "2026-06"), seconds=180)
        seen.append(passwords(cluster))
    changed = [one for one, other in zip(seen[1:], seen, strict=False) if one != other]
    assert len(changed) == 1, "one rotation, and not two"
    assert {key for key, value in seen[0].items() if seen[-1][key] == value} == {"root"}
    assert cluster.find("secret", "loja-rotation") is None
    same = {one["metadata"]["name"] for one in _pods(cluster) if one["spec"]["template"] == templates[one["metadata"]["name"]]}
    assert same == {"loja-mysql"}, "every process is replaced, and the store is not"


def _pods(cluster: Cluster) -> list[Object]:
    found: list[Object] = cluster.get("deployments,statefulsets")["items"]
    return found
