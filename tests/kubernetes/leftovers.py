"""What a node leaves on a machine: found, so that `status` can list it, and cleaned, by `down` and by the next `up` after a cut-off run."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.kubernetes import cgroups, containerd, image_store, iptables, network, processes, sysctls
from tests.kubernetes.folders import NODE, PROCESSES, RUN
from tests.kubernetes.waiting import until

NAMESPACES = Path("/run/netns")
ORDER = ("network-policies", "kubelet", "kube-proxy", "coredns", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
NOTES = RUN / "sysctls.json"


def found() -> list[str]:
    """List everything that is left, one line each; empty after a complete `down`."""
    lines = [f"process {name}" for name in processes.names(PROCESSES) if processes.pid_of(PROCESSES, name)]
    lines += [f"process of a pod: {pid}" for pid in sorted(cgroups.pids())]
    lines += [f"containerd shim: {pid}" for pid in containerd.shims(processes.command_lines())]
    lines += [f"mount {point}" for point in mounts()]
    lines += [f"network namespace {path}" for path in network_namespaces()]
    lines += [f"bridge {network.BRIDGE}"] if network.bridge_exists() else []
    lines += [f"{chain} (chain)" for chain in iptables.left()]
    lines += [f"control group {path}" for path in cgroups.roots()]
    lines += [f"folder {path}" for path in (NODE.state, RUN) if path.exists()]
    return lines


def clean() -> None:
    """End every process of the node and undo what it did to the machine."""
    for name in ORDER:
        processes.stop(PROCESSES, name, grace=5)
    until("the pods' processes end", cgroups.kill, seconds=30)
    if processes.pid_of(PROCESSES, "containerd"):
        image_store.close()
    _kill_shims()
    processes.stop(PROCESSES, "containerd", grace=5)  # its mount namespace, and all mounts with it, end with the last of these
    for point in mounts():
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
    for path in network_namespaces():
        path.unlink(missing_ok=True)
    network.delete_bridge()
    iptables.remove()
    cgroups.remove()
    sysctls.restore(NOTES)
    shutil.rmtree(NODE.state, ignore_errors=True)
    shutil.rmtree(RUN, ignore_errors=True)


def mounts() -> list[str]:
    """List the mounts under the node's folders in this mount namespace, the deepest first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    inside = (f"{NODE.state}/", f"{RUN}/")
    return sorted((point for point in points if point.startswith(inside)), reverse=True)


def network_namespaces() -> list[Path]:
    """List the files that CNI named for pods' network namespaces: here, outside containerd's mount namespace, they are not mounts."""
    return [path for path in NAMESPACES.glob("cni-*") if not path.is_mount()]


def _kill_shims() -> None:
    def none_left() -> bool:
        alive = containerd.shims(processes.command_lines())
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not alive

    until("containerd's shims end", none_left, seconds=30)
