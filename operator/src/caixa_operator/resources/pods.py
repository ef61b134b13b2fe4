"""What all pods share: the restricted Pod Security profile, placement, probes."""

import msgspec

from caixa_operator.manifest import Manifest
from caixa_operator.spec.placement import Placement, Resources

SERVICE_USER = 10001
STORE_USER = 999
MANAGEMENT_PORT = 9000
CREDENTIALS_ANNOTATION = "caixa.dev/credentials"
"""On pods: digits that change when one of the generated values that they read does."""
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")

CONTAINER_SECURITY: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(user: int, placement: Placement, selector: dict[str, str] | None, **more: object) -> Manifest:
    """Begin a pod's spec: not root, no API token, spread over zones and nodes unless its placement says otherwise.

    Without a `selector` it is a Job's: alone, so that there is nothing to spread.
    """
    spec: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **more,
    }
    if placement.node_selector:
        spec["nodeSelector"] = placement.node_selector
    if placement.tolerations:
        spec["tolerations"] = msgspec.to_builtins(placement.tolerations)
    if placement.affinity:
        spec["affinity"] = placement.affinity
    elif selector is not None:
        spec["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector},
            }
            for key in SPREAD_OVER
        ]
    return spec


def resource_requirements(resources: Resources) -> Manifest:
    """Write resources as a container has them; quantities are always text."""
    amounts: dict[str, dict[str, int | str]] = msgspec.to_builtins(resources)
    return {kind: {name: str(amount) for name, amount in of.items()} for kind, of in amounts.items() if of}


def empty_dir(name: str, path: str) -> tuple[Manifest, Manifest]:
    """Make a writable folder: the volume and its mount."""
    return {"name": name, "emptyDir": {}}, {"name": name, "mountPath": path}


def http_probe(path: str, *, period: int, failures: int, timeout: int = 5) -> Manifest:
    """Probe the management port."""
    return {
        "httpGet": {"path": path, "port": "management"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": timeout,
    }
