"""The pause image is a docker-archive that needs no builder."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.kubernetes.pause_image import IMAGE, write_archive


def test_the_archive_names_its_one_layer_by_its_hash(tmp_path: Path) -> None:
    """The configuration's diff id is the SHA-256 of the layer, which holds /pause as an executable."""
    (tmp_path / "pause").write_bytes(b"\x7fELF")
    with tarfile.open(write_archive(tmp_path / "pause", tmp_path / "pause.tar")) as archive:
        content = {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive}
    manifest = json.loads(content["manifest.json"])[0]
    assert manifest["RepoTags"] == [IMAGE]
    layer = content[manifest["Layers"][0]]
    assert json.loads(content[manifest["Config"]])["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        assert [(entry.name, entry.mode & 0o111 != 0) for entry in files] == [("pause", True)]
