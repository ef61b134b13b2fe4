"""buildah with a store of our own: builds, tags and exports in a private mount namespace, so that a cut-off run leaves no mounts."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.provision.command import run

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BUILD_SECONDS = 1800.0
MANY_IMAGES = 150


class Store:
    """One buildah store under `home`; use it inside `opened`, and by one process at a time."""

    def __init__(self, home: Path, driver: str, volatile: Path) -> None:
        self._home = home
        self._log = home / "build.log"
        places = ("--root", str(home / f"store-{driver}"), "--runroot", str(volatile))
        self._argv = ("unshare", "--mount", "buildah", "--storage-driver", driver, *places)

    def exists(self, image: str) -> bool:
        """Whether the store has the image."""
        return subprocess.run([*self._argv, "inspect", "--type", "image", image], capture_output=True, check=False).returncode == 0

    def names(self) -> list[str]:
        """Every name that an image has in the store."""
        listed = json.loads(run([*self._argv, "images", "--json"]) or "[]")
        return [name for image in listed for name in image.get("names") or ()]

    def build(self, context: Path, dockerfile: Path, image: str, *options: str) -> None:
        """Build the image from a Dockerfile; never pulls, and trusts this machine's certificates while building.

        Raises CommandFailed with the end of the build's log.
        """
        trusted = ("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro") if CERTIFICATES.exists() else ()
        words = ["bud", "--layers", "--isolation", "chroot", "--pull-never", *trusted, *options]
        self._run(*words, "--file", str(dockerfile), "--tag", image, str(context))

    def tag(self, image: str, name: str) -> None:
        """Give the image a further name."""
        self._run("tag", image, name)

    def remove(self, names: list[str]) -> None:
        """Take the names away, and the images that have no other."""
        if names:
            self._run("rmi", "--force", *names)

    def prune(self) -> None:
        """Forget cached layers once there are many; the next build makes those it needs again."""
        if len(json.loads(run([*self._argv, "images", "--all", "--json"]) or "[]")) > MANY_IMAGES:
            self._run("rmi", "--prune", "--force")

    def export(self, image: str, archive: Path) -> None:
        """Write the image as an archive that `ctr images import` and `docker load` read; the file is there whole or not at all."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        unfinished = archive.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        self._run("push", image, f"docker-archive:{unfinished}:{image}")
        unfinished.rename(archive)

    def _run(self, *words: str) -> None:
        temporary = self._home / "tmp"  # buildah keeps its `--mount=type=cache` folders here
        temporary.mkdir(parents=True, exist_ok=True)
        run([*self._argv, *words], log=self._log, environ={"TMPDIR": str(temporary)}, timeout=BUILD_SECONDS)


@contextmanager
def opened(home: Path) -> Iterator[Store]:
    """Open the store under `home`, forgetting the containers of a build that was cut off."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "build.log").unlink(missing_ok=True)
    volatile = Path(tempfile.mkdtemp(prefix="caixa-buildah-"))
    try:
        store = Store(home, "overlay" if overlay_works(home) else "vfs", volatile)
        store._run("rm", "--all")
        yield store
    finally:
        shutil.rmtree(volatile, ignore_errors=True)


def overlay_works(folder: Path) -> bool:
    """Whether the kernel mounts an overlay on this folder's file system (it does not on another overlay)."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        layers = {part: Path(name, part) for part in ("lowerdir", "upperdir", "workdir", "merged")}
        for layer in layers.values():
            layer.mkdir()
        merged = layers.pop("merged")
        options = ",".join(f"{part}={layer}" for part, layer in layers.items())
        mount = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, str(merged)]
        return subprocess.run(mount, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False).returncode == 0
