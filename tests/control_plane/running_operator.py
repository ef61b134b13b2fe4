"""The operator's real process, as its image starts it, with the chart's rights and nothing else."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.control_plane.installed import NAMESPACE, Installed
from tests.kubernetes.ports import free_ports
from tests.kubernetes.waiting import until

WORDS = ("-m", "kopf", "run", "--standalone", "--all-namespaces", "--module=caixa_operator.main")
RESYNC_SECONDS = 20


@dataclass
class RunningOperator:
    """One process after the other: each `start` begins a new one."""

    rights: Installed
    log: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    starts: int = 0
    elected: bool = True
    """Whether it competes for the Lease, as in production."""

    def start(self) -> None:
        """Begin a process."""
        (self.port,) = free_ports(1)
        own = {
            "KUBECONFIG": str(self.rights.kubeconfig),
            **({"CAIXA_NAMESPACE": NAMESPACE} if self.elected else {}),
            "CAIXA_MANAGEMENT_PORT": str(self.port),
            "CAIXA_RESYNC_SECONDS": str(RESYNC_SECONDS),
        }
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *WORDS], env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.starts += 1

    @property
    def ended(self) -> bool:
        """Tell whether it has ended by itself, such as after a Lease that it could not renew."""
        return self.process is not None and self.process.poll() is not None

    def serves(self) -> bool:
        """Tell whether it answers on its management port."""
        return self.text("/saude/viva") is not None

    def text(self, path: str) -> str | None:
        """Return what it answers, or None where it does not."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            return None

    def await_serving(self) -> None:
        """Wait until it answers. Raises TimedOut."""
        until("the operator's process answers", self.serves, seconds=120, pause=0.1)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None
