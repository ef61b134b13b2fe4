"""A run of the cluster that was cut off leaves things behind; the next one cleans them up, and `down` leaves nothing."""

import os
import signal

import pytest

from tests.kubernetes import node, processes, status
from tests.kubernetes.folders import PROCESSES
from tests.kubernetes.pause_image import IMAGE


@pytest.mark.usefixtures("machine")
def test_up_after_a_cut_off_run_starts_anew_and_down_leaves_nothing() -> None:
    """Killed components, orphaned pods, namespaces, chains and groups are listed by status, cleaned by up, and gone after down."""
    kubectl = node.up()
    kubectl("create", "deployment", "orphan", f"--image={IMAGE}", "--replicas=2")
    kubectl("rollout", "status", "deployment/orphan", "--timeout=120s")
    for name in ("kube-apiserver", "kubelet", "containerd"):
        pid = processes.pid_of(PROCESSES, name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    code, said = status.report()
    assert code == 1
    for what in ("process etcd", "process of a pod", "containerd shim", "network namespace", "bridge", "KUBE-SERVICES", "control group"):
        assert what in said

    kubectl = node.up()
    assert status.report()[0] == 0
    assert kubectl.items("pods", "--all-namespaces") == []
    assert node.up() == kubectl

    assert node.down() == []
    assert status.report() == (0, "down; nothing is left")
