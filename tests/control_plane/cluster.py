"""One namespace of a real API server, and what controllers would do in it: nothing else moves there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.waiting import until

CHILDREN = (
    "configmaps",
    "cronjobs",
    "deployments",
    "ingresses",
    "jobs",
    "networkpolicies",
    "poddisruptionbudgets",
    "serviceaccounts",
    "services",
    "statefulsets",
)
Object = dict[str, Any]  # Any: Kubernetes objects are free-form JSON


@dataclass(frozen=True)
class Cluster:
    """A namespace, and an administrator's kubectl."""

    kubectl: Kubectl
    namespace: str

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace. Raises CommandFailed."""
        return self.kubectl(f"--namespace={self.namespace}", *words, stdin=stdin)

    def apply(self, manifest: Object) -> None:
        """Apply an object as a person does. Raises CommandFailed with the API server's words."""
        self.run("apply", "--server-side", "--force-conflicts", "--field-manager=person", "--filename=-", stdin=json.dumps(manifest))

    def cashbox(self, name: str = "loja", /, **spec: object) -> Object:
        """Make or change a CashBox, and return it."""
        self.apply({"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": {"name": name}, "spec": spec})
        return self.get("cashbox", name)

    def get(self, *words: str) -> Object:
        """Return an object. Raises CommandFailed when there is none."""
        return self.kubectl.get(f"--namespace={self.namespace}", *words)

    def find(self, *words: str) -> Object | None:
        """Return an object, or None."""
        return self.kubectl.find(f"--namespace={self.namespace}", *words)

    def names(self, *kinds: str) -> set[str]:
        """Return `kind/name` of all objects of these kinds."""
        printed = self.run("get", ",".join(kinds), "--output=name", "--ignore-not-found")
        return {_plain(line) for line in printed.split()}

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of every child, of the Secrets and of the CashBoxes: none moves while nothing is written."""
        found = self.get(",".join((*CHILDREN, "secrets", "cashboxes")))["items"]
        return {f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["resourceVersion"] for one in found}

    def edit(self, kind: str, name: str, patch: Object) -> None:
        """Merge into an object as somebody else than the operator."""
        self.run("patch", kind, name, "--type=merge", "--field-manager=somebody", f"--patch={json.dumps(patch)}")

    def status(self, kind: str, name: str, status: Object) -> None:
        """Write an object's status, as its controller would."""
        self.run("patch", kind, name, "--subresource=status", "--type=merge", f"--patch={json.dumps({'status': status})}")

    def stores_answer(self, name: str = "loja") -> None:
        """Let both stores answer."""
        for store in ("mysql", "rabbitmq"):
            self.status("statefulset", f"{name}-{store}", {"replicas": 1, "readyReplicas": 1})

    def migrations_complete(self, name: str = "loja") -> None:
        """Let every migration Job end well."""
        for job in self.get("jobs", f"--selector=caixa.dev/cashbox={name}")["items"]:
            self.status("job", job["metadata"]["name"], COMPLETE)

    def pods_answer(self, name: str = "loja") -> None:
        """Let every Deployment's pods be of the newest template and answer."""
        for deployment in self.get("deployments", f"--selector=caixa.dev/cashbox={name}")["items"]:
            self.rolled_out(deployment)

    def rolled_out(self, deployment: Object) -> None:
        """Let one Deployment's pods be of the newest template and answer."""
        pods = deployment["spec"]["replicas"]
        counts = {"replicas": pods, "updatedReplicas": pods, "readyReplicas": pods, "availableReplicas": pods}
        self.status("deployment", deployment["metadata"]["name"], {"observedGeneration": deployment["metadata"]["generation"], **counts})

    def eventually(self, what: str, holds: Callable[[], bool], *, seconds: float = 60) -> None:
        """Wait for what a running operator should bring about. Raises TimedOut."""
        until(what, holds, seconds=seconds, pause=0.2)


COMPLETE: Object = {
    "startTime": "2026-01-01T00:00:00Z",
    "completionTime": "2026-01-01T00:00:01Z",
    "succeeded": 1,
    "conditions": [
        {"type": one, "status": "True", "reason": "CompletionsReached", "lastTransitionTime": "2026-01-01T00:00:01Z"}
        for one in ("SuccessCriteriaMet", "Complete")
    ],
}


def _plain(line: str) -> str:
    kind, _, name = line.partition("/")
    return f"{kind.split('.')[0]}/{name}"
