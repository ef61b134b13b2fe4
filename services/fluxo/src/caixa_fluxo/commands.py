"""The console script `caixa-fluxo`: `api`, `relay` and `migrate`."""

from collections.abc import Mapping
from typing import NoReturn

from caixa_comum import command_line, logs, migrations
from caixa_comum.process import stop_event
from caixa_comum.settings import DatabaseSettings, load
from caixa_fluxo import api as api_process
from caixa_fluxo import relay_process
from caixa_fluxo.settings import ApiSettings, RelaySettings


async def api(environ: Mapping[str, str]) -> None:
    """Serve the entries' API."""
    settings = load(ApiSettings, environ)
    logs.configure(settings.server.log_level, "fluxo-api")
    await api_process.run(settings, stop_event())


async def relay(environ: Mapping[str, str]) -> None:
    """Relay the outbox to the broker."""
    settings = load(RelaySettings, environ)
    logs.configure(settings.server.log_level, "fluxo-relay")
    await relay_process.run(settings, stop_event())


async def migrate(environ: Mapping[str, str]) -> None:
    """Bring the schema to this release's revision."""
    logs.configure("info", "fluxo-migrate")
    await migrations.upgrade(load(DatabaseSettings, environ), "caixa_fluxo")


def main() -> NoReturn:
    """Run the command named on the command line."""
    command_line.run("caixa-fluxo", {"api": api, "relay": relay, "migrate": migrate})
