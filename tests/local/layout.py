"""Where a run of `make up` keeps what: everything below one root, so that the tests have roots of their own."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_ROOT = Path(__file__).resolve().parents[2] / ".caixa"


@dataclass(frozen=True)
class Layout:
    """The files of a run below `root`."""

    root: Path

    @property
    def up(self) -> Path:
        """The folder that exists while the platform runs: data, logs, configuration."""
        return self.root / "up"

    @property
    def notes(self) -> Path:
        """Addresses and credentials, for people and programs."""
        return self.root / "up.json"

    @property
    def state(self) -> Path:
        """What `status` needs."""
        return self.up / "state.json"

    @property
    def lock(self) -> Path:
        """Held by `up` and `down`, one at a time."""
        return self.root / "up.lock"

    @property
    def mysql(self) -> Path:
        """The database server's folder."""
        return self.up / "mysql"

    @property
    def rabbitmq(self) -> Path:
        """The broker's folder."""
        return self.up / "rabbitmq"
