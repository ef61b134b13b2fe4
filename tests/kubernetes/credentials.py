"""The certificates and kubeconfigs of one cluster, on disk where its components read them."""

import contextlib
import ssl
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.kubernetes.certificates import Authority, new_key, private_key_pem
from tests.kubernetes.kubeconfig import kubeconfig, write_private


def write_certificates(folder: Path, authority: Authority, hosts: Sequence[str]) -> None:
    """Write what the API server reads: the authority's certificate, its own pair, and the key of service account tokens."""
    write_private(folder / "authority.crt", authority.certificate)
    write_private(folder / "service-accounts.key", private_key_pem(new_key()))
    _write_pair(folder, authority, "api-server", "kube-apiserver", hosts=hosts)


def write_kubelet_client(folder: Path, authority: Authority) -> None:
    """Write the pair with which the API server calls the kubelet (for logs and exec)."""
    _write_pair(folder, authority, "kubelet-client", "kube-apiserver-kubelet-client", groups=["system:masters"])


def write_client(folder: Path, authority: Authority, file: str, user: str) -> None:
    """Write a user's pair for a component that reads no kubeconfig."""
    _write_pair(folder, authority, file, user)


def write_admin(folder: Path, authority: Authority, server: str, path: Path) -> Path:
    """Write the administrator's certificate and kubeconfig."""
    _write_pair(folder, authority, "admin", "admin", groups=["system:masters"])
    return write_user(path, authority, server, "admin", ["system:masters"])


def write_user(path: Path, authority: Authority, server: str, user: str, groups: Sequence[str] = ()) -> Path:
    """Write a kubeconfig for one user."""
    return write_private(path, kubeconfig(server, authority.certificate, authority.issue(user, groups=groups)))


def is_ready(server: str, certificates: Path) -> bool:
    """Whether the API server says that all of it is ready; asked with the administrator's certificate."""
    with contextlib.suppress(OSError):
        context = ssl.create_default_context(cafile=str(certificates / "authority.crt"))
        context.load_cert_chain(certificates / "admin.crt", certificates / "admin.key")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with direct.open(f"{server}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    return False


def _write_pair(folder: Path, authority: Authority, file: str, name: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()) -> None:
    pair = authority.issue(name, groups=groups, hosts=hosts)
    write_private(folder / f"{file}.crt", pair.certificate)
    write_private(folder / f"{file}.key", pair.key)
