"""The console script `caixa-gateway`: `api` and `migrate`."""

from collections.abc import Mapping
from typing import NoReturn

import uvloop

from caixa_comum import command_line, logs, migrations
from caixa_comum.process import stop_event
from caixa_comum.settings import DatabaseSettings, load
from caixa_gateway import api as api_process
from caixa_gateway.built_in import PACKAGE
from caixa_gateway.settings import read_settings


async def api(environ: Mapping[str, str]) -> None:
    """Serve the door."""
    settings = read_settings(environ)
    logs.configure(settings.server.log_level, "gateway")
    await api_process.run(settings, stop_event())


async def migrate(environ: Mapping[str, str]) -> None:
    """Bring the schema to this release's revision."""
    logs.configure("info", "gateway-migrate")
    await migrations.upgrade(load(DatabaseSettings, environ), PACKAGE)


def main() -> NoReturn:
    """Run the command named on the command line; on uvloop, for half of what the gateway does is moving bytes between sockets."""
    command_line.run("caixa-gateway", {"api": api, "migrate": migrate}, loop=uvloop.new_event_loop)
