"""The Gateway API's own definition of HTTPRoute, from its Go module: a cluster has it only once somebody installs it."""

import json
from pathlib import Path

from tests.kubernetes.go import go
from tests.provision.command import run

MODULE = "sigs.k8s.io/gateway-api@v1.4.1"
SUM = "h1:NPxFutNkKNa8UfLd2CMlEuhIPMQgDQ6DXNKG9sHbJU8="
FILE = "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"
NAME = "httproutes.gateway.networking.k8s.io"


def definition() -> Path:
    """Return the CustomResourceDefinition's file: from Go's module cache, or fetched now. Raises ValueError where it is not what it was."""
    told = json.loads(run([go(), "mod", "download", "-json", MODULE], cwd=Path("/"), environ={"GOWORK": "off", "GOFLAGS": ""}))
    if told["Sum"] != SUM:
        raise ValueError(f"{MODULE} is another one than these tests were written with: {told['Sum']}")
    return Path(told["Dir"]) / FILE
