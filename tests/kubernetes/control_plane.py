"""A real API server and its etcd, and nothing else: what the operator's tests talk to. Needs neither root nor Debian.

There are no controllers: nothing makes pods of a Deployment or collects children of what was deleted.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from tests.kubernetes import components, processes
from tests.kubernetes.binaries import Binaries, binaries
from tests.kubernetes.certificates import Authority
from tests.kubernetes.credentials import is_ready, write_admin, write_certificates
from tests.kubernetes.ports import free_ports
from tests.kubernetes.waiting import TimedOut, until

PREFIX = "caixa-control-plane-"
ATTEMPTS = 3
READY_SECONDS = 90.0
API_SERVER = "kube-apiserver"


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane: its administrator's kubeconfig, its URL and the folder of its logs."""

    kubeconfig: Path
    folder: Path
    api: components.Api
    command: tuple[str | Path, ...]
    """What the API server is started by."""

    @property
    def server(self) -> str:
        """Its URL."""
        return self.api.server

    def stop_api(self) -> None:
        """End the API server; etcd keeps what it knew."""
        processes.stop(self.folder, API_SERVER, grace=5)

    def start_api(self) -> None:
        """Start it again, and return when it answers. Raises TimedOut."""
        processes.start(API_SERVER, self.command, self.folder)
        until("the API server answers again", lambda: is_ready(self.server, self.api.certificates), seconds=READY_SECONDS)

    def forget(self, revision: int) -> None:
        """Compact etcd: what had changed up to this revision can no longer be asked for, as happens every five minutes anyway."""
        body = json.dumps({"revision": revision, "physical": True}).encode()
        with urlopen(Request(f"http://{components.LOOPBACK}:{self.api.etcd_port}/v3/kv/compaction", body), timeout=30) as answer:
            answer.read()


@contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """Run etcd and kube-apiserver in a temporary folder on free ports, and leave nothing behind.

    Raises TimedOut, with the end of the logs, when they do not become ready.
    """
    built = binaries()
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield _started(built, folder)
    finally:
        _remove(folder)


def _started(built: Binaries, folder: Path) -> ControlPlane:
    """Start both; a port that somebody took between choosing and listening costs another attempt."""
    certificates = folder / "certificates"
    authority = Authority("caixa-control-plane")
    write_certificates(certificates, authority, ["localhost", components.LOOPBACK])
    for attempt in range(1, ATTEMPTS + 1):
        port, etcd_port, peer_port = free_ports(3)
        api = components.Api(components.LOOPBACK, port, etcd_port, certificates)
        path = write_admin(certificates, authority, api.server, folder / "kubeconfig")
        alone = ("--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount")  # as controllers would be needed
        processes.start("etcd", components.etcd(built, folder / f"etcd-{attempt}", etcd_port, peer_port), folder)
        command = components.api_server(built, api, *alone)
        processes.start(API_SERVER, command, folder)
        with contextlib.suppress(TimedOut):
            until("the API server answers or ends", lambda api=api: _settled(api, folder), seconds=READY_SECONDS)  # type: ignore[misc]
            if is_ready(api.server, certificates):
                return ControlPlane(path, folder, api, tuple(command))
        tails = "\n".join(processes.log_tail(folder, name) for name in ("etcd", API_SERVER))
        _stop(folder)
    raise TimedOut(f"the control plane did not start in {ATTEMPTS} attempts:\n{tails}")


def _settled(api: components.Api, folder: Path) -> bool:
    dead = any(processes.pid_of(folder, name) is None for name in ("etcd", API_SERVER))
    return dead or is_ready(api.server, api.certificates)


def _stop(folder: Path) -> None:
    for name in (API_SERVER, "etcd"):
        processes.stop(folder, name, grace=5)


def _remove(folder: Path) -> None:
    _stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(temporary: Path) -> None:
    """End what a test run that was killed has left: folders are named for the process that made them."""
    for folder in temporary.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if not Path(f"/proc/{owner}").exists() and folder.stat().st_uid == os.geteuid():
            _remove(folder)
