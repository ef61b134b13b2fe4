"""RabbitMQ on three nodes: every event is on three volumes, and a node that is killed or replaced takes nothing with it.

Its merchants come by HTTPS, with a certificate that the gateway itself serves.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import signal
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from caixa_comum import topology
from tests.cluster import ledger
from tests.cluster.installation import NAMESPACE, Installation
from tests.cluster.shop import Credentials, answers, at_rate, opened
from tests.demo.demo_cashbox import RESOURCE, administrator, condition
from tests.kubernetes import cgroups
from tests.kubernetes.certificates import Authority
from tests.kubernetes.waiting import until
from tests.kubernetes.where import OneNode

NAME = "trio"
NODES = 3
RATE = 20.0
AUTHORITY = Authority("teste")
SECRET = f"{NAME}-gateway-tls"
SMALL = {"resources": {"requests": {"cpu": "20m", "memory": "64Mi"}}}
SPEC: dict[str, Any] = {  # Any: a spec is free-form JSON
    "deletionPolicy": "Delete",
    "tls": {"secretName": SECRET},
    "gateway": {"replicas": 1, "expose": {"type": "NodePort"}, **SMALL},
    "fluxo": {"replicas": 1, "relay": {"replicas": 1, **SMALL}, **SMALL},
    "saldo": {"replicas": 1, "consumer": {"replicas": 1, "autoscaling": {"mode": "Fixed"}, **SMALL}, **SMALL},
    "mysql": {"resources": {"requests": {"cpu": "50m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}},
    "rabbitmq": {"replicas": NODES, "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "768Mi"}}},
}


@pytest.fixture(scope="module")
def trio(platform: Installation) -> Iterator[Installation]:
    """Add a CashBox whose RabbitMQ has three nodes and whose gateway has a certificate, and take it away again with its volumes."""
    pair = AUTHORITY.issue(NAME, hosts=["127.0.0.1"])
    data = {key: base64.b64encode(value).decode() for key, value in {"tls.crt": pair.certificate, "tls.key": pair.key}.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": SECRET}, "data": data}
    platform.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(secret))
    made = {"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": {"name": NAME}, "spec": SPEC}
    platform.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(made))
    installed = dataclasses.replace(platform, name=NAME)
    installed.ready()
    until("all nodes answer", lambda: condition(installed.cashbox(), "BrokerReady")["reason"] == "Answering", seconds=180, pause=1)
    cashbox = installed.cashbox()
    port = cashbox["status"]["endpoints"]["nodePort"]
    gateway = OneNode().address(platform.kubectl, NAMESPACE, f"{NAME}-gateway", port).replace("http://", "https://")
    yield dataclasses.replace(installed, gateway=gateway, admin=Credentials(*administrator(platform.kubectl, NAMESPACE, cashbox)))
    platform.kubectl("delete", RESOURCE, NAME, "--timeout=120s")
    platform.kubectl("delete", "secret", SECRET)
    ours = f"--selector=caixa.dev/cashbox={NAME}"
    until("the second CashBox is gone", lambda: not platform.kubectl.items("pods,persistentvolumeclaims", ours), seconds=240, pause=1)


def queues(trio: Installation) -> dict[str, dict[str, Any]]:  # Any: RabbitMQ's JSON
    """Ask a node that serves for the queues: their members, those of them that are online, and their leader."""
    words = ("list_queues", "--silent", f"--vhost={topology.VHOST}", "--formatter=json", "name", "members", "online", "leader")
    node = next(pod["metadata"]["name"] for pod in trio.pods("rabbitmq") if _is_ready(pod))
    printed = trio.kubectl("exec", node, "--container=rabbitmq", "--", "rabbitmqctl", *words, timeout=90)
    return {queue["name"]: queue for queue in json.loads(printed)}


def test_every_queue_has_a_member_on_each_of_three_nodes(trio: Installation) -> None:
    """Three nodes that started at the same time are one cluster, and the definitions' queues were made on all of them."""
    found = queues(trio)
    nodes = {f"rabbit@{NAME}-rabbitmq-{number}.{NAME}-rabbitmq-nodes.{NAMESPACE}" for number in range(NODES)}
    assert {name: set(queue["members"]) for name, queue in found.items()} == dict.fromkeys((topology.QUEUE, topology.PARKING), nodes)


