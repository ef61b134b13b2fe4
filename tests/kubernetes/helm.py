"""The helm command, built from its Go module into the user's cache folder."""

from pathlib import Path

from tests.kubernetes.folders import cache
from tests.kubernetes.go import go
from tests.provision.command import run
from tests.provision.lock import held
from tests.provision.progress import step

MODULE = "helm.sh/helm/v4/cmd/helm"
VERSION = "v4.3.1"


def helm_binary() -> Path:
    """Return the path of helm: from the cache, or built now (about 2 minutes on 2 cores with an empty Go cache)."""
    home = cache() / "helm"
    folder = home / VERSION
    binary = folder / "helm"
    if binary.exists():
        return binary
    with held(home / "build.lock"):
        if not binary.exists():
            with step(f"building helm {VERSION} from its Go module (once)"):
                environ = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -ldflags=-s -buildvcs=false", "GOWORK": "off", "GOBIN": str(folder)}
                run([go(), "install", f"{MODULE}@{VERSION}"], cwd=Path("/"), environ=environ, log=home / "build.log")
    return binary
