"""What runs, or what is left."""

from tests.kubernetes import leftovers, node, processes
from tests.kubernetes.binaries import binaries
from tests.kubernetes.folders import NODE, PROCESSES
from tests.kubernetes.kubectl import Kubectl


def report() -> tuple[int, str]:
    """Return an exit code and what to say: 0 when the node is up or nothing is left, 1 when something is."""
    lines = leftovers.found()
    if not lines:
        return 0, "down; nothing is left"
    if node.is_up(Kubectl(binaries()["kubectl"], NODE.kubeconfig)):
        pids = "\n".join(f"  {name}: process {processes.pid_of(PROCESSES, name)}" for name in processes.names(PROCESSES))
        return 0, f"up; export KUBECONFIG={NODE.kubeconfig}\n{pids}"
    listed = "\n".join(f"  {line}" for line in lines)
    return 1, f"not up, but this is left (`down` takes it away):\n{listed}"
