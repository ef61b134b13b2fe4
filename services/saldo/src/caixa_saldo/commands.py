"""The command `caixa-saldo`."""

from typing import NoReturn

from caixa_comum.command_line import Command, run
from caixa_saldo.api_process import api
from caixa_saldo.consumer_process import consumer
from caixa_saldo.migrate_process import migrate
from caixa_saldo.missing_process import faltantes
from caixa_saldo.reconciliation_process import reconciliar
from caixa_saldo.replay_process import replay


def main() -> NoReturn:
    """Run the process that the command line names."""
    commands: dict[str, Command] = {
        "api": api,
        "consumer": consumer,
        "faltantes": faltantes,
        "migrate": migrate,
        "reconciliar": reconciliar,
        "replay": replay,
    }
    run("caixa-saldo", commands)
