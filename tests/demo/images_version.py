"""The platform's version on this machine: a hash of everything that goes into its images."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

LEFT_OUT = ("__pycache__", ".egg-info")
"""What .dockerignore keeps out of the folders below."""
SINGLE = ("Dockerfile", ".dockerignore", "pyproject.toml", "uv.lock")
MEMBERS = ("operator", "services/comum", "services/fluxo", "services/gateway", "services/saldo")


def sources(root: Path) -> list[Path]:
    """List the files that the Dockerfile copies, sorted."""
    return sorted([root / name for name in SINGLE] + [path for member in MEMBERS for path in _member(root / member)])


def version(root: Path, base_images: Iterable[str]) -> str:
    """`dev-` and ten hex digits that change when a source, its place, the Dockerfile or a base image's recipe does."""
    digest = hashlib.sha256()
    for line in base_images:
        digest.update(f"{line}\n".encode())
    for path in sources(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return f"dev-{digest.hexdigest()[:10]}"


def _member(folder: Path) -> Iterator[Path]:
    yield folder / "pyproject.toml"
    for path in (folder / "src").rglob("*"):
        if path.is_file() and not any(part.endswith(LEFT_OUT) for part in path.relative_to(folder).parts):
            yield path
