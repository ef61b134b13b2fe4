"""Files that only this user may read, from their first byte on."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write or replace a file of mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
