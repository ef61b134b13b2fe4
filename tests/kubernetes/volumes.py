"""Persistent volumes: folders of this machine, made ahead. Local volumes honour fsGroup (hostPath ones do not), so pods need no root."""

import shutil
from pathlib import Path
from typing import Any

from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.kubelet import NODE

COUNT = 24
CLASS = "local"


def storage_class() -> dict[str, Any]:  # Any: Kubernetes objects are free-form JSON
    """Return the default storage class, which binds a claim when its pod is scheduled."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": default},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume(name: str, folder: Path) -> dict[str, Any]:
    """Return a persistent volume on this node, over the folder `folder/name`."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": str(folder / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def provide(kubectl: Kubectl, folder: Path) -> None:
    """Make the class and the volumes, and make anew, empty, those whose claim has been deleted."""
    found = {item["metadata"]["name"]: item["status"].get("phase") for item in kubectl.items("persistentvolumes")}
    released = [name for name, phase in found.items() if phase in {"Released", "Failed"}]
    if released:
        kubectl("delete", "persistentvolumes", *released, "--wait")
    wanted = [name for name in (f"local-{number}" for number in range(1, COUNT + 1)) if name not in found or name in released]
    for name in wanted:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    kubectl.apply([storage_class(), *(volume(name, folder) for name in wanted)])
