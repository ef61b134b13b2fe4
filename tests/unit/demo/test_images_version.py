"""The platform's version on a developer's machine."""

import fnmatch
import re
from pathlib import Path

import pytest

from tests.demo.images_version import sources, version

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with one file in each place that the images are made of."""
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml", "uv.lock"):
        (tmp_path / name).write_text(name)
    for member in ("operator", "services/comum", "services/fluxo", "services/gateway", "services/saldo"):
        (tmp_path / member / "src").mkdir(parents=True)
        (tmp_path / member / "pyproject.toml").write_text(member)
        (tmp_path / member / "src" / "code.py").write_text(member)
    return tmp_path


def test_the_version_is_the_same_until_something_that_goes_into_an_image_changes(repository: Path) -> None:
    """Caches and documentation leave the version as it is, so nothing is built again for them."""
    before = version(repository, ["a"])
    (repository / "README.md").write_text("words")
    (repository / "operator" / "src" / "__pycache__").mkdir()
    (repository / "operator" / "src" / "__pycache__" / "code.pyc").write_text("bytes")
    assert version(repository, ["a"]) == before
    assert re.fullmatch(r"dev-[0-9a-f]{10}", before)


@pytest.mark.parametrize(
    "changed", ["uv.lock", "Dockerfile", "services/saldo/pyproject.toml", "operator/src/code.py", "services/comum/src/new.py"]
)
def test_a_change_of_any_part_changes_the_version(repository: Path, changed: str) -> None:
    """An image can never be older than the sources it is named after."""
    before = version(repository, ["a"])
    (repository / changed).write_text("other")
    assert version(repository, ["a"]) != before


def test_a_file_that_moves_changes_the_version(repository: Path) -> None:
    """The place of a file counts, not only what it holds."""
    before = version(repository, ["a"])
    (repository / "operator" / "src" / "code.py").rename(repository / "operator" / "src" / "moved.py")
    assert version(repository, ["a"]) != before


def test_a_base_image_made_otherwise_changes_the_version(repository: Path) -> None:
    """A new recipe of a base image reaches the services' images."""
    assert version(repository, ["a"]) != version(repository, ["b"])


def test_everything_that_the_dockerfile_copies_is_hashed() -> None:
    """The list of sources cannot fall behind the Dockerfile."""
    hashed = {path.relative_to(ROOT).as_posix() for path in sources(ROOT)}
    copied = [
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert copied
    for word in copied:
        assert any(path == word or fnmatch.fnmatch(path, f"{word}/*") for path in hashed), word
