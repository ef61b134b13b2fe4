"""CashBoxes, their children and what a cluster would say of them, for the operator's unit tests."""

from datetime import UTC, datetime
from typing import Any

from caixa_operator.images import Images, resolved
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.compare import stamped
from caixa_operator.resources.credentials import GENERATED, Credentials
from caixa_operator.resources.family import children
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import CashBox

IMAGES_OF = Settings(images_registry="registry.example/caixa", images_version="1.2.3")
NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
CREDENTIALS = Credentials(
    {
        secret: {key: generate() if key.endswith("_user") else f"{secret}-{key}" for key, generate in keys.items()}
        for secret, keys in GENERATED.items()
    }
)


def cashbox(name: str = "loja", /, **spec: Any) -> CashBox:  # Any: a spec is free-form JSON
    """Return a CashBox as the API server would give it."""
    return CashBox.from_object({"metadata": {"name": name, "namespace": "caixa", "uid": "u-1", "generation": 3}, "spec": spec})


def images(box: CashBox) -> Images:
    """Return the images of a CashBox."""
    return resolved(box.spec, IMAGES_OF)


def family(box: CashBox) -> list[Manifest]:
    """Return every child."""
    return children(box, images(box), CREDENTIALS, operator_namespace="caixa-system")


def found(built: list[Manifest], kind: str, name: str) -> Manifest:
    """Return one child by kind and name."""
    return next(one for one in built if ref(one) == Ref(kind, name))


def applied(built: list[Manifest]) -> dict[Ref, Manifest]:
    """Return children as a cluster has them in which all were applied and all went well."""
    return {ref(one): well(stamped(one)) for one in built}


def well(manifest: Manifest) -> Manifest:
    """Give an object the status that its controller gives it when all is well."""
    pods = manifest.get("spec", {}).get("replicas", 1)
    counts = {"replicas": pods, "updatedReplicas": pods, "readyReplicas": pods, "availableReplicas": pods, "observedGeneration": 1}
    status: Manifest = {"Job": ended("Complete"), "StatefulSet": counts, "Deployment": counts}.get(manifest["kind"], {})
    return {**manifest, "metadata": {**manifest["metadata"], "generation": 1}, "status": status}


def ended(kind: str, *, at: str = "2026-01-01T00:00:00Z", reason: str = "", message: str = "") -> Manifest:
    """Return the status of a Job that has ended."""
    return {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": at, "reason": reason, "message": message}]}
