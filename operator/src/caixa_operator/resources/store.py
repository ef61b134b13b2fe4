"""What the managed MySQL and RabbitMQ share: a StatefulSet whose pods have a volume of their own each, and a Service."""

import msgspec

from caixa_operator.manifest import Manifest
from caixa_operator.resources.identity import child, labels, selector
from caixa_operator.resources.pods import STORE_USER, pod
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.storage import Storage
from caixa_operator.spec.stores import MySql, RabbitMq

CONFIGURATION_ANNOTATION = "caixa.dev/configuration"


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The parts in which one store differs from the other."""

    component: str
    spec: MySql | RabbitMq
    ports: dict[str, int]
    prepare: Manifest
    """The init container."""
    serve: Manifest
    volumes: list[Manifest]
    configuration: str
    """A fingerprint of all that the pod reads at its start: another one restarts it."""
    grace_seconds: int
    replicas: int = 1
    governing: str | None = None
    """The headless Service that gives several pods their names; a single one needs none."""


def service(cashbox: CashBox, store: Store) -> Manifest:
    """Build a store's Service, for the platform's own pods."""
    ports = [{"name": name, "port": port, "targetPort": name, "protocol": "TCP"} for name, port in store.ports.items()]
    chosen = selector(cashbox, store.component)
    return {**child("v1", "Service", cashbox, store.component), "spec": {"type": "ClusterIP", "selector": chosen, "ports": ports}}


def stateful_set(cashbox: CashBox, store: Store) -> Manifest:
    """Build a store's StatefulSet; its volumes stay when it goes."""
    built = child("apps/v1", "StatefulSet", cashbox, store.component)
    chosen = selector(cashbox, store.component)
    account = f"{cashbox.name}-{store.component}"
    spec = pod(STORE_USER, store.spec, chosen, serviceAccountName=account, terminationGracePeriodSeconds=store.grace_seconds)
    ports = [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in store.ports.items()]
    built["spec"] = {
        "replicas": store.replicas,
        "serviceName": store.governing or f"{cashbox.name}-{store.component}",
        "selector": {"matchLabels": chosen},
        "template": {
            "metadata": {
                "labels": labels(cashbox, store.component),
                "annotations": {CONFIGURATION_ANNOTATION: store.configuration},
            },
            "spec": {
                **spec,
                "initContainers": [store.prepare],
                "containers": [{**store.serve, "ports": ports}],
                "volumes": store.volumes,
            },
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": chosen}, "spec": claimed(store.spec.storage)}],
    }
    if store.governing is not None:
        built["spec"]["podManagementPolicy"] = "Parallel"  # pods that wait for each other must all be there
    return built


def claimed(storage: Storage) -> Manifest:
    """Write the spec of a volume claim: one node at a time writes to it."""
    spec: Manifest = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage.size}}}
    if storage.class_name is not None:
        spec["storageClassName"] = storage.class_name
    return spec