async def test_a_killed_node_loses_nothing_and_comes_back(trio: Installation) -> None:
    """The leader of the events' queue dies without a warning: entries go on, every balance is exact, and the node is a member again."""
    async with opened(trio.gateway, trio.admin, trust=_trust()) as shop:
        merchants = [await shop.register(f"Trio {number}") for number in range(3)]
        stop = asyncio.Event()
        load = asyncio.create_task(at_rate(shop, merchants, RATE, stop))
        await asyncio.sleep(5)
        killed = await asyncio.to_thread(_kill_leader, trio)
        missed = await asyncio.to_thread(_missed, trio, killed)
        await asyncio.to_thread(until, "the node is a member again", lambda: _whole(trio), seconds=240, pause=1)
        await asyncio.sleep(5)
        stop.set()
        await load
        assert answers(shop.posts) == {201: len(shop.posts)}
        await shop.caught_up(merchants, seconds=120)
    assert missed["status"] == "True"
    assert f"2 of 3 nodes of RabbitMQ answer, {killed} not" in missed["message"]
    assert ledger.entries(trio.kubectl, NAME) == ledger.balances(trio.kubectl, NAME)
    assert ledger.entries(trio.kubectl, NAME).keys() >= {merchant.id.replace("-", "") for merchant in merchants}


async def test_replacing_every_node_one_after_the_other_loses_nothing(trio: Installation) -> None:
    """Each waits until the others can do without it, and is a member again before the next one goes: two always answer."""
    async with opened(trio.gateway, trio.admin, trust=_trust()) as shop:
        merchant = await shop.register("Trio em obras")
        before = {pod["metadata"]["uid"] for pod in trio.pods("rabbitmq")}
        stop = asyncio.Event()
        load = asyncio.create_task(at_rate(shop, [merchant], RATE, stop))
        trio.kubectl("rollout", "restart", f"statefulset/{NAME}-rabbitmq")
        fewest = NODES

        def replaced() -> bool:
            nonlocal fewest
            fewest = min(fewest, trio.kubectl.get("statefulset", f"{NAME}-rabbitmq")["status"].get("readyReplicas", 0))
            return before.isdisjoint(pod["metadata"]["uid"] for pod in trio.pods("rabbitmq")) and _whole(trio)

        await asyncio.to_thread(until, "every node is another, and a member", replaced, seconds=420, pause=0.5)
        stop.set()
        await load
        assert answers(shop.posts) == {201: len(shop.posts)}
        await shop.caught_up([merchant], seconds=120)
    assert fewest == NODES - 1
    assert ledger.entries(trio.kubectl, NAME) == ledger.balances(trio.kubectl, NAME)


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.certificate.decode())


def _kill_leader(trio: Installation) -> str:
    """SIGKILL all processes of the pod whose node leads the events' queue, and its pod with them; return its name."""
    killed = str(queues(trio)[topology.QUEUE]["leader"]).removeprefix("rabbit@").partition(".")[0]
    pod = trio.kubectl.get("pod", killed)
    for pid in cgroups.pids_of_pod(pod["metadata"]["uid"]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    trio.kubectl("delete", "pod", killed, "--grace-period=0", "--force", "--wait=false")
    return killed


def _missed(trio: Installation, killed: str) -> dict[str, Any]:
    """Wait until the operator names the node, and return what it says of the broker."""
    until("the operator names the node", lambda: killed in condition(trio.cashbox(), "BrokerReady")["message"], seconds=60, pause=0.3)
    return condition(trio.cashbox(), "BrokerReady")


def _whole(trio: Installation) -> bool:
    if condition(trio.cashbox(), "BrokerReady")["reason"] != "Answering":
        return False
    return all(len(queue["online"]) == NODES for queue in queues(trio).values())


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
