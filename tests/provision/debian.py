"""Debian's packages: installed where missing, and never started as services of the system."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.provision.command import run
from tests.provision.lock import held
from tests.provision.progress import step

POLICY = Path("/usr/sbin/policy-rc.d")
LOCK = Path("/var/lock/caixa-provision.lock")
WAIT_FOR_APT = ("-o", "DPkg::Lock::Timeout=300")


class CannotInstall(RuntimeError):
    """Packages are missing and this process may not install them; the message names the one command that does."""


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those of the packages that dpkg does not report as installed."""
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n", *packages], capture_output=True, text=True, check=False
    )
    installed = {line.split()[0] for line in listed.stdout.splitlines() if line.split()[1:2] == ["ii"]}
    return [name for name in packages if name not in installed]


def install(*packages: str) -> None:
    """Install the packages that are missing, without starting any service that they bring.

    Raises CannotInstall where that needs Debian or root and one of the two is not given.
    """
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        raise CannotInstall(f"this needs {', '.join(packages)}, which Caixa installs itself on Debian and Ubuntu only")
    if not (absent := missing(packages)):
        return
    if os.geteuid() != 0:
        raise CannotInstall(f"packages are missing; install them with: sudo apt-get install --no-install-recommends {' '.join(absent)}")
    with held(LOCK), step(f"installing {', '.join(absent)}"), _services_stay_down():
        if not (absent := missing(packages)):
            return
        environ = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", *WAIT_FOR_APT, "update", "-qq"], environ=environ)
        run(["apt-get", *WAIT_FOR_APT, "install", "-y", "-qq", "--no-install-recommends", *absent], environ=environ)


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Have invoke-rc.d refuse to start services while packages are installed (101, as policy-rc.d's specification says)."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
