"""Every image of the platform, built here without a registry and cached by content: `python -m tests.demo.images`."""

import os
from pathlib import Path

import msgspec

from tests.demo import images_debian, images_store
from tests.demo.images_store import Store
from tests.demo.images_version import version
from tests.provision import debian
from tests.provision.lock import held
from tests.provision.progress import step

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("fluxo", "saldo", "gateway", "operator")
SERVERS = (images_debian.MYSQL, images_debian.RABBITMQ)
PACKAGES = ("buildah", "runc", "mmdebstrap", "ca-certificates", "debian-archive-keyring")


class Images(msgspec.Struct, frozen=True):
    """What was built: the platform's version (the services' tag) and, by image name, the archive that holds it."""

    version: str
    archives: dict[str, Path]


def image_name(service: str, tag: str) -> str:
    """Name the image of a service, as it is built and loaded."""
    return f"localhost/caixa-{service}:{tag}"


def home() -> Path:
    """Where images are cached: the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caixa" / "images"


def build_all() -> Images:
    """Build what changed since the last call, and return every image of the platform with its archive.

    A minute or two at first, then seconds when a source changed, and nothing at all when none did.
    Raises CannotInstall or CommandFailed, saying why.
    """
    tag = version(ROOT, [recipe.digest() for recipe in images_debian.RECIPES])
    wanted = {recipe.image: _archive(recipe.image, recipe.digest()) for recipe in SERVERS}
    wanted |= {name: _archive(name) for name in (image_name(service, tag) for service in SERVICES)}
    images = Images(version=tag, archives=wanted)
    if not all(path.exists() for path in wanted.values()):
        debian.install(*PACKAGES)
        with held(home() / "lock"), images_store.opened(home()) as store:
            _build(store, images)
            _forget_others(store, images)
    return images


def _archive(image: str, also: str = "") -> Path:
    words = image.removeprefix("localhost/").replace(":", "-")
    return home() / "archives" / f"{'-'.join(filter(None, (words, also)))}.tar"


def _build(store: Store, images: Images) -> None:
    with step("base images from Debian's packages (about a minute the first time)") as progress:
        images_debian.ensure(store, images_debian.RECIPES, progress)
    with step(f"Caixa's own images, {images.version}") as progress:
        for service in SERVICES:
            progress.note(service)
            store.build(ROOT, ROOT / "Dockerfile", image_name(service, images.version), "--target", service)
    with step("archives for loading"):
        for image, archive in images.archives.items():
            if not archive.exists():
                store.export(image, archive)


def _forget_others(store: Store, images: Images) -> None:
    """Keep only this version: sources change all day, and each version is a gigabyte."""
    for archive in (home() / "archives").iterdir():
        if archive not in images.archives.values():
            archive.unlink()
    store.remove(
        [name for name in store.names() if name.startswith("localhost/caixa-") and ":dev-" in name and name not in images.archives]
    )
    store.prune()


if __name__ == "__main__":
    for name, path in build_all().archives.items():
        print(f"{name}  {path}")
