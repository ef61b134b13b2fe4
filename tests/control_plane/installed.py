"""The chart as helm renders it, and the operator's own rights from it: what the operator may do is what the chart says, no more."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.helm import helm_binary
from tests.kubernetes.kubeconfig import write_private
from tests.kubernetes.kubectl import Kubectl
from tests.provision.command import run

CHART = Path(__file__).parents[2] / "charts" / "caixa"
NAMESPACE = "caixa-system"
ACCOUNT = "caixa-operator"
RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


@dataclass(frozen=True)
class Installed:
    """The rights are in place; the kubeconfig holds the ServiceAccount's token and nothing else."""

    kubeconfig: Path
    user: str
    namespace: str


def template(*words: str, namespace: str = NAMESPACE) -> list[dict[str, Any]]:  # Any: Kubernetes objects are free-form JSON
    """Render the chart for a release in `namespace`. Raises CommandFailed with helm's words."""
    printed = run([helm_binary(), "template", "caixa", CHART, f"--namespace={namespace}", *words])
    return [one for one in yaml.safe_load_all(printed) if one]


def installed(kubectl: Kubectl, server: ControlPlane, *words: str, namespace: str = NAMESPACE) -> Installed:
    """Give the chart's rights to its ServiceAccount, and write a kubeconfig with a token of it."""
    kubectl("create", "namespace", namespace)
    kubectl.apply([one for one in template(*words, namespace=namespace) if one["kind"] in RIGHTS])
    return with_token(kubectl, server, namespace)


def with_token(kubectl: Kubectl, server: ControlPlane, namespace: str = NAMESPACE) -> Installed:
    """Write a kubeconfig with a token of a release's ServiceAccount."""
    token = kubectl("create", "token", ACCOUNT, f"--namespace={namespace}").strip()
    document = json.loads(server.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    path = write_private(server.folder / f"operator-{namespace}.kubeconfig", json.dumps(document))
    return Installed(path, f"system:serviceaccount:{namespace}:{ACCOUNT}", namespace)
