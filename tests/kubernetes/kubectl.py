"""kubectl for programs: one cluster, JSON in and out."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.provision.command import CommandFailed, run


@dataclass(frozen=True)
class Kubectl:
    """The kubectl at `binary`, for the cluster of `kubeconfig` (or, with `context`, that context of it)."""

    binary: Path
    kubeconfig: Path | None
    context: str | None = None

    def argv(self, *words: str) -> list[str]:
        """Return the whole command line."""
        where = [f"--kubeconfig={self.kubeconfig}"] if self.kubeconfig else []
        where += [f"--context={self.context}"] if self.context else []
        return [str(self.binary), *where, *words]

    def __call__(self, *words: str, stdin: str | None = None, timeout: float = 300) -> str:
        """Run kubectl and return what it printed. Raises CommandFailed."""
        return run(self.argv(*words), stdin=stdin, timeout=timeout)

    def get(self, *words: str) -> dict[str, Any]:  # Any: Kubernetes objects are free-form JSON
        """Return one object, or a list as an object with `items`. Raises CommandFailed when it does not exist."""
        found: dict[str, Any] = json.loads(self("get", *words, "--output=json"))
        return found

    def find(self, *words: str) -> dict[str, Any] | None:
        """Return one object, or None when it does not exist."""
        printed = self("get", *words, "--output=json", "--ignore-not-found")
        found: dict[str, Any] | None = json.loads(printed) if printed.strip() else None
        return found

    def items(self, *words: str) -> list[dict[str, Any]]:
        """Return the objects of a kind."""
        found: list[dict[str, Any]] = self.get(*words)["items"]
        return found

    def apply(self, objects: Sequence[dict[str, Any]], *words: str) -> str:
        """Apply objects server-side. Raises CommandFailed with what the API server said of them."""
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        return self("apply", "--server-side", "--force-conflicts", *words, "--filename=-", stdin=document)

    def works(self, *words: str) -> bool:
        """Whether kubectl ends well."""
        try:
            self(*words, timeout=30)
        except (CommandFailed, subprocess.TimeoutExpired):
            return False
        return True
