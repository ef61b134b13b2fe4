"""The node's images: kept from one run to the next, as loading them takes longer than all the rest."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.kubernetes.containerd import ctr
from tests.kubernetes.folders import IMAGES
from tests.provision.command import CommandFailed
from tests.provision.progress import step

CLEAN = IMAGES / "clean"
LOADED = IMAGES / "loaded.json"
IMPORT_SECONDS = 600.0


def prepare() -> None:
    """Begin with an empty store unless the last run left one without containers; until `close` this run's is not clean either."""
    if not CLEAN.exists():
        forget()
    IMAGES.mkdir(parents=True, exist_ok=True)
    CLEAN.unlink(missing_ok=True)


def close() -> None:
    """While containerd still runs: remove every container, whose processes have ended, and note that the store is clean."""
    try:
        for task in ctr("tasks", "ls", "--quiet").split():
            ctr("tasks", "rm", "--force", task)
        for container in ctr("containers", "ls", "--quiet").split():
            ctr("containers", "rm", container)
        CLEAN.touch()
    except (CommandFailed, OSError, subprocess.TimeoutExpired):
        return  # the next run begins with an empty store


def forget() -> None:
    """Delete the store."""
    shutil.rmtree(IMAGES, ignore_errors=True)


def load(archives: Mapping[str, Path]) -> None:
    """Load the images, by name the archives that hold them, that are not loaded yet, and forget older versions of them.

    An archive is known by its path, size and time. Raises CommandFailed.
    """
    known: dict[str, str] = json.loads(LOADED.read_text()) if LOADED.exists() else {}
    for name, archive in archives.items():
        facts = archive.stat()
        seen = f"{archive}:{facts.st_size}:{facts.st_mtime_ns}"
        if known.get(name) != seen:
            with step(f"loading {name}"):
                ctr("images", "import", str(archive), timeout=IMPORT_SECONDS)
            known[name] = seen
    for name in outdated(ctr("images", "ls", "--quiet").split(), archives):
        ctr("images", "rm", name)
        known.pop(name, None)
    LOADED.write_text(json.dumps(known, indent=1))


def outdated(present: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the images that have the name of a wanted one, and another tag."""
    names = {image.rpartition(":")[0] for image in wanted}
    return [image for image in present if image.rpartition(":")[0] in names and image not in wanted]


def name_again(names: Mapping[str, str]) -> None:
    """Give loaded images, the keys, a further name each: a manifest then finds them under the name that is published."""
    for image, name in names.items():
        ctr("images", "tag", "--force", image, name)
