"""The API server goes away under the operator's watches, and what they missed is nowhere to be had: a resync is the worst that it costs."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from caixa_operator.api import connected
from tests.control_plane.cluster import Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import Installed
from tests.control_plane.running_operator import RESYNC_SECONDS, RunningOperator
from tests.kubernetes.control_plane import ControlPlane

REPAIR_SECONDS = 10
"""What a reconcile may take once it has begun, on a slow machine."""
WATCH = "/apis/caixa.dev/v1alpha1/namespaces/{}/cashboxes?watch=1&timeoutSeconds=5&resourceVersion={}"


@pytest.fixture
def operator(least: Installed, tmp_path: Path) -> Iterator[RunningOperator]:
    """Give a process that no Lease ends when it cannot be renewed: its watches are what is tried here."""
    made = RunningOperator(least, tmp_path / "operator.log", elected=False)
    yield made
    made.end()


@pytest.fixture
async def serving(operator: RunningOperator, cluster: Cluster, server: ControlPlane) -> Cluster:
    """Give a CashBox that serves, and that the running operator has nothing to do for."""
    operator.start()
    async with connected(server.kubeconfig) as admin, controllers(admin, cluster.namespace):
        cluster.cashbox(gateway={"replicas": 2})
        await asyncio.to_thread(cluster.eventually, "it serves", lambda: _summary(cluster) == "Serving", seconds=120)
    return cluster


def test_an_api_server_that_restarts_costs_at_most_a_resync(serving: Cluster, server: ControlPlane) -> None:
    """Gone for five seconds; what was wanted and what was deleted in the first moment afterwards is done within a resync."""
    server.stop_api()
    time.sleep(5)
    server.start_api()
    seconds = _change(serving)
    assert seconds <= RESYNC_SECONDS + REPAIR_SECONDS


def test_watches_whose_past_is_gone_begin_anew(serving: Cluster, server: ControlPlane, operator: RunningOperator) -> None:
    """Things change while the operator stands still and etcd forgets (410): what no event will ever tell of is done within a resync."""
    assert operator.process is not None
    known = serving.get("cashbox", "loja")["metadata"]["resourceVersion"]
    os.kill(operator.process.pid, signal.SIGSTOP)
    _delete_and_want(serving)
    newest = int(serving.get("cashbox", "loja")["metadata"]["resourceVersion"])
    server.stop_api()
    server.forget(newest)
    server.start_api()
    told = serving.kubectl("get", "--raw", WATCH.format(serving.namespace, known))
    assert json.loads(told.splitlines()[0])["object"]["code"] == 410, told
    began = time.monotonic()
    os.kill(operator.process.pid, signal.SIGCONT)
    _await_change(serving)
    assert time.monotonic() - began <= RESYNC_SECONDS + REPAIR_SECONDS


def _change(cluster: Cluster) -> float:
    began = time.monotonic()
    _delete_and_want(cluster)
    _await_change(cluster)
    return time.monotonic() - began


def _delete_and_want(cluster: Cluster) -> None:
    cluster.run("delete", "serviceaccount", "loja-fluxo")
    cluster.edit("cashbox", "loja", {"spec": {"gateway": {"replicas": 3}}})


def _await_change(cluster: Cluster) -> None:
    def done() -> bool:
        account, gateway = cluster.find("serviceaccount", "loja-fluxo"), cluster.get("deployment", "loja-gateway")
        return account is not None and gateway["spec"]["replicas"] == 3

    cluster.eventually("both are done", done, seconds=120)


def _summary(cluster: Cluster) -> str:
    return str((cluster.get("cashbox", "loja").get("status") or {}).get("summary"))
