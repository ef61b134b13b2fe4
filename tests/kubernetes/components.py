"""The command lines of the control plane: pure, so that the node and the control plane alone share them."""

from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes.binaries import Binaries

SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"  # the first address of SERVICES is the API server's own
PODS = "10.244.0.0/16"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Api:
    """Where the API server listens, where its etcd does, and where its certificates lie."""

    address: str
    port: int
    etcd_port: int
    certificates: Path

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.port}"


def etcd(binaries: Binaries, data: Path, port: int, peer_port: int) -> list[str | Path]:
    """Return etcd on the loopback address, without fsync: what it holds does not outlive the cluster."""
    client, peer = f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{peer_port}"
    return [
        binaries["etcd"],
        f"--data-dir={data}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def api_server(binaries: Binaries, api: Api, *more: str) -> list[str | Path]:
    """Return the API server, listening on one address of this machine only."""
    pki = api.certificates
    return [
        binaries["kube-apiserver"],
        f"--etcd-servers=http://{LOOPBACK}:{api.etcd_port}",
        f"--bind-address={api.address}",
        f"--advertise-address={api.address}",
        f"--secure-port={api.port}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--tls-cert-file={pki / 'api-server.crt'}",
        f"--tls-private-key-file={pki / 'api-server.key'}",
        f"--client-ca-file={pki / 'authority.crt'}",
        f"--service-account-key-file={pki / 'service-accounts.key'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--anonymous-auth=false",
        "--profiling=false",
        *more,
    ]


def controller_manager(binaries: Binaries, kubeconfig: Path, certificates: Path) -> list[str | Path]:
    """Return the controllers, serving nothing themselves."""
    return [
        binaries["kube-controller-manager"],
        f"--kubeconfig={kubeconfig}",
        f"--service-account-private-key-file={certificates / 'service-accounts.key'}",
        f"--root-ca-file={certificates / 'authority.crt'}",
        "--use-service-account-credentials=true",
        f"--cluster-cidr={PODS}",
        "--allocate-node-cidrs=true",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def scheduler(binaries: Binaries, kubeconfig: Path) -> list[str | Path]:
    """Return the scheduler, serving nothing itself."""
    return [binaries["kube-scheduler"], f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
