"""The gateway's HTTPRoute, where spec.gateway.expose asks for one."""

import msgspec

from caixa_operator.manifest import Manifest
from caixa_operator.resources.environment import API_PORT
from caixa_operator.resources.identity import child
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.expose import HttpRoute

KIND = "HTTPRoute"
_PLAIN = 80


def http_route(cashbox: CashBox, part: str) -> Manifest | None:
    """Build the HTTPRoute to the Service of `part`, or None where the type is another."""
    expose = cashbox.spec.gateway.expose
    if expose.type != "HTTPRoute" or expose.http_route is None:
        return None
    spec = expose.http_route
    built = child("gateway.networking.k8s.io/v1", KIND, cashbox, part)
    built["spec"] = {
        "hostnames": list(spec.hostnames),
        "parentRefs": [msgspec.to_builtins(parent) for parent in spec.parent_refs],
        "rules": [{"backendRefs": [{"name": f"{cashbox.name}-{part}", "port": API_PORT}]}],
    }
    return built


def url(spec: HttpRoute) -> str | None:
    """Return where a route answers; None where it names only families of hosts.

    Whether TLS is spoken, the Gateway's listener says: it is taken for granted unless the route attaches to port 80.
    """
    hosts = [host for host in spec.hostnames if not host.startswith("*")]
    scheme = "http" if spec.parent_refs[0].port == _PLAIN else "https"
    return f"{scheme}://{hosts[0]}" if hosts else None
