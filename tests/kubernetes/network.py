"""The node's network: one bridge that holds the pods, the node's own address, and the way to services."""

import json
from pathlib import Path

from tests.kubernetes.components import SERVICES
from tests.kubernetes.folders import RUN
from tests.provision.command import run

BRIDGE = "caixa0"
ADDRESS = "10.244.0.1"
"""The node's address: the bridge's own, so that nothing listens on an address that other machines reach."""
SUBNET = "10.244.0.0/24"
PLUGINS = Path("/usr/lib/cni")


def cni_configuration() -> str:
    """How pods join the network: CNI's plugin list for containerd."""
    ranges = [[{"subnet": SUBNET, "gateway": ADDRESS}]]
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "dataDir": str(RUN / "addresses"), "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]},
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": "caixa", "plugins": [bridge, ports]}, indent=1)


def bridge_exists() -> bool:
    """Whether the bridge is there."""
    return Path("/sys/class/net", BRIDGE).exists()


def create_bridge() -> None:
    """Make the bridge before the first pod does: the API server and the cluster's DNS listen on its address."""
    run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{ADDRESS}/24", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    run(["ip", "route", "replace", SERVICES, "dev", BRIDGE])  # this machine reaches services even where it has no default route


def delete_bridge() -> None:
    """Take the bridge away, and its addresses and routes with it."""
    if bridge_exists():
        run(["ip", "link", "delete", BRIDGE])
