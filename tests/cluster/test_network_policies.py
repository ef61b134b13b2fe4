"""What may reach what, tried pod by pod and port by port on a node that enforces: the arrows of the architecture, and nothing else."""

import contextlib
import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.connections import Found, Place, tried
from tests.cluster.installation import NAMESPACE, Installation
from tests.demo.demo_install import OPERATOR_NAMESPACE
from tests.kubernetes.components import API_SERVICE
from tests.kubernetes.network import ADDRESS
from tests.kubernetes.pause_image import IMAGE
from tests.kubernetes.waiting import TimedOut, until

PORTS = {
    "gateway": (8080, 9000),
    "fluxo": (8080, 9000),
    "fluxo-relay": (9000,),
    "saldo": (8080, 9000),
    "saldo-consumer": (9000,),
    "mysql": (3306,),
    "rabbitmq": (5672, 15672, 15692),
    "api-server": (443,),
    "outside": (0,),
}
"""By target, every port at which somebody listens. `outside` is a listener beyond the cluster, at a port of its own."""
PROCESSES = ("gateway", "fluxo", "fluxo-relay", "saldo", "saldo-consumer")
JOBS = ("fluxo-migration", "saldo-migration", "gateway-migration", "reconciliation")
"""Pods that live for seconds: pods that do nothing stand for them, with their labels."""
STRANGERS = ("stranger", "impostor", "neighbour")
"""In a namespace of its own; there with fluxo's labels; and in the CashBox's namespace, with the operator's labels."""
SOURCES = (*PROCESSES, "mysql", "rabbitmq", *JOBS, *STRANGERS, "operator")
ALLOWED = {
    ("gateway", "fluxo", 8080),
    ("gateway", "saldo", 8080),
    ("fluxo", "gateway", 8080),  # the keys of tokens
    ("saldo", "gateway", 8080),
    ("fluxo-relay", "rabbitmq", 5672),
    ("saldo-consumer", "rabbitmq", 5672),
    ("operator", "rabbitmq", 15672),
    *((source, "mysql", 3306) for source in (*PROCESSES, *JOBS)),
    # The gateway is for everybody, and those whom no policy confines may go where nobody's policy keeps them out.
    *((source, "gateway", 8080) for source in (*STRANGERS, "operator")),
    *itertools.product((*STRANGERS, "operator"), ("outside",), (0,)),
    *itertools.product((*STRANGERS, "operator"), ("api-server",), (443,)),
}


@dataclass(frozen=True)
class Scene:
    """A pod for every source, and where every target is."""

    platform: Installation
    sources: dict[str, dict[str, Any]]  # Any: Kubernetes objects are free-form JSON
    places: dict[tuple[str, int], Place]

    def found(self, source: str) -> dict[tuple[str, int], Found]:
        """Try every target from one source."""
        answers = tried(self.sources[source], list(self.places.values()))
        return {target: answers[place] for target, place in self.places.items()}


