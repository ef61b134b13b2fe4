"""Every Kubernetes component, built from Go modules into the user's cache folder, once per content of `source/`."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes.folders import cache
from tests.kubernetes.go import go
from tests.provision.command import run
from tests.provision.lock import held
from tests.provision.progress import step

SOURCE = Path(__file__).parent / "source"
VERSION = "v1.35.4"
NAMES = ("etcd", "coredns", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy")
BUILD = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}


@dataclass(frozen=True)
class Binaries:
    """A folder with one command per component, and `pause`."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        """Return the path of a component's command."""
        return self.folder / name


def content_hash(source: Path = SOURCE) -> str:
    """Name this source shortly: the same content gives the same name wherever it is checked out."""
    digest = hashlib.sha256(VERSION.encode())
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(source)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def linker_flags(version: str = VERSION) -> str:
    """Return flags that strip the binary and have it report its version, as Kubernetes' own build does."""
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitCommit": "module", "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())])


def binaries() -> Binaries:
    """Return the built components: from the cache, or built now (about 6 minutes on 2 cores with an empty Go cache)."""
    home = cache() / "kubernetes"
    folder = home / content_hash()
    if folder.exists():
        return Binaries(folder)
    with held(home / "build.lock"):
        if not folder.exists():
            _build(folder)
    return Binaries(folder)


def _build(folder: Path) -> None:
    log = folder.parent / "build.log"
    log.unlink(missing_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        with step(f"building Kubernetes {VERSION} and etcd from Go modules (once; minutes with an empty Go cache)"):
            run(
                [go(), "build", "-trimpath", "-ldflags", linker_flags(), "-o", fresh / "kubernetes", "."],
                cwd=SOURCE,
                environ=BUILD,
                log=log,
            )
            run([go(), "build", "-trimpath", "-ldflags", "-s -w", "-o", fresh / "pause", "./pause"], cwd=SOURCE, environ=BUILD, log=log)
        for name in NAMES:
            (fresh / name).symlink_to("kubernetes")
        fresh.chmod(0o755)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
