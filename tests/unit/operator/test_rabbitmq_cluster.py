"""RabbitMQ on several nodes, as its children say it, and what the operator says of it."""

import base64
import json
from typing import Any

import pytest

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.broker import broker, incomplete
from tests.unit.operator.boxes import applied, cashbox, family, found
from tests.unit.operator.test_network import _allows, _labels

THREE = cashbox(rabbitmq={"replicas": 3})
BUILT = family(THREE)
ONE = family(cashbox())


def pod_of(built: list[Manifest]) -> Manifest:
    """Return the spec of RabbitMQ's pods."""
    spec: Manifest = found(built, "StatefulSet", "loja-rabbitmq")["spec"]["template"]["spec"]
    return spec


def environment(container: Manifest) -> dict[str, Any]:  # Any: a value, or where it comes from
    """Return a container's variables."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def definitions(built: list[Manifest]) -> dict[str, Any]:  # Any: RabbitMQ's JSON
    """Return the definitions that every node reads."""
    secret = found(built, "Secret", "loja-rabbitmq-definitions")
    read: dict[str, Any] = json.loads(base64.b64decode(secret["data"]["definitions.json"]))
    return read


def live(ready: int, *, pods: dict[int, bool]) -> dict[Ref, Manifest]:
    """Return a cluster in which so many nodes are ready; of `pods` whether each that is there is ready."""
    there = applied(BUILT)
    there[Ref("StatefulSet", "loja-rabbitmq")]["status"] = {"readyReplicas": ready}
    for number, is_ready in pods.items():
        conditions = [{"type": "Ready", "status": str(is_ready)}]
        there[Ref("Pod", f"loja-rabbitmq-{number}")] = {"status": {"conditions": conditions}}
    return there


def test_a_single_node_keeps_its_name_and_speaks_to_nobody() -> None:
    """Its data folder bears that name: an upgrade of the operator must not give it another."""
    server = environment(pod_of(ONE)["containers"][0])
    assert (server["RABBITMQ_NODENAME"], server["ERL_EPMD_ADDRESS"]) == ("rabbit@localhost", "127.0.0.1")
    assert "RABBITMQ_USE_LONGNAME" not in server
    assert "cluster" not in found(ONE, "ConfigMap", "loja-rabbitmq")["data"]["rabbitmq.conf"]
    assert not [one for one in ONE if one["metadata"]["name"] == "loja-rabbitmq-nodes"]
    assert all("x-quorum-initial-group-size" not in queue["arguments"] for queue in definitions(ONE)["queues"])


@pytest.mark.parametrize("count", [3, 5])
def test_several_nodes_have_stable_names_start_together_and_hold_every_queue(count: int) -> None:
    """Names come from a headless Service that shows nodes before they are ready; each queue begins with as many members."""
    built = family(cashbox(rabbitmq={"replicas": count}))
    made = found(built, "StatefulSet", "loja-rabbitmq")["spec"]
    names = found(built, "Service", "loja-rabbitmq-nodes")["spec"]
    assert (made["replicas"], made["podManagementPolicy"], made["serviceName"]) == (count, "Parallel", "loja-rabbitmq-nodes")
    assert (names["clusterIP"], names["publishNotReadyAddresses"]) == ("None", True)
    server, prepare = (environment(pod_of(built)[kind][0]) for kind in ("containers", "initContainers"))
    assert server["RABBITMQ_NODENAME"] == prepare["RABBITMQ_NODENAME"] == "rabbit@$(NODE_HOST)"
    assert "ERL_EPMD_ADDRESS" not in server
    assert prepare["PEERS"].split() == [f"rabbit@loja-rabbitmq-{number}.loja-rabbitmq-nodes.caixa" for number in range(count)]
    assert {queue["arguments"]["x-quorum-initial-group-size"] for queue in definitions(built)["queues"]} == {count}
    conf = found(built, "ConfigMap", "loja-rabbitmq")["data"]["rabbitmq.conf"]
    assert f"target_cluster_size_hint = {count}" in conf
    assert "pause_minority" in conf
    assert found(built, "PodDisruptionBudget", "loja-rabbitmq")["spec"]["maxUnavailable"] == 1


def test_only_the_nodes_speak_the_distribution_protocol_with_each_other() -> None:
    """Neither the services nor a single node's pod reach those ports, for who speaks it may run anything."""
    policies = [one for one in BUILT if one["kind"] == "NetworkPolicy"]
    single = [one for one in ONE if one["kind"] == "NetworkPolicy"]
    rabbit = _labels("rabbitmq")
    for port in (4369, 25672):
        assert _allows(policies, "Ingress", rabbit, rabbit, port)
        assert _allows(policies, "Egress", rabbit, rabbit, port)
        assert not _allows(policies, "Ingress", rabbit, _labels("saldo-consumer"), port)
        assert not _allows(single, "Ingress", rabbit, rabbit, port)


def test_a_node_waits_for_the_others_no_longer_than_its_pod_may_live() -> None:
    """Waiting for a majority without it and handing over its leaders fit into the pod's grace, with a minute to stop."""
    spec = pod_of(BUILT)
    assert "await_online_quorum_plus_one -t 60" in spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert spec["terminationGracePeriodSeconds"] == 60 + 30 + 60


@pytest.mark.parametrize(
    ("there", "status", "reason", "says"),
    [
        (live(3, pods={}), "True", "Answering", "all 3 nodes"),
        (live(2, pods={0: True, 1: False, 2: True}), "True", "NodeMissing", "2 of 3 nodes of RabbitMQ answer, loja-rabbitmq-1 not"),
        (live(2, pods={0: True, 1: True}), "True", "NodeMissing", "kubectl describe pod loja-rabbitmq-2"),
        (live(1, pods={0: True}), "False", "NoMajority", "1 of 3 nodes of RabbitMQ answer, loja-rabbitmq-1, loja-rabbitmq-2 not"),
        (live(0, pods={}), "False", "NoMajority", "entries are recorded all the same"),
    ],
)
def test_the_broker_is_ready_with_a_majority_and_the_missing_node_is_named(
    there: dict[Ref, Manifest], status: str, reason: str, says: str
) -> None:
    """Two of three carry the load; one of three does not."""
    made = broker(THREE, there)
    assert (made.status, made.reason) == (status, reason)
    assert says in made.message
    assert incomplete(THREE, there) == (reason != "Answering")
