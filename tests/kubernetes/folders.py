"""Where the cluster keeps what it builds and what it runs on."""

import os
from dataclasses import dataclass
from pathlib import Path

RUN = Path("/run/caixa-cluster")
PROCESSES = RUN / "processes"
"""Pid files and logs: under /run, where a forgotten cache folder cannot take them away while the processes live."""


def cache() -> Path:
    """Return the user's cache folder for Caixa: XDG_CACHE_HOME or ~/.cache, then caixa."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caixa"


@dataclass(frozen=True)
class Folders:
    """The folders of one running node; all of them vanish with `down`."""

    state: Path

    @property
    def certificates(self) -> Path:
        """Keys and certificates, the certificate authority's included."""
        return self.state / "certificates"

    @property
    def configuration(self) -> Path:
        """What the components read: YAML, TOML, kubeconfigs."""
        return self.state / "configuration"

    @property
    def volumes(self) -> Path:
        """The folders behind the persistent volumes."""
        return self.state / "volumes"

    @property
    def kubelet(self) -> Path:
        """The kubelet's root, full of mounts while pods run."""
        return self.state / "kubelet"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in."""
        return self.state / "kubeconfig"


NODE = Folders(cache() / "cluster")
IMAGES = cache() / "cluster-images"
"""containerd's store: a cache, so that images need not be loaded again; it holds nothing but images after a clean `down`."""
LOCK = cache() / "cluster.lock"
