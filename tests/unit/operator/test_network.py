"""NetworkPolicies as a network would read them: what may pass, and that nothing else may."""

from typing import Any

import pytest

from caixa_operator.manifest import Manifest
from caixa_operator.resources.family import processes
from caixa_operator.resources.identity import selector
from caixa_operator.resources.network import COMPONENTS, OPERATOR_LABELS, policies
from tests.unit.operator.boxes import CREDENTIALS, cashbox

BOX = cashbox()
OUTSIDE = {"app": "stranger"}
PORTS = (53, 3306, 5672, 8080, 9000, 15672, 15692)
ALLOWED = {
    ("gateway", "fluxo", 8080),
    ("gateway", "saldo", 8080),
    ("fluxo", "gateway", 8080),
    ("saldo", "gateway", 8080),
    ("fluxo-relay", "rabbitmq", 5672),
    ("saldo-consumer", "rabbitmq", 5672),
    *((source, "mysql", 3306) for source in ("gateway", "fluxo", "fluxo-relay", "saldo", "saldo-consumer", "reconciliation")),
    *((f"{service}-migration", "mysql", 3306) for service in ("fluxo", "saldo", "gateway")),
}


def _selects(chosen: dict[str, Any], labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in chosen.get("matchLabels", {}).items())


def _labels(component: str) -> dict[str, str]:
    return selector(BOX, component)


def _matches(peer: Manifest, labels: dict[str, str], namespace: str) -> bool:
    where = peer.get("namespaceSelector")
    home = namespace == BOX.namespace if where is None else _selects(where, {"kubernetes.io/metadata.name": namespace})
    return home and _selects(peer.get("podSelector", {}), labels)


def _allows(
    built: list[Manifest], direction: str, labels: dict[str, str], other: dict[str, str], port: int, *, namespace: str = "caixa"
) -> bool:
    """Evaluate policies as Kubernetes defines them: what no policy selects is free, else one rule of one policy must allow it."""
    chosen = [one["spec"] for one in built if _selects(one["spec"]["podSelector"], labels)]
    key, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    return not chosen or any(
        any(allowed["port"] == port for allowed in rule["ports"])
        and (peers not in rule or any(_matches(peer, other, namespace) for peer in rule[peers]))
        for spec in chosen
        for rule in spec.get(key, [])
    )


def test_only_the_arrows_of_the_picture_pass_between_components() -> None:
    """For every pair of components and every port: a connection opens exactly where the architecture has an arrow."""
    built = policies(BOX, CREDENTIALS, operator_namespace="caixa-system")
    for source in COMPONENTS:
        for target in COMPONENTS:
            for port in PORTS:
                out = _allows(built, "Egress", _labels(source), _labels(target), port)
                into = _allows(built, "Ingress", _labels(target), _labels(source), port)
                assert (out and into) == ((source, target, port) in ALLOWED), (source, target, port)


def test_every_process_is_confined() -> None:
    """No process was added without its policy, and a pod of the CashBox that none names may not even be reached."""
    assert {process.component for process in processes(BOX)} <= set(COMPONENTS)
    built = policies(BOX, CREDENTIALS, operator_namespace="caixa-system")
    new = _labels("something-new")
    assert not any(_allows(built, "Ingress", new, _labels("gateway"), port) for port in PORTS)
    assert _allows(built, "Egress", new, OUTSIDE, 53), "names can be asked for"
    assert not _allows(built, "Egress", new, OUTSIDE, 8080)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_stranger_reaches_the_gateway_and_nothing_else(component: str) -> None:
    """Neither from another namespace nor from the CashBox's own."""
    built = policies(BOX, CREDENTIALS, operator_namespace="caixa-system")
    for namespace in ("elsewhere", "caixa"):
        reached = {port for port in PORTS if _allows(built, "Ingress", _labels(component), OUTSIDE, port, namespace=namespace)}
        assert reached == ({8080} if component == "gateway" else set())


def test_the_operator_reads_the_broker_s_figures_from_its_own_namespace_only() -> None:
    """Its labels alone open nothing: anybody may put them on a pod."""
    built = policies(BOX, CREDENTIALS, operator_namespace="caixa-system")
    rabbit = _labels("rabbitmq")
    assert _allows(built, "Ingress", rabbit, OPERATOR_LABELS, 15672, namespace="caixa-system")
    assert not _allows(built, "Ingress", rabbit, OPERATOR_LABELS, 15672, namespace="elsewhere")
    assert not _allows(built, "Ingress", rabbit, OPERATOR_LABELS, 5672, namespace="caixa-system")
    assert _allows(policies(BOX, CREDENTIALS, operator_namespace=""), "Ingress", rabbit, OPERATOR_LABELS, 15672, namespace="anywhere")


def test_callers_readers_of_metrics_and_collectors_can_be_named() -> None:
    """Naming callers closes the door to others but not to the services; readers of metrics and collectors are let through."""
    ingress = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    collector = {"ports": [{"port": 4317}]}
    box = cashbox(networkPolicy={"gatewayFrom": [ingress], "metricsFrom": [prometheus], "extraEgress": [collector]})
    built = policies(box, CREDENTIALS, operator_namespace="caixa-system")
    gateway, fluxo = _labels("gateway"), _labels("fluxo")
    assert _allows(built, "Ingress", gateway, OUTSIDE, 8080, namespace="ingress")
    assert not _allows(built, "Ingress", gateway, OUTSIDE, 8080, namespace="elsewhere")
    assert _allows(built, "Ingress", gateway, fluxo, 8080)
    assert _allows(built, "Ingress", fluxo, OUTSIDE, 9000, namespace="monitoring")
    assert not _allows(built, "Ingress", fluxo, OUTSIDE, 9000, namespace="elsewhere")
    assert _allows(built, "Egress", fluxo, OUTSIDE, 4317)
    assert not _allows(built, "Egress", _labels("mysql"), OUTSIDE, 4317)


def test_copies_and_what_follows_a_restore_reach_the_database_only() -> None:
    """Their Jobs have an arrow while they are wanted, and no other."""
    box = cashbox(mysql={"backup": {}, "restoreFrom": {"claimName": "old-backup"}})
    built = policies(box, CREDENTIALS, operator_namespace="caixa-system")
    for job in ("backup", "reemission"):
        reached = {
            (target, port)
            for target in (*COMPONENTS, "backup", "reemission")
            for port in PORTS
            if _allows(built, "Egress", _labels(job), _labels(target), port)
            and _allows(built, "Ingress", _labels(target), _labels(job), port)
        }
        assert reached == {("mysql", 3306)}


def test_without_policies_there_are_none() -> None:
    """A cluster with rules of its own can switch them off."""
    assert policies(cashbox(networkPolicy={"enabled": False}), CREDENTIALS, operator_namespace="") == []
