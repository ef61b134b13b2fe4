"""`docker compose` for compose.yaml at the root, with the images that were built on this machine."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.compose import daemon
from tests.compose.binary import compose_binary
from tests.demo import images
from tests.demo.images_debian import MYSQL, RABBITMQ
from tests.provision.command import run

ROOT = Path(__file__).resolve().parents[2]
UP_SECONDS = 600.0
PLUGINS = daemon.RUN / "client" / "cli-plugins"
VOLUME = daemon.DATA / "volumes" / "caixa_configuration" / "_data"


def choice(version: str) -> dict[str, str]:
    """Return the variables by which compose.yaml takes images built here."""
    return {
        "CAIXA_REGISTRY": "localhost",
        "CAIXA_VERSION": version,
        "CAIXA_MYSQL_IMAGE": MYSQL.image,
        "CAIXA_RABBITMQ_IMAGE": RABBITMQ.image,
    }


@dataclass(frozen=True)
class Project:
    """The project on a daemon that runs; `version` is the tag of Caixa's images there."""

    version: str

    def compose(self, *words: str, timeout: float = 120.0) -> str:
        """Run `docker compose` with these words and return what it printed. Raises CommandFailed."""
        return run(["docker", "compose", *words], cwd=ROOT, environ={**daemon.client(), **choice(self.version)}, timeout=timeout)

    def up(self) -> None:
        """Bring the platform up as the file's head says; no image comes from elsewhere."""
        self.compose("up", "--detach", "--wait", "--no-build", "--pull", "never", timeout=UP_SECONDS)

    def containers(self) -> dict[str, Mapping[str, Any]]:  # Any: Docker's JSON
        """Return what `docker inspect` says of each service's container, ended ones included."""
        ids = self.compose("ps", "--all", "--quiet").split()
        listed = json.loads(run(["docker", "inspect", *ids], environ=daemon.client()))
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in listed}

    def refused(self, *words: str) -> str:
        """Run a command in a container that must fail, and return what it said."""
        environ = {**daemon.client(), **choice(self.version)}
        argv = ["docker", "compose", "exec", "-T", *words]
        done = subprocess.run(argv, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def picture(self) -> str:
        """Describe every container and its last words, for the report of a test that fails."""
        return self.compose("ps", "--all") + self.compose("logs", "--tail=15", "--no-color")


def begun() -> Project:
    """Build what is missing, start the daemon, and load the images. Raises CannotInstall, CommandFailed or TimedOut."""
    plugin, built = compose_binary(), images.build_all()
    daemon.start()
    PLUGINS.mkdir(parents=True)
    (PLUGINS / "docker-compose").symlink_to(plugin)
    daemon.load(built.archives.values())
    return Project(built.version)


def credentials() -> dict[str, dict[str, str]]:
    """Return what `prepare` generated, as only root of this machine can read it."""
    found: dict[str, dict[str, str]] = json.loads((VOLUME / "credentials.json").read_text())
    return found
