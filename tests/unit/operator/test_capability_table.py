"""docs/operating.md claims a capability only with a test that proves it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECTION = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8").partition("## Capability levels")[2].partition("\n## ")[0]
TABLE = [line for line in SECTION.splitlines() if line.startswith("| ")]


def test_every_test_that_the_table_names_exists() -> None:
    """A capability whose test was renamed or taken away is no longer claimed."""
    proofs = [name for line in TABLE for name in re.findall(r"`([^`]+)`", line.split("|")[3])]
    named = {name for name in proofs if name.startswith("test_")}
    files = {name for name in proofs if name.startswith("tests/")}
    defined = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= defined
    assert all((ROOT / file).is_file() for file in files)


def test_every_capability_has_a_proof() -> None:
    """No row without one."""
    rows = [line.split("|") for line in TABLE if "proven by" not in line and "---" not in line]
    assert len(rows) > 10
    assert all("tests/" in row[3] or "test_" in row[3] for row in rows)
