"""What is built is known by the content of its source."""

from pathlib import Path

from tests.kubernetes.binaries import content_hash, linker_flags
from tests.kubernetes.go import parse_version


def test_the_name_follows_the_content_and_not_the_place(tmp_path: Path) -> None:
    """Two checkouts with the same source share one build; another byte is another build."""
    for name in ("one", "two"):
        (tmp_path / name / "pause").mkdir(parents=True)
        (tmp_path / name / "pause" / "main.go").write_text("package main\n")
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")
    (tmp_path / "two" / "pause" / "main.go").write_text("package main \n")
    assert content_hash(tmp_path / "one") != content_hash(tmp_path / "two")


def test_the_binary_reports_its_version() -> None:
    """The linker is told the version that `kubectl version` prints."""
    assert "version.gitVersion=v1.35.4" in linker_flags("v1.35.4")
    assert "version.gitMinor=35" in linker_flags("v1.35.4")


def test_versions_of_go_are_read() -> None:
    """The version is read out of what `go version` prints, and out of nothing else."""
    assert parse_version("go version go1.26.8 linux/amd64") == (1, 26)
    assert parse_version("gollum 1.2") == (0, 0)
