"""The console script `caixa-fluxo`: `api` and `relay` serve, `migrate` and `reemitir` work once, `verificar-recibos` is for anyone."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from caixa_comum import command_line, logs, migrations
from caixa_comum.command_line import Command
from caixa_comum.process import stop_event
from caixa_comum.settings import DatabaseSettings, load
from caixa_fluxo import api as api_process
from caixa_fluxo import reemission_command, relay_process, verification_command
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


async def reemitir(environ: Mapping[str, str], arquivo: Path) -> None:
    """Hand over again the events whose ids a file names, one a line."""
    logs.configure("info", "fluxo-reemitir")
    if await reemission_command.run(environ, arquivo):
        sys.exit(reemission_command.UNKNOWN)


def verificar_recibos(environ: Mapping[str, str], recibos: Path, lancamentos: Path) -> int:
    """Verify the receipts of closed days from two NDJSON exports, without database or network."""
    del environ
    return verification_command.verify(recibos, lancamentos)


def main() -> NoReturn:
    """Run the command named on the command line."""
    commands: dict[str, Command] = {
        "api": api,
        "relay": relay,
        "migrate": migrate,
        "reemitir": reemitir,
        "verificar-recibos": verificar_recibos,
    }
    command_line.run("caixa-fluxo", commands)
