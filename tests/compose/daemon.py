"""A Docker daemon of the tests' own, in namespaces of its own: its bridges, packet filter, mounts and processes end with one process."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.demo.images_store import overlay_works
from tests.kubernetes import processes
from tests.kubernetes.folders import cache
from tests.kubernetes.waiting import TimedOut, until
from tests.provision import debian
from tests.provision.command import run

RUN = Path("/run/caixa-docker")
SOCKET = RUN / "docker.sock"
DATA = cache() / "docker"
NAME = "dockerd"
GROUP = "caixa-docker"
"""The control group of all containers."""
CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
LOOPBACK_FIRST = 'ip link set lo up && exec "$@"'


def why_not() -> str | None:
    """Say why this machine cannot run the daemon, or None when it can."""
    if os.geteuid() != 0:
        return "a Docker daemon needs root"
    if shutil.which("unshare") is None or subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, check=False).returncode:
        return "this machine does not let root make namespaces (unshare)"
    if shutil.which("dockerd", path=_path()) is None and shutil.which("apt-get") is None:
        return "there is no dockerd, and it is installed on Debian and Ubuntu only"
    return None


def command(driver: str) -> list[str | Path]:
    """Return the command line of a daemon that shares nothing with one of the system's, nor its network with this machine."""
    return [
        "unshare",
        *NAMESPACES,
        *("sh", "-c", LOOPBACK_FIRST, "sh"),
        "dockerd",
        f"--host=unix://{SOCKET}",
        f"--data-root={DATA}",
        f"--exec-root={RUN / 'exec'}",
        f"--pidfile={RUN / 'docker.pid'}",
        f"--config-file={RUN / 'daemon.json'}",
        f"--storage-driver={driver}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        f"--cgroup-parent=/{GROUP}",
    ]


def start() -> None:
    """Install the daemon where it is missing, start it and wait until it answers. Raises TimedOut with the end of its log."""
    if shutil.which("dockerd", path=_path()) is None:
        debian.install("docker.io")
    if shutil.which("docker") is None:
        debian.install("docker-cli")  # a package of its own in newer releases
    RUN.mkdir(mode=0o700, parents=True)
    DATA.mkdir(mode=0o700, parents=True)
    (RUN / "daemon.json").write_text("{}\n")  # not the system's
    processes.start(NAME, command("overlay2" if overlay_works(DATA) else "vfs"), RUN)
    try:
        until("dockerd answers", _answers, seconds=90)
    except TimedOut as late:
        raise TimedOut(f"{late}; the end of its log:\n{processes.log_tail(RUN, NAME)}") from late


def load(archives: Iterable[Path]) -> None:
    """Load images from archives."""
    for archive in archives:
        run(["docker", "load", "--quiet", "--input", archive], environ=client(), timeout=600)


def client() -> dict[str, str]:
    """Return the environment in which `docker` speaks to this daemon, with no configuration of the user's."""
    return {"DOCKER_HOST": f"unix://{SOCKET}", "DOCKER_CONFIG": str(RUN / "client")}


def pid() -> int:
    """Return a process in the daemon's network. Raises RuntimeError when it does not run."""
    if (found := processes.pid_of(RUN, NAME)) is None:
        raise RuntimeError(f"dockerd does not run; the end of its log:\n{processes.log_tail(RUN, NAME)}")
    return found


def clean() -> None:
    """End the daemon and all that it started, and remove what it wrote; also after a run that was cut off."""
    processes.stop(RUN, NAME, grace=0)  # SIGKILL ends its namespace of processes, and mounts and networks with the last of them
    until("the containers' processes end", lambda: not _pids(), seconds=60)
    for group in sorted(_groups(), key=lambda path: -len(path.parts)):
        group.rmdir()
    shutil.rmtree(DATA, ignore_errors=True)
    shutil.rmtree(RUN, ignore_errors=True)


def found() -> list[str]:
    """List everything that is left of a daemon; empty after `clean`."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    lines = [f"process {pid}" for pid in sorted(_pids())]
    lines += [f"mount {point}" for point in mounts if point.startswith((f"{DATA}/", f"{RUN}/"))]
    lines += [f"control group {path}" for path in _groups()]
    return lines + [f"folder {path}" for path in (DATA, RUN) if path.exists()]


def _answers() -> bool:
    pid()
    return subprocess.run(["docker", "info"], env={**os.environ, **client()}, capture_output=True, check=False).returncode == 0


def _pids() -> set[int]:
    """List processes of the daemon's: those that its folders name, and those in its containers."""
    named = {pid for pid, line in processes.command_lines().items() if f"{RUN}/" in line and pid != os.getpid()}
    return named | {int(pid) for group in _groups() for pid in (group / "cgroup.procs").read_text().split()}


def _groups() -> list[Path]:
    tops = [path for path in (CGROUPS / GROUP, *CGROUPS.glob(f"*/{GROUP}")) if path.is_dir() and not path.parent.is_symlink()]
    return [group for top in tops for group in (top, *(path for path in top.rglob("*/") if path.is_dir()))]


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
