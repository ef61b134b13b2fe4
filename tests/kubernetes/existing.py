"""A cluster that is there already, named by CONTEXT=. Not run by CI."""

from collections.abc import Mapping
from pathlib import Path

from tests.kubernetes import processes
from tests.kubernetes.binaries import binaries
from tests.kubernetes.folders import cache
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.ports import preferred
from tests.kubernetes.waiting import until
from tests.provision import debian
from tests.provision.command import run
from tests.provision.progress import step

FORWARDS = cache() / "port-forwards"


class RegistryNeeded(RuntimeError):
    """The cluster's nodes cannot see images built here; the message says how to hand them over."""


class Existing:
    """The cluster of one context of the user's own kubeconfig; it is neither made nor ended here."""

    def __init__(self, context: str, registry: str | None) -> None:
        self._context = context
        self._registry = registry

    @property
    def registry(self) -> str:
        """The registry to which images are pushed. Raises RegistryNeeded when none was named."""
        if self._registry is None:
            message = "name a registry that you may push to and that its nodes may pull from: REGISTRY=registry.example/team"
            raise RegistryNeeded(f"the nodes of {self._context} cannot see images built here; {message}")
        return self._registry

    def up(self) -> Kubectl:
        """Ask the cluster for its version, to say at once when it does not answer."""
        kubectl = Kubectl(binaries()["kubectl"], None, self._context)
        kubectl("version", "--request-timeout=15s")
        return kubectl

    def load(self, archives: Mapping[str, Path]) -> None:
        """Push the images to the registry."""
        debian.install("skopeo")
        for name, archive in archives.items():
            with step(f"pushing {name}"):
                pushed = f"{self.registry}/{name.removeprefix('localhost/')}"
                run(["skopeo", "copy", f"docker-archive:{archive}:{name}", f"docker://{pushed}"])

    def address(self, kubectl: Kubectl, namespace: str, service: str, node_port: int) -> str:
        """Forward a port of this machine to the service, until `down`."""
        processes.stop(FORWARDS, "gateway")
        port = preferred(node_port)
        processes.start("gateway", kubectl.argv("port-forward", f"--namespace={namespace}", f"service/{service}", f"{port}:8080"), FORWARDS)
        until("the port is forwarded", lambda: "Forwarding from" in processes.log_tail(FORWARDS, "gateway"))
        return f"http://127.0.0.1:{port}"

    def down(self) -> list[str]:
        """End the forwarding; the cluster is its owner's."""
        processes.stop(FORWARDS, "gateway")
        return []
