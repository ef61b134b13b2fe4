"""The gateway's Ingress, where spec.gateway.expose asks for one."""

from caixa_operator.manifest import Manifest
from caixa_operator.resources.identity import child
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.expose import Ingress

KIND = "Ingress"


def ingress(cashbox: CashBox, part: str) -> Manifest | None:
    """Build the Ingress before the Service of `part`, or None where the type is another."""
    expose = cashbox.spec.gateway.expose
    if expose.type != "Ingress" or expose.ingress is None:
        return None
    spec = expose.ingress
    built = child("networking.k8s.io/v1", KIND, cashbox, part)
    if spec.annotations:
        built["metadata"]["annotations"] = dict(spec.annotations)
    backend = {"service": {"name": f"{cashbox.name}-{part}", "port": {"name": "http"}}}
    built["spec"] = {"rules": [{"host": spec.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}
    if spec.class_name is not None:
        built["spec"]["ingressClassName"] = spec.class_name
    if spec.tls_secret is not None:
        built["spec"]["tls"] = [{"hosts": [spec.host], "secretName": spec.tls_secret}]
    return built


def url(spec: Ingress) -> str:
    """Return where an Ingress answers."""
    return f"{'http' if spec.tls_secret is None else 'https'}://{spec.host}"
