"""The image of the process that holds a pod's namespaces, written as an archive without any image builder."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

IMAGE = "localhost/caixa-pause:1"


def write_archive(binary: Path, archive: Path) -> Path:
    """Write a docker-archive with one layer that holds `/pause`; one that is there already and is the same stays untouched."""
    layer = _tar({"pause": binary.read_bytes()})
    configuration = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(configuration).encode(), "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    archive.parent.mkdir(parents=True, exist_ok=True)
    if not archive.exists() or archive.read_bytes() != _tar(files):
        archive.write_bytes(_tar(files))
    return archive


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _architecture() -> str:
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