@pytest.fixture(scope="module")
def scene(platform: Installation) -> Iterator[Scene]:
    """Put strangers and stand-ins into the cluster, and a listener beside it."""
    platform.ready()
    kubectl = platform.kubectl
    kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}}])
    ours = {"app.kubernetes.io/name": "caixa", "app.kubernetes.io/instance": platform.name, "caixa.dev/cashbox": platform.name}
    labels = {
        "stranger": {"app": "stranger"},
        "impostor": platform.pods("fluxo")[0]["metadata"]["labels"],
        "neighbour": {"app.kubernetes.io/name": "caixa-operator"},
        **{job: {**ours, "app.kubernetes.io/component": job} for job in JOBS},
    }
    where = {name: "elsewhere" if name in ("stranger", "impostor") else NAMESPACE for name in labels}
    kubectl.apply([idle(name, where[name], found) for name, found in labels.items()])
    for name in labels:
        kubectl("wait", f"pod/idle-{name}", f"--namespace={where[name]}", "--for=condition=Ready", "--timeout=60s")
    sources = {name: kubectl.get("pod", f"idle-{name}", f"--namespace={where[name]}") for name in labels}
    sources |= {component: platform.pods(component)[0] for component in (*PROCESSES, "mysql", "rabbitmq")}
    sources["operator"] = kubectl.items("pods", f"--namespace={OPERATOR_NAMESPACE}", "--selector=app.kubernetes.io/name=caixa-operator")[0]
    with listener() as outside:
        hosts = {name: pod["status"]["podIP"] for name, pod in sources.items()} | {"api-server": API_SERVICE}
        places = {(target, port): Place(hosts[target], port) for target, ports in PORTS.items() if target != "outside" for port in ports}
        yield Scene(platform, sources, {**places, ("outside", 0): outside})
    for name in labels:
        kubectl("delete", "pod", f"idle-{name}", f"--namespace={where[name]}", "--grace-period=0", "--force")
    kubectl("delete", "namespace", "elsewhere", "--wait=false")


@pytest.mark.parametrize("source", SOURCES)
def test_every_arrow_passes_and_nothing_else(scene: Scene, source: str) -> None:
    """From this pod each target's every port is tried: open where the architecture has an arrow, else refused by a policy."""
    wanted = {(target, port): "open" if (source, target, port) in ALLOWED else "forbidden" for target, port in scene.places}
    wanted = {place: "open" if place[0] == source else answer for place, answer in wanted.items()}  # a pod may reach itself
    with contextlib.suppress(TimedOut):  # a pod is confined a moment after it runs; the comparison says more than a time-out
        until(f"{source} reaches what it may, and nothing else", lambda: scene.found(source) == wanted, seconds=10, pause=0.5)
    found = scene.found(source)
    assert {place: found[place] for place in wanted if found[place] != wanted[place]} == {}


def test_services_lead_to_their_pods_only_for_those_who_may_go_there(scene: Scene) -> None:
    """A Service's address is no way around: MySQL by its name is open to fluxo and closed to a stranger."""
    service = scene.platform.kubectl.get("service", f"{scene.platform.name}-mysql")
    mysql = Place(service["spec"]["clusterIP"], 3306)
    assert tried(scene.sources["fluxo"], [mysql]) == {mysql: "open"}
    assert tried(scene.sources["stranger"], [mysql]) == {mysql: "forbidden"}


def test_probes_pass(scene: Scene) -> None:
    """The kubelet reaches every pod while all of them are confined: all are ready."""
    pods = [pod for component in (*PROCESSES, "mysql", "rabbitmq") for pod in scene.platform.pods(component)]
    states = {pod["metadata"]["name"]: {one["type"]: one["status"] for one in pod["status"]["conditions"]} for pod in pods}
    assert {name for name, state in states.items() if state["Ready"] != "True"} == set()


def test_policies_can_be_switched_off_and_on(scene: Scene) -> None:
    """It is they that refuse: without them a stranger reaches the database, and with them again no longer."""
    mysql = scene.places["mysql", 3306]

    def stranger() -> Found:
        return tried(scene.sources["stranger"], [mysql])[mysql]

    scene.platform.patch({"networkPolicy": {"enabled": False}})
    until("the policies are gone", lambda: stranger() == "open", seconds=30, pause=0.5)
    scene.platform.patch({"networkPolicy": {"enabled": True}})
    until("the policies are back", lambda: stranger() == "forbidden", seconds=30, pause=0.5)


def idle(name: str, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a pod that does nothing."""
    container = {"name": "pause", "image": IMAGE, "imagePullPolicy": "Never"}
    spec = {"containers": [container], "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"idle-{name}", "namespace": namespace, "labels": labels}, "spec": spec}


@contextmanager
def listener() -> Iterator[Place]:
    """Listen beyond the cluster, on the node."""
    with socket.create_server((ADDRESS, 0)) as server:
        yield Place(*server.getsockname())
