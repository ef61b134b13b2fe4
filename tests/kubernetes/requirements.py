"""What the node needs of this machine: root, Debian's packages where commands are missing, and no other Kubernetes."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.kubernetes import processes
from tests.kubernetes.folders import PROCESSES
from tests.kubernetes.network import PLUGINS
from tests.provision import debian

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables-save": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    str(PLUGINS / "bridge"): "containernetworking-plugins",
}
"""By command, the package that brings it: a command that is there, from whatever package, is taken as it is."""
KUBELETS = {"kubelet", "k3s", "k0s", "rke2", "kubelite"}


class CannotRun(RuntimeError):
    """This machine cannot run the node; the message says why and which other way works."""


def why_not() -> str | None:
    """Say why this machine cannot run the node, or None when it can."""
    if not Path("/proc/self/ns/mnt").exists():
        return "the one-node cluster needs Linux; with Docker, `make demo` uses kind, and CONTEXT= names any cluster of your own"
    if os.geteuid() != 0:
        return "the one-node cluster needs root (run it with sudo); CONTEXT= names a cluster of your own, `make up` needs neither"
    if absent := [package for name, package in PACKAGES.items() if shutil.which(name) is None]:
        if shutil.which("apt-get") is None:
            return f"the one-node cluster needs {', '.join(absent)}, which it installs itself on Debian and Ubuntu only"
    elif other := other_kubernetes(processes.command_lines(), {processes.pid_of(PROCESSES, "kubelet")}):
        return f"{other} runs here already, and two would fight over the packet filter; name its cluster with CONTEXT="
    return None


def ensure() -> None:
    """Install what is missing. Raises CannotRun or debian.CannotInstall."""
    if reason := why_not():
        raise CannotRun(reason)
    if absent := [package for name, package in PACKAGES.items() if shutil.which(name) is None]:
        debian.install(*absent)


def other_kubernetes(command_lines: Mapping[int, str], ours: set[int | None]) -> str | None:
    """Name a kubelet among the processes that is not ours."""
    for pid, line in command_lines.items():
        name = line.split("\0")[0].rpartition("/")[2]
        if pid not in ours and name in KUBELETS:
            return f"{name} (process {pid})"
    return None
