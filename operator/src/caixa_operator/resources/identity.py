"""How children are named, labelled and owned."""

from caixa_operator.manifest import Manifest
from caixa_operator.spec.cashbox import API_VERSION, GROUP, KIND, CashBox

MANAGED_BY = "caixa-operator"
OWNER_LABEL = f"{GROUP}/cashbox"
COMPONENT_LABEL = "app.kubernetes.io/component"
SERVICE_LABEL = f"{GROUP}/service"
"""On Deployments and migration Jobs: the service (fluxo, saldo, gateway) whose migrations gate them."""


def selector(cashbox: CashBox, part: str) -> dict[str, str]:
    """Return the labels that select a component's pods; they can never change."""
    return {OWNER_LABEL: cashbox.name, COMPONENT_LABEL: part}


def owned(name: str) -> str:
    """Write the label selector that finds a CashBox's children."""
    return f"{OWNER_LABEL}={name},app.kubernetes.io/managed-by={MANAGED_BY}"


def component(manifest: Manifest) -> str:
    """Return which part of the platform a child belongs to."""
    found: str = manifest["metadata"]["labels"][COMPONENT_LABEL]
    return found


def labels(cashbox: CashBox, part: str) -> dict[str, str]:
    """Return every child's labels."""
    return {
        **selector(cashbox, part),
        "app.kubernetes.io/name": "caixa",
        "app.kubernetes.io/instance": cashbox.name,
        "app.kubernetes.io/part-of": "caixa",
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }


def child(api_version: str, kind: str, cashbox: CashBox, part: str, name: str | None = None) -> Manifest:
    """Begin a child that goes when its CashBox goes."""
    manifest = kept(api_version, kind, cashbox, part, name)
    manifest["metadata"]["ownerReferences"] = [
        {"apiVersion": API_VERSION, "kind": KIND, "name": cashbox.name, "uid": cashbox.uid, "controller": True, "blockOwnerDeletion": True}
    ]
    return manifest


def kept(api_version: str, kind: str, cashbox: CashBox, part: str, name: str | None = None) -> Manifest:
    """Begin a child that outlives its CashBox, such as a generated Secret: without an owner, the garbage collector leaves it."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name or f"{cashbox.name}-{part}",
            "namespace": cashbox.namespace,
            "labels": labels(cashbox, part),
        },
    }
