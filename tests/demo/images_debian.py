"""Base images made of Debian's packages, so that no image registry is needed: Python, MySQL and RabbitMQ, laid out as the official ones."""

import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from tests.demo.images_store import Store
from tests.provision.command import run
from tests.provision.progress import Step

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
BOOTSTRAP_SECONDS = 900.0


class Recipe(msgspec.Struct, frozen=True):
    """What an image is made of: packages of one Debian suite, then shell commands run on its root folder `$1`."""

    image: str
    suite: str
    packages: tuple[str, ...]
    path: str = PATH
    customize: str = "true"

    def digest(self) -> str:
        """Ten hex digits that change when the recipe does."""
        return hashlib.sha256(msgspec.json.encode([self, LEFT_OUT])).hexdigest()[:10]


PYTHON = Recipe(
    image="docker.io/library/python:3.13-slim",
    suite="trixie",
    packages=("python3", "python3-venv", "python3-pip", "ca-certificates"),
    # As in the official image: `python` and `pip` are commands, and pip may install.
    customize='ln -s python3 "$1/usr/bin/python"; rm "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
)
MYSQL = Recipe(
    image="localhost/caixa-mysql:9.7",
    suite="sid",
    packages=("mysql-server-core", "mysql-client-core"),
    # The official image's user; mysqld itself comes without one.
    customize='mkdir -p "$1/var/lib/mysql" "$1/var/run/mysqld"; chown 999:999 "$1/var/lib/mysql" "$1/var/run/mysqld"',
)
RABBITMQ = Recipe(
    image="localhost/caixa-rabbitmq:4.0",
    suite="trixie",
    packages=("rabbitmq-server",),
    # Debian's /usr/sbin/rabbitmq-server insists on its own user; the official image runs as 999.
    path=f"/usr/lib/rabbitmq/bin:{PATH}",
    customize='chown -R 999:999 "$1/var/lib/rabbitmq" "$1/var/log/rabbitmq" "$1/etc/rabbitmq"',
)
RECIPES = (PYTHON, MYSQL, RABBITMQ)


def ensure(store: Store, recipes: tuple[Recipe, ...], step: Step) -> None:
    """Build those images that the store lacks, or has by another recipe; their packages are unpacked at the same time."""
    stale = [recipe for recipe in recipes if not store.exists(_stamp(recipe))]
    if not stale:
        return
    with tempfile.TemporaryDirectory(prefix="caixa-debian-") as name, ThreadPoolExecutor() as pool:
        unpacked = [pool.submit(_unpack, recipe, Path(name)) for recipe in stale]
        for recipe, context in zip(stale, unpacked, strict=True):
            step.note(f"{recipe.image} from Debian {recipe.suite}")
            _build(store, recipe, context.result())


def _stamp(recipe: Recipe) -> str:
    return f"localhost/caixa-recipe:{recipe.digest()}"


def _unpack(recipe: Recipe, folder: Path) -> Path:
    context = folder / recipe.digest()
    context.mkdir()
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    run(
        [
            *("mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(recipe.packages)}", *left_out),
            '--aptopt=Acquire::Check-Valid-Until "false"',  # sid may be a snapshot
            '--aptopt=Acquire::Retries "5"',
            '--customize-hook=chmod 755 "$1"',
            f"--customize-hook={recipe.customize}",
            recipe.suite,
            context / "root.tar",
        ],
        timeout=BOOTSTRAP_SECONDS,
    )
    return context


def _build(store: Store, recipe: Recipe, context: Path) -> None:
    dockerfile = context / "Dockerfile"
    dockerfile.write_text(f"FROM scratch\nADD root.tar /\nENV PATH={recipe.path}\n")
    store.build(context, dockerfile, recipe.image)
    store.tag(recipe.image, _stamp(recipe))
