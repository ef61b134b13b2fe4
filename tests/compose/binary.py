"""Docker Compose, built from its Go module into the user's cache folder, once per content of `engine/`."""

import hashlib
from pathlib import Path

from tests.kubernetes.folders import cache
from tests.kubernetes.go import go
from tests.provision.command import run
from tests.provision.lock import held
from tests.provision.progress import step

SOURCE = Path(__file__).parent / "engine"
PACKAGE = "github.com/docker/compose/v2"


def version(source: Path = SOURCE) -> str:
    """Read which version of Compose go.mod names."""
    words = next(line.split() for line in (source / "go.mod").read_text().splitlines() if line.split()[:1] == [PACKAGE])
    return words[1]


def compose_binary() -> Path:
    """Return the `docker-compose` plugin: from the cache, or built now (about 4 minutes on 2 cores with an empty Go cache)."""
    home = cache() / "compose"
    digest = hashlib.sha256((SOURCE / "go.mod").read_bytes() + (SOURCE / "go.sum").read_bytes()).hexdigest()[:16]
    binary = home / digest / "docker-compose"
    if binary.exists():
        return binary
    with held(home / "build.lock"):
        if not binary.exists():
            _build(binary, home / "build.log")
    return binary


def _build(binary: Path, log: Path) -> None:
    log.unlink(missing_ok=True)
    unfinished = binary.with_suffix(".unfinished")
    environ = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath", "GOWORK": "off"}
    flags = f"-s -w -X {PACKAGE}/internal.Version={version()}"
    with step(f"building Docker Compose {version()} from its Go module (once; minutes with an empty Go cache)"):
        run(["nice", go(), "build", "-ldflags", flags, "-o", unfinished, f"{PACKAGE}/cmd"], cwd=SOURCE, environ=environ, log=log)
    unfinished.rename(binary)
