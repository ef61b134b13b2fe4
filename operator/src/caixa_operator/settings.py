"""What the operator itself is told by its environment: defaults for every CashBox that does not say otherwise."""

from importlib.metadata import version
from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's settings, each from `CAIXA_<NAME>`."""

    images_registry: str = "docker.io/caixa"
    images_version: str = version("caixa-operator")
    images_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    mysql_image: str = "docker.io/library/mysql:9.7"
    rabbitmq_image: str = "docker.io/library/rabbitmq:4.0-management"
    resync_seconds: int = 60
    namespace: str = ""
    """The operator's own; without one (a developer's machine) it competes with no other for a Lease."""
    lease_seconds: int = 30
    """After so long without a renewal, another operator may take over. An API server that hundreds of CashBoxes fall upon answers late."""
    watch_namespaces: str = ""
    """The only namespaces that are watched, with commas between; kopf is told the same by its arguments. All where none is named."""
    host: str = "127.0.0.1"
    management_port: int = 9000
    log_level: str = "info"

    @property
    def watched(self) -> tuple[str, ...]:
        """The namespaces to watch; none stands for all."""
        return namespaces(self.watch_namespaces)


def namespaces(written: str) -> tuple[str, ...]:
    """Read names with commas between."""
    return tuple(name.strip() for name in written.split(",") if name.strip())
