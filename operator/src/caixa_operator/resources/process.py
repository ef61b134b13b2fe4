"""A service's process as a Deployment, with its ServiceAccount and, where it serves an API, its Service."""

from typing import Literal

import msgspec

from caixa_operator.images import Images
from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.environment import API_PORT, Environment, exporting, serving
from caixa_operator.resources.identity import SERVICE_LABEL, child, labels, selector
from caixa_operator.resources.pods import (
    CONTAINER_SECURITY,
    CREDENTIALS_ANNOTATION,
    MANAGEMENT_PORT,
    SERVICE_USER,
    empty_dir,
    http_probe,
    pod,
    resource_requirements,
)
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.placement import Placement, Resources


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One of the platform's processes: `caixa-<service> <command>`."""

    component: str
    service: Literal["fluxo", "saldo", "gateway"]
    command: str
    environment: Environment
    placement: Placement
    resources: Resources
    replicas: int | None
    """None leaves the number to an autoscaler."""
    least: int = 0
    """How few an autoscaler may leave."""
    serves: bool
    """Whether it has an API port."""
    volumes: tuple[tuple[Manifest, Manifest], ...] = ()
    """Volumes beside /tmp, each with its mount."""
    files: tuple[tuple[str, str], ...] = ()
    """Generated values that it reads as files."""


def service_account(cashbox: CashBox, component: str) -> Manifest:
    """Build an identity without a token: no process of the platform calls the Kubernetes API."""
    return {**child("v1", "ServiceAccount", cashbox, component), "automountServiceAccountToken": False}


def service(cashbox: CashBox, component: str) -> Manifest:
    """Build the Service of an API, for its neighbours."""
    built = child("v1", "Service", cashbox, component)
    ports = [{"name": "http", "port": API_PORT, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}]
    return {**built, "spec": {"type": "ClusterIP", "selector": selector(cashbox, component), "ports": ports}}


def deployment(cashbox: CashBox, images: Images, credentials: Credentials, process: Process) -> Manifest:
    """Build a process's Deployment; new pods must answer before old ones go."""
    built = child("apps/v1", "Deployment", cashbox, process.component)
    built["metadata"]["labels"][SERVICE_LABEL] = process.service
    chosen = selector(cashbox, process.component)
    used = (*process.environment.used, *process.files)
    built["spec"] = {
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 300,
        "selector": {"matchLabels": chosen},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {
                "labels": labels(cashbox, process.component),
                "annotations": {CREDENTIALS_ANNOTATION: credentials.hash(*used)},
            },
            "spec": _pod(cashbox, images, process, chosen),
        },
    }
    if process.replicas is not None:
        built["spec"]["replicas"] = process.replicas
    return built


def _pod(cashbox: CashBox, images: Images, process: Process, chosen: dict[str, str]) -> Manifest:
    tmp = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own, and its only writable folder
    volumes = (tmp, *process.volumes)
    account = f"{cashbox.name}-{process.component}"
    spec = pod(SERVICE_USER, process.placement, chosen, serviceAccountName=account, terminationGracePeriodSeconds=45)
    return {
        **spec,
        "containers": [_container(cashbox, images, process, [mount for _, mount in volumes])],
        "volumes": [volume for volume, _ in volumes],
    }


def _container(cashbox: CashBox, images: Images, process: Process, mounts: list[Manifest]) -> Manifest:
    container: Manifest = {
        "name": process.component,
        "image": images.services[process.service],
        "imagePullPolicy": images.pull_policy,
        "command": [f"caixa-{process.service}", process.command],
        "env": (serving() | exporting(cashbox) | process.environment).container(cashbox),
        "ports": [{"name": "management", "containerPort": MANAGEMENT_PORT, "protocol": "TCP"}],
        "startupProbe": http_probe("/saude/viva", period=2, failures=60),
        "livenessProbe": http_probe("/saude/viva", period=10, failures=6),
        "readinessProbe": http_probe("/saude/pronta", period=5, failures=3),
        "resources": resource_requirements(process.resources),
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": mounts,
    }
    if process.serves:
        container["ports"].insert(0, {"name": "http", "containerPort": API_PORT, "protocol": "TCP"})
        # Endpoints learn late that a pod ends: it keeps serving meanwhile.
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    return container
