"""docs/api.md, run as it stands: what the guide shows works, and what it says of the answers is true."""

import re
import subprocess
import sys
from pathlib import Path

from tests.integration.local.up_command import REPOSITORY, Up
from tests.local.environment import minimal
from tests.provision import debian

GUIDE = REPOSITORY / "docs" / "api.md"
BLOCK = re.compile(r"^(?:#+ (?P<heading>[^\n]+)|```sh\n(?P<commands>.*?)^```)$", re.MULTILINE | re.DOTALL)


def script(guide: str) -> str:
    """Return the guide's ```sh blocks as one script, in one shell as a reader would have it, each announced by its heading."""
    lines, heading = ["set -euo pipefail"], ""
    for found in BLOCK.finditer(guide):
        if found["heading"] is not None:
            heading = found["heading"].replace("'", "")
        else:
            lines += [f"echo '§ {heading}'", found["commands"]]
    return "\n".join(lines)


def test_every_command_of_the_guide_works(up: Up, tmp_path: Path) -> None:
    """Each block of the guide, run by bash -euo pipefail with GATEWAY and credentials set, ends with 0; jq -e asserts the answers."""
    debian.install("curl", "jq")
    notes = up.notes
    environ = minimal(
        PATH=f"{Path(sys.executable).parent}:{minimal()['PATH']}",  # where caixa-fluxo is
        GATEWAY=notes["gateway"],
        ADMIN_ID=notes["admin"]["client_id"],
        ADMIN_SECRET=notes["admin"]["client_secret"],
        CLIENT_ID=notes["merchant"]["client_id"],
        CLIENT_SECRET=notes["merchant"]["client_secret"],
    )
    text = script(GUIDE.read_text())
    assert text.count("§") == GUIDE.read_text().count("```sh")
    done = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def test_the_scripts_blocks_share_one_shell() -> None:
    """A variable that one block sets is there in the next, and a failing command ends the script."""
    guide = "# Um\n\n```sh\nX=1\n```\n\ntexto\n\n## Dois\n\n```sh\ntest $X = 1\nfalse | true\n```\n\n```json\n{}\n```\n"
    done = subprocess.run(["bash", "-c", script(guide)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "§ Um\n§ Dois\n")
