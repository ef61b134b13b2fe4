"""The demo's notes are for their owner, and a broken file is no notes."""

from pathlib import Path

from tests.demo.demo_notes import Credentials, Merchant, Notes, forget, read, write

NOTES = Notes(gateway="http://127.0.0.1:1", admin=Credentials("a", "b"), merchant=Merchant("m", "c", "d"), kubeconfig="/k")


def test_notes_are_read_back(tmp_path: Path) -> None:
    """What was written is read, by its owner only, until it is forgotten."""
    path = tmp_path / ".caixa" / "demo.json"
    write(NOTES, path)
    assert read(path) == NOTES
    assert path.stat().st_mode & 0o777 == 0o600
    forget(path)
    assert read(path) is None


def test_a_broken_file_is_no_notes(tmp_path: Path) -> None:
    """A file that was cut off, or has another shape, is as none."""
    for text in ("", "{", "[]", '{"gateway": 1}'):
        (tmp_path / "demo.json").write_text(text)
        assert read(tmp_path / "demo.json") is None
