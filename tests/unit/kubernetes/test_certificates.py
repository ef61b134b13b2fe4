"""Certificates satisfy verifiers that are strict about RFC 5280."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from tests.kubernetes.certificates import Authority
from tests.kubernetes.credentials import write_admin, write_certificates


def test_a_server_certificate_is_verified_strictly(tmp_path: Path) -> None:
    """A client with VERIFY_X509_STRICT, as Python 3.13 has by default, accepts the server for its name."""
    write_certificates(tmp_path, Authority("test"), ["localhost", "127.0.0.1"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "api-server.crt", tmp_path / "api-server.key")
    client = ssl.create_default_context(cafile=str(tmp_path / "authority.crt"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    left, right = socket.socketpair()
    thread = threading.Thread(target=lambda: server.wrap_socket(right, server_side=True).close())
    thread.start()
    with client.wrap_socket(left, server_hostname="localhost") as wrapped:
        assert wrapped.version() == "TLSv1.3"
    thread.join()


def test_user_and_groups_are_in_the_subject() -> None:
    """Kubernetes reads a client's user from CN and its groups from O."""
    pair = Authority("test").issue("system:node:caixa", groups=["system:nodes"])
    subject = x509.load_pem_x509_certificate(pair.certificate).subject.rfc4514_string()
    assert sorted(subject.split(",")) == ["CN=system:node:caixa", "O=system:nodes"]


@pytest.mark.parametrize("name", ["kubeconfig", "admin.key"])
def test_what_holds_a_key_is_for_its_owner_only(tmp_path: Path, name: str) -> None:
    """Files with private keys have mode 0600."""
    write_admin(tmp_path, Authority("test"), "https://127.0.0.1:6443", tmp_path / "kubeconfig")
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
