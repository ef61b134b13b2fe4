"""A service's migrations as a Job that gates its rollout: named for what it runs, so that a new version is a new Job."""

from caixa_operator.images import Images
from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.environment import Environment, database
from caixa_operator.resources.identity import SERVICE_LABEL, child, labels
from caixa_operator.resources.pods import (
    CONTAINER_SECURITY,
    CREDENTIALS_ANNOTATION,
    SERVICE_USER,
    empty_dir,
    pod,
    resource_requirements,
)
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.placement import Placement, resources

_RESOURCES = resources("50m", "128Mi", limit="512Mi")


def job(cashbox: CashBox, images: Images, credentials: Credentials, service: str, placement: Placement) -> Manifest:
    """Build the Job that runs `caixa-<service> migrate` as the user who may alter the schema."""
    component = f"{service}-migration"
    name = f"{cashbox.name}-{component}-{fingerprint(images.services[service], 8)}"
    built = child("batch/v1", "Job", cashbox, component, name)
    built["metadata"]["labels"][SERVICE_LABEL] = service
    built["spec"] = {
        "backoffLimit": 3,  # a migration that fails four times within two minutes will not mend itself: somebody should be told
        "activeDeadlineSeconds": 900,
        "template": {
            "metadata": {
                "labels": labels(cashbox, component),
                "annotations": {CREDENTIALS_ANNOTATION: credentials.hash(*_environment(cashbox, service).used)},
            },
            "spec": _pod(cashbox, images, service, placement),
        },
    }
    return built


def _environment(cashbox: CashBox, service: str) -> Environment:
    return database(cashbox, service, f"{service}_migration")


def _pod(cashbox: CashBox, images: Images, service: str, placement: Placement) -> Manifest:
    volume, mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own, and its only writable folder
    return {
        **pod(SERVICE_USER, placement, None, serviceAccountName=f"{cashbox.name}-{service}", restartPolicy="Never", volumes=[volume]),
        "containers": [
            {
                "name": "migrate",
                "image": images.services[service],
                "imagePullPolicy": images.pull_policy,
                "command": [f"caixa-{service}", "migrate"],
                "env": _environment(cashbox, service).container(cashbox),
                "resources": resource_requirements(_RESOURCES),
                "securityContext": CONTAINER_SECURITY,
                "volumeMounts": [mount],
            }
        ],
    }
