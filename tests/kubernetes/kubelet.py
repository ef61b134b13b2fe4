"""The kubelet and kube-proxy: their command lines and configuration files."""

import json
from pathlib import Path

from tests.kubernetes.binaries import Binaries
from tests.kubernetes.components import PODS
from tests.kubernetes.containerd import SOCKET
from tests.kubernetes.network import ADDRESS

NODE = "caixa"
DNS_SERVICE = "10.96.0.10"
DOMAIN = "cluster.local"


def kubelet_configuration(authority: Path, port: int) -> str:
    """Return the kubelet's configuration (JSON, which is YAML); it listens on the node's own address."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "port": port,
            "healthzPort": 0,
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": str(authority)}},
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,  # this machine may still have version 1
            "failSwapOn": False,
            "oomScoreAdj": 0,  # lower ones need CAP_SYS_RESOURCE
            "clusterDNS": [DNS_SERVICE],
            "clusterDomain": DOMAIN,
            "resolvConf": "/etc/resolv.conf",
            "imageGCHighThresholdPercent": 100,  # nothing here could be pulled again
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "serializeImagePulls": False,
            "localStorageCapacityIsolation": False,
            "maxPods": 200,
            "shutdownGracePeriod": "0s",
        },
        indent=1,
    )


def kubelet_command(binaries: Binaries, configuration: Path, kubeconfig: Path, root: Path, containerd: int) -> list[str | Path]:
    """Return the kubelet's command line, in the mount namespace of containerd's process `containerd`."""
    return [
        "nsenter",
        f"--mount=/proc/{containerd}/ns/mnt",
        binaries["kubelet"],
        f"--config={configuration}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={NODE}",
        f"--node-ip={ADDRESS}",
        f"--root-dir={root}",
    ]


def proxy_configuration(kubeconfig: Path, health_port: int, metrics_port: int) -> str:
    """Return kube-proxy's configuration: iptables, and limits of connection tracking left as they are."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "mode": "iptables",
            "clusterCIDR": PODS,
            "hostnameOverride": NODE,
            "bindAddress": ADDRESS,
            "healthzBindAddress": f"127.0.0.1:{health_port}",
            "metricsBindAddress": f"127.0.0.1:{metrics_port}",
            "oomScoreAdj": 0,
            "conntrack": {"maxPerCore": 0, "min": 0},
            "iptables": {"minSyncPeriod": "0s"},  # tests wait for new endpoints
        },
        indent=1,
    )


def proxy_command(binaries: Binaries, configuration: Path) -> list[str | Path]:
    """Return kube-proxy's command line."""
    return [binaries["kube-proxy"], f"--config={configuration}"]
