"""Which cluster a command works on: CONTEXT= names one; else kind where Docker runs; else the node that this machine can be."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from tests.kubernetes import image_store, node
from tests.kubernetes.existing import Existing
from tests.kubernetes.kind import Kind
from tests.kubernetes.kubectl import Kubectl


class Cluster(Protocol):
    """A cluster that can be brought up, given images, and ended."""

    @property
    def registry(self) -> str:
        """The first part of the names under which loaded images are known to the cluster."""

    def up(self) -> Kubectl:
        """Bring it up, at once when it is up, and return its kubectl."""

    def load(self, archives: Mapping[str, Path]) -> None:
        """Make images, by name the archives that hold them, known to the cluster."""

    def address(self, kubectl: Kubectl, namespace: str, service: str, node_port: int) -> str:
        """Return the URL at which a service's port answers on this machine."""

    def down(self) -> Iterable[str]:
        """End what `up` began and return what is left."""


class OneNode:
    """The node that this machine becomes (tests/kubernetes/node.py)."""

    registry = "localhost"

    def up(self) -> Kubectl:
        """Bring the node up."""
        return node.up()

    def load(self, archives: Mapping[str, Path]) -> None:
        """Load archives into the node's containerd."""
        image_store.load(archives)

    def address(self, kubectl: Kubectl, namespace: str, service: str, node_port: int) -> str:  # noqa: ARG002 (Cluster's signature)
        """Return the node port on the loopback address."""
        return f"http://127.0.0.1:{node_port}"

    def down(self) -> list[str]:
        """End the node."""
        return node.down()


def decide(environ: Mapping[str, str] = os.environ) -> Cluster:
    """Choose by CONTEXT and REGISTRY of the environment, and by whether Docker answers."""
    if context := environ.get("CONTEXT"):
        return Existing(context, environ.get("REGISTRY") or None)
    return Kind() if docker_runs() else OneNode()


def docker_runs() -> bool:
    """Whether `docker` is here and its daemon answers."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
