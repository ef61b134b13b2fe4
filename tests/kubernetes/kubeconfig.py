"""Kubeconfig files: the way into the API server for one user, with everything that it needs inside."""

import base64
import json
from pathlib import Path

from tests.kubernetes.certificates import Pair


def kubeconfig(server: str, authority: bytes, user: Pair, *, context: str = "caixa") -> str:
    """Return the text of a kubeconfig (JSON, which is YAML) that holds the certificates themselves, so that it can be copied anywhere."""

    def text(data: bytes) -> str:
        return base64.b64encode(data).decode()

    cluster = {"server": server, "certificate-authority-data": text(authority)}
    credentials = {"client-certificate-data": text(user.certificate), "client-key-data": text(user.key)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": credentials}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    return json.dumps(document, indent=1) + "\n"


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a file that only its owner may read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
