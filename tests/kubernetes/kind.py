"""A cluster in Docker, made by kind. Not run by CI, which has no Docker: the node of this machine is what the tests use."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.kubernetes.binaries import binaries
from tests.kubernetes.folders import cache
from tests.kubernetes.go import go
from tests.kubernetes.kubectl import Kubectl
from tests.provision.command import run
from tests.provision.lock import held
from tests.provision.progress import step

NAME = "caixa"
MODULE = "sigs.k8s.io/kind@v0.31.0"
NODE_PORTS = (30080,)


def configuration(node_ports: tuple[int, ...] = NODE_PORTS) -> str:
    """Return kind's configuration: one node whose node ports answer on this machine's loopback address."""
    mappings = "".join(f"      - {{containerPort: {port}, hostPort: {port}, listenAddress: 127.0.0.1}}\n" for port in node_ports)
    return f"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n  - role: control-plane\n    extraPortMappings:\n{mappings}"


def kind_binary() -> Path:
    """Return kind: the one on PATH, or built from its Go module into the cache."""
    if found := shutil.which("kind"):
        return Path(found)
    binary = cache() / "kind" / "kind"
    with held(cache() / "kind" / "build.lock"):
        if not binary.exists():
            with step("building kind from its Go module (once)"):
                run([go(), "install", MODULE], cwd=Path("/"), environ={"GOBIN": str(binary.parent), "CGO_ENABLED": "0", "GOWORK": "off"})
    return binary


class Kind:
    """One kind cluster named caixa."""

    registry = "localhost"

    def up(self) -> Kubectl:
        """Create the cluster unless it exists."""
        kind = kind_binary()
        kubeconfig = cache() / "kind" / "kubeconfig"
        if NAME not in run([kind, "get", "clusters"]).split():
            with step("creating a cluster in Docker (kind)"):
                run([kind, "create", "cluster", f"--name={NAME}", "--wait=180s", "--config=-"], stdin=configuration())
        run([kind, "export", "kubeconfig", f"--name={NAME}", f"--kubeconfig={kubeconfig}"])
        return Kubectl(binaries()["kubectl"], kubeconfig)

    def load(self, archives: Mapping[str, Path]) -> None:
        """Load archives into kind's node."""
        for name, archive in archives.items():
            with step(f"loading {name}"):
                run([kind_binary(), "load", "image-archive", archive, f"--name={NAME}"])

    def address(self, kubectl: Kubectl, namespace: str, service: str, node_port: int) -> str:  # noqa: ARG002 (Cluster's signature)
        """Return the node port on the loopback address."""
        return f"http://127.0.0.1:{node_port}"

    def down(self) -> list[str]:
        """Delete the cluster."""
        run([kind_binary(), "delete", "cluster", f"--name={NAME}"])
        return []
