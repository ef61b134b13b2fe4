"""The console script `caixa-fluxo`: `api`, `relay` and `migrate` serve and `verificar-recibos` is for anyone."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from caixa_comum import command_line, logs, migrations
from caixa_comum.command_line import Command
from caixa_comum.process import stop_event
from caixa_comum.settings import DatabaseSettings, load
from caixa_fluxo import api as api_process
from caixa_fluxo import relay_process, verification_command
from caixa_fluxo.relay_metrics import RelayMetrics
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
    await relay_process.run(settings, RelayMetrics(), stop_event())


async def migrate(environ: Mapping[str, str]) -> None:
    """Bring the schema to this release's revision."""
    logs.configure("info", "fluxo-migrate")
    await migrations.upgrade(load(DatabaseSettings, environ), "caixa_fluxo")


def verificar_recibos(environ: Mapping[str, str], recibos: Path, lancamentos: Path) -> int:
    """Verify the receipts of closed days from two NDJSON exports, without database or network."""
    del environ
    return verification_command.verify(recibos, lancamentos)


def main() -> NoReturn:
    """Run the command named on the command line."""
    commands: dict[str, Command] = {"api": api, "relay": relay, "migrate": migrate, "verificar-recibos": verificar_recibos}
    command_line.run("caixa-fluxo", commands)
