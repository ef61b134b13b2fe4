"""What a private server may know of its surroundings: where programs are, and nothing of this machine's configuration."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
"""Where the platform's console scripts are: beside this interpreter."""

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_ON = ("LANG", "LC_ALL", "TZ", "TMPDIR")


def minimal(**more: str) -> Mapping[str, str]:
    """Return PATH (the system's folders included, where servers live), locale, and what is given."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}", **kept, **more}
