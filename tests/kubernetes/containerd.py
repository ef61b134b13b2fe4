"""containerd, private to this cluster: own socket, own folders, and a mount namespace that takes every mount with it when it ends."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.demo.images_store import overlay_works
from tests.kubernetes.folders import RUN
from tests.kubernetes.network import PLUGINS
from tests.kubernetes.pause_image import IMAGE
from tests.provision.command import run

SOCKET = RUN / "containerd.sock"
NAMESPACE = "k8s.io"


def configuration(root: Path, network: Path, snapshotter: str) -> str:
    """Return containerd's configuration file; `network` is the folder with CNI's."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{root}"
state = "{RUN / "containerd"}"
[grpc]
address = "{SOCKET}"
[{cri}]
restrict_oom_score_adj = true # works without CAP_SYS_RESOURCE too
disable_apparmor = true
sandbox_image = "{IMAGE}"
[{cri}.containerd]
snapshotter = "{snapshotter}"
[{cri}.cni]
bin_dir = "{PLUGINS}"
conf_dir = "{network}"
"""


def snapshotter(folder: Path) -> str:
    """Say how containerd is to keep layers on this file system."""
    return "overlayfs" if overlay_works(folder) else "native"


def command(configuration_file: Path) -> list[str | Path]:
    """Return the command line: in a mount namespace of its own, which every pod shares."""
    return ["unshare", "--mount", "containerd", "--config", configuration_file]


def is_ready() -> bool:
    """Whether the part that the kubelet talks to is initialised; before that the kubelet would give up."""
    listed = subprocess.run(["ctr", "--address", SOCKET, "plugins", "ls"], capture_output=True, text=True, check=False).stdout
    return any(words[1:2] == ["cri"] and words[-1] == "ok" for words in (line.split() for line in listed.splitlines()))


def ctr(*words: str, timeout: float = 60.0) -> str:
    """Ask this containerd something about the pods' namespace and return what it printed. Raises CommandFailed."""
    return run(["ctr", "--address", SOCKET, "--namespace", NAMESPACE, *words], timeout=timeout)


def shims(processes: Mapping[int, str]) -> list[int]:
    """Pick, of processes by pid and command line, the shims of this containerd."""
    return [pid for pid, line in processes.items() if "containerd-shim" in line and str(SOCKET) in line]
