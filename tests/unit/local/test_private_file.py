"""Files that only their owner reads."""

from pathlib import Path

from tests.local.private_file import write_private


def test_a_secret_is_private_whatever_the_umask_and_the_file_before(tmp_path: Path) -> None:
    """A file that everybody could read is replaced by one of mode 0600, and no draft stays."""
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]
