"""The platform as the README installs it, and what the tests do to it and ask of it."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from caixa_operator.settings import Settings
from tests.cluster.readme import commands
from tests.cluster.shop import Credentials
from tests.demo import images_debian
from tests.demo.demo_cashbox import RESOURCE, administrator, condition, wait_ready
from tests.demo.demo_install import OPERATOR_NAMESPACE, ROOT, prepare
from tests.demo.images import SERVICES, Images
from tests.kubernetes import image_store
from tests.kubernetes.helm import helm_binary
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.waiting import until
from tests.kubernetes.where import OneNode
from tests.provision.command import CommandFailed, run
from tests.provision.progress import step

NAMESPACE = "default"
"""Where the README's commands put the CashBox."""


@dataclass(frozen=True)
class Installation:
    """A CashBox that serves, and what the README's commands printed."""

    kubectl: Kubectl
    name: str
    gateway: str
    """The gateway's URL on the loopback address."""
    admin: Credentials
    printed: str
    """What the README's commands said."""
    images: Images
    """What runs on the node."""

    def cashbox(self) -> dict[str, Any]:  # Any: Kubernetes objects are free-form JSON
        """Return the CashBox as it is now."""
        return self.kubectl.get(RESOURCE, self.name)

    def beside(self, name: str) -> "Installation":
        """Wait until another CashBox of this cluster serves, on a port of the node, and return it."""
        with step(f"waiting for the CashBox {name}") as progress:
            cashbox = wait_ready(self.kubectl, NAMESPACE, name, progress)
        gateway = OneNode().address(self.kubectl, NAMESPACE, f"{name}-gateway", cashbox["status"]["endpoints"]["nodePort"])
        return replace(self, name=name, gateway=gateway, admin=Credentials(*administrator(self.kubectl, NAMESPACE, cashbox)))

    def run_now(self, part: str) -> str:
        """Run a CronJob's Job now, wait until it has ended well, and return what it printed. Raises CommandFailed."""
        job = f"{self.name}-{part}-{time.time_ns() // 1_000_000_000}"
        self.kubectl("create", "job", f"--from=cronjob/{self.name}-{part}", job)
        return self.completed(job)

    def completed(self, job: str) -> str:
        """Wait until a Job has ended well, and return what its containers printed. Raises CommandFailed."""
        self.kubectl("wait", f"job/{job}", "--for=condition=Complete", "--timeout=180s")
        return self.kubectl("logs", f"job/{job}", "--all-containers")

    def holds(self, kind: str) -> bool:
        """Whether a condition is True."""
        return condition(self.cashbox(), kind).get("status") == "True"

    def patch(self, spec: dict[str, Any]) -> None:
        """Merge into the CashBox's spec. Raises CommandFailed with the API server's message when it refuses."""
        self.kubectl("patch", RESOURCE, self.name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def ready(self) -> None:
        """Wait until the CashBox serves as its spec now says."""
        with step("waiting for the CashBox") as progress:
            wait_ready(self.kubectl, NAMESPACE, self.name, progress)

    def restarted(self, store: str) -> None:
        """Wait until a store runs as the spec now says, and the services answer with it."""
        self.ready()
        self.kubectl("rollout", "status", f"statefulset/{self.name}-{store}", "--timeout=180s")
        services = ("gateway", "fluxo", "saldo")
        until("the services answer", lambda: all(_answers(pod) for part in services for pod in self.pods(part)), seconds=90)
        self.ready()

    def pods(self, component: str) -> list[dict[str, Any]]:
        """Return a component's pods that are not on their way out."""
        chosen = f"--selector=caixa.dev/cashbox={self.name},app.kubernetes.io/component={component}"
        return [pod for pod in self.kubectl.items("pods", chosen) if "deletionTimestamp" not in pod["metadata"]]

    def scale(self, component: str, replicas: int, kind: str = "deployment") -> None:
        """Set a component's number of pods behind the operator's back."""
        self.kubectl("scale", kind, f"{self.name}-{component}", f"--replicas={replicas}")

    def replicas(self, component: str) -> int:
        """Return how many pods a component's Deployment wants."""
        return int(self.kubectl.get("deployment", f"{self.name}-{component}")["spec"]["replicas"])

    def picture(self) -> str:
        """Describe the cluster for a person who reads why a test failed."""
        asked = [
            ("get", "pods", "--all-namespaces", "--output=wide"),
            ("describe", RESOURCE, self.name),
            ("logs", f"--namespace={OPERATOR_NAMESPACE}", "deployment/caixa-operator", "--tail=40"),
        ]
        return "\n\n".join(_said(self.kubectl, words) for words in asked)


def install() -> Installation:
    """Run the README's commands on a fresh node, and open the gateway to this machine. Raises what the steps raise."""
    cluster = OneNode()
    kubectl, images = prepare(cluster)
    image_store.name_again(published_names(images.version))
    with step("the README's commands for the platform team"):
        printed = as_written(kubectl, commands("tests/cluster/test_platform.py"))
    name = kubectl.items(RESOURCE)[0]["metadata"]["name"]
    exposed = {"gateway": {"expose": {"type": "NodePort"}}}
    kubectl("patch", RESOURCE, name, "--type=merge", f"--patch={json.dumps({'spec': exposed})}")
    with step("waiting for the CashBox") as progress:
        cashbox = wait_ready(kubectl, NAMESPACE, name, progress)
    gateway = cluster.address(kubectl, NAMESPACE, f"{name}-gateway", cashbox["status"]["endpoints"]["nodePort"])
    return Installation(kubectl, name, gateway, Credentials(*administrator(kubectl, NAMESPACE, cashbox)), printed, images)


def published_names(version: str) -> dict[str, str]:
    """Say under which names the chart and the operator, as published, look for the images that were built here."""
    defaults = Settings()
    services = {
        f"localhost/caixa-{service}:{version}": f"{defaults.images_registry}/caixa-{service}:{defaults.images_version}"
        for service in SERVICES
    }
    return services | {images_debian.MYSQL.image: defaults.mysql_image, images_debian.RABBITMQ.image: defaults.rabbitmq_image}


def as_written(kubectl: Kubectl, text: str) -> str:
    """Run shell commands in the repository's root, with this cluster's kubectl and helm on PATH, and return what they printed."""
    with tempfile.TemporaryDirectory(prefix="caixa-commands-") as folder:
        for name, path in {"kubectl": kubectl.binary, "helm": helm_binary()}.items():
            Path(folder, name).symlink_to(path)
        environ = {"KUBECONFIG": str(kubectl.kubeconfig), "PATH": f"{folder}:{os.environ['PATH']}"}
        return run(["bash", "-euo", "pipefail", "-c", text], cwd=ROOT, environ=environ, timeout=300)


def _answers(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


def _said(kubectl: Kubectl, words: tuple[str, ...]) -> str:
    try:
        return f"$ kubectl {' '.join(words)}\n{kubectl(*words, timeout=30)}"
    except (CommandFailed, subprocess.TimeoutExpired) as error:
        return f"$ kubectl {' '.join(words)}\n{error}"
