"""How the gateway is reached and whose tokens it takes, against a real API server with the operator's own rights."""

from collections.abc import Iterator

import pytest

from tests.control_plane import gateway_api
from tests.control_plane.cluster import CHILDREN, Cluster
from tests.control_plane.recorded import Recorded
from tests.control_plane.test_reconcile import condition, served
from tests.kubernetes.kubectl import Kubectl

INGRESS = {
    "host": "caixa.example",
    "className": "nginx",
    "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "2m"},
    "tlsSecret": "loja-tls",
}
ROUTE = {
    "hostnames": ["caixa.example"],
    "parentRefs": [{"name": "public", "namespace": "infra", "sectionName": "a"}, {"name": "public", "sectionName": "b"}],
}
OIDC = {"type": "OIDC", "oidc": {"issuer": "https://login.example/realms/loja", "scopePrefix": "caixa/"}}


@pytest.fixture
def without(kubectl: Kubectl) -> Iterator[Kubectl]:
    """Give a cluster without the Gateway API, and leave it so."""
    yield kubectl
    kubectl("delete", "customresourcedefinition", gateway_api.NAME, "--ignore-not-found")


async def test_an_ingress_stands_before_the_gateway_until_the_type_changes(api: Recorded, cluster: Cluster) -> None:
    """It is as the spec says, told in the status, repaired, kept without a write, and pruned; others' annotations stay."""
    kept = await served(api, cluster, gateway={"expose": {"type": "Ingress", "ingress": INGRESS}})
    made = cluster.get("ingress", "loja-gateway")
    assert made["spec"]["ingressClassName"] == "nginx"
    assert made["spec"]["tls"] == [{"hosts": ["caixa.example"], "secretName": "loja-tls"}]
    assert made["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"] == {"name": "loja-gateway", "port": {"name": "http"}}
    assert made["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "2m"
    assert cluster.get("cashbox", "loja")["status"]["endpoints"]["url"] == "https://caixa.example"
    assert cluster.get("service", "loja-gateway")["spec"]["type"] == "ClusterIP"
    cluster.edit("ingress", "loja-gateway", {"spec": {"tls": None}, "metadata": {"annotations": {"note": "mine"}}})
    await kept.full()
    repaired = cluster.get("ingress", "loja-gateway")
    assert repaired["spec"] == made["spec"]
    assert repaired["metadata"]["annotations"]["note"] == "mine"
    api.forget()
    await kept.full()
    assert api.writes == []
    before = cluster.names(*CHILDREN)
    cluster.cashbox(gateway={"expose": {"type": "NodePort"}})
    await kept.full()
    assert before - cluster.names(*CHILDREN) == {"ingress/loja-gateway"}
    assert "url" not in cluster.get("cashbox", "loja")["status"]["endpoints"]


async def test_a_route_needs_the_gateway_api_and_says_so(api: Recorded, cluster: Cluster, without: Kubectl) -> None:
    """Without the definition all else is reconciled and the condition says what to install; with it the route is made, kept and pruned."""
    kept = await served(api, cluster, gateway={"expose": {"type": "HTTPRoute", "httpRoute": ROUTE}})
    degraded = condition(cluster, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "Refused")
    assert "HTTPRoute loja-gateway was refused" in degraded["message"]
    assert "install the Gateway API" in degraded["message"]
    assert condition(cluster, "Ready")["status"] == "True", "within the cluster it serves all the same"
    assert "url" not in cluster.get("cashbox", "loja")["status"]["endpoints"]
    without("apply", "--server-side", f"--filename={gateway_api.definition()}")
    without("wait", "--for=condition=Established", "--timeout=60s", f"customresourcedefinition/{gateway_api.NAME}")
    await kept.full()
    made = cluster.get("httproute", "loja-gateway")["spec"]
    assert made["hostnames"] == ["caixa.example"]
    assert [one["sectionName"] for one in made["parentRefs"]] == ["a", "b"]
    assert [(one["name"], one["port"]) for one in made["rules"][0]["backendRefs"]] == [("loja-gateway", 8080)]
    assert condition(cluster, "Degraded")["status"] == "False"
    assert cluster.get("cashbox", "loja")["status"]["endpoints"]["url"] == "https://caixa.example"
    api.forget()
    await kept.full()
    assert api.writes == []
    cluster.cashbox(gateway={"expose": {"type": "ClusterIP"}})
    await kept.full()
    assert cluster.names("httproutes") == set()


def answer(parent: dict[str, object], status: str, reason: str, generation: int) -> dict[str, object]:
    """Return what a Gateway's controller says of one parent of the route."""
    stamp = "2026-01-01T00:00:00Z"
    said = {"type": "Accepted", "status": status, "reason": reason, "message": "x", "lastTransitionTime": stamp}
    return {"parentRef": parent, "controllerName": "example.com/gateways", "conditions": [{**said, "observedGeneration": generation}]}


async def test_what_gateways_say_of_the_route_is_a_condition(api: Recorded, cluster: Cluster, without: Kubectl) -> None:
    """Unknown until each has answered; one that refuses degrades, is named with what to do, and is an event; accepted, nothing is wrong."""
    without("apply", "--server-side", f"--filename={gateway_api.definition()}")
    without("wait", "--for=condition=Established", "--timeout=60s", f"customresourcedefinition/{gateway_api.NAME}")
    kept = await served(api, cluster, gateway={"expose": {"type": "HTTPRoute", "httpRoute": ROUTE}})
    silent = condition(cluster, "RouteAccepted")
    assert (silent["status"], silent["reason"]) == ("Unknown", "NoAnswer")
    assert condition(cluster, "Degraded")["status"] == "False"
    made = cluster.get("httproute", "loja-gateway")
    first, second = made["spec"]["parentRefs"]
    generation = made["metadata"]["generation"]
    refused = answer(second, "False", "NotAllowedByListeners", generation)
    cluster.status("httproute", "loja-gateway", {"parents": [answer(first, "True", "Accepted", generation), refused]})
    await kept.full()
    told = condition(cluster, "RouteAccepted")
    assert (told["status"], told["reason"]) == ("False", "NotAccepted")
    assert f"Gateway {cluster.namespace}/public (listener b): Accepted is False, NotAllowedByListeners (x)" in told["message"]
    assert "allowedRoutes" in told["message"]
    assert condition(cluster, "Degraded")["status"] == "True"
    assert cluster.get("cashbox", "loja")["status"]["summary"].startswith("HTTPRoute loja-gateway is not served by Gateway")
    assert any(one["reason"] == "NotAccepted" and one["type"] == "Warning" for one in cluster.get("events")["items"])
    taken = [answer(parent, "True", "Accepted", generation) for parent in (first, second)]
    cluster.status("httproute", "loja-gateway", {"parents": taken})
    await kept.full()
    assert condition(cluster, "RouteAccepted")["status"] == "True"
    assert condition(cluster, "Degraded")["status"] == "False"
    api.forget()
    await kept.full()
    assert api.writes == []
    cluster.cashbox(gateway={"expose": {"type": "ClusterIP"}})
    await kept.full()
    assert all(one["type"] != "RouteAccepted" for one in cluster.get("cashbox", "loja")["status"]["conditions"])


async def test_before_an_external_issuer_the_gateway_needs_neither_key_nor_database(api: Recorded, cluster: Cluster) -> None:
    """Neither its Secrets nor its migration are made, all three services are told of the issuer, and it serves without a further write."""
    kept = await served(api, cluster, gateway={"identity": OIDC})
    assert condition(cluster, "Ready")["status"] == "True"
    assert cluster.names("secrets") == {
        f"secret/loja-{name}" for name in ("mysql-users", "rabbitmq-users", "mysql-init", "rabbitmq-definitions")
    }
    assert {name.rpartition("-")[0] for name in cluster.names("jobs")} == {"job/loja-fluxo-migration", "job/loja-saldo-migration"}
    for part in ("gateway", "fluxo", "saldo"):
        env = cluster.get("deployment", f"loja-{part}")["spec"]["template"]["spec"]["containers"][0]["env"]
        assert {"name": "CAIXA_TOKEN_ISSUER", "value": "https://login.example/realms/loja"} in env
    assert "adminSecret" not in cluster.get("cashbox", "loja")["status"]["endpoints"]
    api.forget()
    await kept.full()
    assert api.writes == []


async def test_a_change_of_issuer_keeps_the_gateway_s_own_secrets(api: Recorded, cluster: Cluster) -> None:
    """Its migration, policy and variables go, the key and the administrator stay for the way back, and back it waits for its schema."""
    kept = await served(api, cluster)
    own = {"secret/loja-admin", "secret/loja-signing-key"}
    cluster.cashbox(gateway={"identity": OIDC})
    await kept.full()
    assert cluster.names("secrets") >= own
    assert not [name for name in cluster.names("jobs", "networkpolicies") if "gateway-migration" in name]
    there = cluster.get("deployment", "loja-gateway")["spec"]["template"]["spec"]
    assert [one["name"] for one in there["volumes"]] == ["tmp"]
    cluster.cashbox(gateway={"identity": {"type": "BuiltIn"}})
    await kept.full()
    assert [one["name"] for one in cluster.get("deployment", "loja-gateway")["spec"]["template"]["spec"]["volumes"]] == ["tmp"]
    cluster.migrations_complete()
    await kept.full()
    volumes = cluster.get("deployment", "loja-gateway")["spec"]["template"]["spec"]["volumes"]
    assert {one["name"] for one in volumes} == {"tmp", "signing-key"}
