"""The process `caixa-saldo migrate`: brings the schema to this release, once, before its other processes start."""

from collections.abc import Mapping

from caixa_comum import logs
from caixa_comum.migrations import upgrade
from caixa_comum.settings import DatabaseSettings, ServerSettings, load

PACKAGE = "caixa_saldo"


async def migrate(environ: Mapping[str, str]) -> None:
    """Bring the schema caixa_saldo to this release."""
    logs.configure(load(ServerSettings, environ).log_level, "saldo-migrate")
    await upgrade(load(DatabaseSettings, environ), PACKAGE)
