"""The cluster's DNS: CoreDNS as a process of the node, behind the usual kube-dns service."""

import contextlib
import urllib.request
from pathlib import Path
from typing import Any

from tests.kubernetes.binaries import Binaries
from tests.kubernetes.kubelet import DNS_SERVICE, DOMAIN
from tests.kubernetes.network import ADDRESS

USER = "system:coredns"
PORTS = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]


def corefile(kubeconfig: Path, ready_port: int) -> str:
    """Return CoreDNS's configuration: the cluster's names only, on the node's own address."""
    return f""".:53 {{
  bind {ADDRESS}
  errors
  ready 127.0.0.1:{ready_port}
  kubernetes {DOMAIN} in-addr.arpa {{
    kubeconfig {kubeconfig}
  }}
  cache 5
}}
"""


def command(binaries: Binaries, configuration: Path) -> list[str | Path]:
    """Return CoreDNS's command line."""
    return [binaries["coredns"], "-conf", configuration]


def is_ready(port: int) -> bool:
    """Whether CoreDNS has read the cluster's services."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(OSError), direct.open(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def manifests() -> list[dict[str, Any]]:  # Any: Kubernetes objects are free-form JSON
    """Return the service, its endpoint on the node, and CoreDNS's right to read what it answers."""
    kube_dns = {"name": "kube-dns", "namespace": "kube-system"}
    slice_name = {"name": "kube-dns-node", "namespace": "kube-system", "labels": {"kubernetes.io/service-name": "kube-dns"}}
    reads = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": kube_dns, "spec": {"clusterIP": DNS_SERVICE, "ports": PORTS}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": slice_name,
            "addressType": "IPv4",
            "ports": PORTS,
            "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
        },
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": USER}, "rules": reads},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": USER},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
        },
    ]
