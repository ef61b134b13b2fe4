"""What stands before the gateway: its Service's type, an Ingress, an HTTPRoute."""

from typing import Any

import pytest

from caixa_operator.manifest import Manifest
from caixa_operator.reconcile.compare import stamped, unchanged
from caixa_operator.reconcile.report import endpoints
from tests.unit.operator.boxes import applied, cashbox, family, found

PARENTS = [{"name": "public", "namespace": "infra", "sectionName": "https"}]


def exposed(kind: str, **rest: object) -> list[Manifest]:
    """Return the children of a CashBox whose gateway is exposed so."""
    return family(cashbox(gateway={"expose": {"type": kind, **rest}}))


def url(kind: str, **rest: object) -> str | None:
    """Return the URL that the status of such a CashBox tells once all was applied."""
    box = cashbox(gateway={"expose": {"type": kind, **rest}})
    return endpoints(box, applied(family(box))).url


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_a_service_s_type_needs_nothing_before_it(kind: str) -> None:
    """Neither an Ingress nor an HTTPRoute is made, and no URL is told."""
    built = exposed(kind)
    assert found(built, "Service", "loja-gateway")["spec"]["type"] == kind
    assert {"Ingress", "HTTPRoute"}.isdisjoint(one["kind"] for one in built)
    assert url(kind) is None


def test_an_ingress_carries_only_what_was_written() -> None:
    """A host alone gives no class, no annotation and no TLS: the controller's defaults hold, and no controller's annotation is made up."""
    built = found(exposed("Ingress", ingress={"host": "caixa.example"}), "Ingress", "loja-gateway")
    backend = {"service": {"name": "loja-gateway", "port": {"name": "http"}}}
    assert built["spec"] == {
        "rules": [{"host": "caixa.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    }
    assert "annotations" not in built["metadata"]
    assert url("Ingress", ingress={"host": "caixa.example"}) == "http://caixa.example"


def test_an_ingress_s_class_annotations_and_certificate_are_as_written() -> None:
    """The certificate is for the host, and makes the URL https."""
    written = {"host": "caixa.example", "className": "nginx", "annotations": {"a.example/b": "c"}, "tlsSecret": "loja-tls"}
    built = found(exposed("Ingress", ingress=written), "Ingress", "loja-gateway")
    assert built["spec"]["ingressClassName"] == "nginx"
    assert built["spec"]["tls"] == [{"hosts": ["caixa.example"], "secretName": "loja-tls"}]
    assert built["metadata"]["annotations"] == {"a.example/b": "c"}
    assert url("Ingress", ingress=written) == "https://caixa.example"


def test_a_route_leads_from_its_gateways_to_the_gateway_s_service() -> None:
    """Hostnames and parents are as written; the Service stays within the cluster."""
    built = exposed("HTTPRoute", httpRoute={"hostnames": ["caixa.example"], "parentRefs": PARENTS})
    assert found(built, "HTTPRoute", "loja-gateway")["spec"] == {
        "hostnames": ["caixa.example"],
        "parentRefs": PARENTS,
        "rules": [{"backendRefs": [{"name": "loja-gateway", "port": 8080}]}],
    }
    assert found(built, "Service", "loja-gateway")["spec"]["type"] == "ClusterIP"


@pytest.mark.parametrize(
    ("hostnames", "parents", "told"),
    [
        (["caixa.example"], PARENTS, "https://caixa.example"),
        (["*.example", "b.example"], PARENTS, "https://b.example"),
        (["caixa.example"], [{"name": "public", "port": 80}], "http://caixa.example"),
        (["*.example"], PARENTS, None),
    ],
)
def test_a_route_s_url_is_its_first_host(hostnames: list[str], parents: list[dict[str, Any]], told: str | None) -> None:
    """A family of hosts is no address, and only port 80 is taken for plain HTTP: TLS is the Gateway's."""
    assert url("HTTPRoute", httpRoute={"hostnames": hostnames, "parentRefs": parents}) == told


def test_no_url_is_told_before_the_way_is_there() -> None:
    """An HTTPRoute that the cluster refused leads nowhere."""
    box = cashbox(gateway={"expose": {"type": "HTTPRoute", "httpRoute": {"hostnames": ["a.example"], "parentRefs": PARENTS}}})
    assert endpoints(box, {}).url is None


def test_a_gateway_that_is_named_twice_is_no_change() -> None:
    """Two listeners of one Gateway have its name both: they are compared by place, and a swap is a change."""
    parents = [{"name": "public", "sectionName": "a"}, {"name": "public", "sectionName": "b"}]
    route = {"hostnames": ["a.example"], "parentRefs": parents}
    wanted = stamped(found(exposed("HTTPRoute", httpRoute=route), "HTTPRoute", "loja-gateway"))
    defaulted = [{**one, "group": "gateway.networking.k8s.io", "kind": "Gateway"} for one in parents]
    assert unchanged(wanted, {**wanted, "spec": {**wanted["spec"], "parentRefs": defaulted}})
    assert not unchanged(wanted, {**wanted, "spec": {**wanted["spec"], "parentRefs": defaulted[::-1]}})
