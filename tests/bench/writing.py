"""P1 and P2: what a durable entry costs, and what sharing the transaction gains."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.figure import Figure, Target, figure
from tests.bench.wrk import posts
from tests.issuer import Issuer
from tests.local.database import Database
from tests.local.environment import minimal
from tests.local.platform import Running
from tests.local.ports import free_port
from tests.local.services import Program

P1 = Target("P1", "POST /lancamentos ÷ the same route without the database write", 0.6)
P2 = Target("P2", "group commit ÷ one transaction per request", 2.5)
SECONDS = 5.0
WARM_SECONDS = 2.0


def measure(database: Database, issuer: Issuer, folder: Path, rounds: int, say: Callable[[str], None]) -> list[Figure]:
    """Serve the three variants at once, one process each, and load them in turn; the idle ones cost nothing."""
    variants = {
        "shared": _process(database, issuer, ["caixa-fluxo", "api"], "100"),
        "single": _process(database, issuer, ["caixa-fluxo", "api"], "1"),
        "unwritten": _process(database, issuer, ["python", "-m", "tests.bench.without_database"], "100"),
    }
    running = {name: (Running(program, folder / f"{name}.log"), port) for name, (program, port) in variants.items()}
    rates: dict[str, list[float]] = {name: [] for name in variants}
    try:
        for one, _ in running.values():
            one.wait_ready()
        for number in range(rounds + 1):
            for name, (_, port) in running.items():
                rate = posts(port, issuer.token(), SECONDS if number else WARM_SECONDS, folder)
                if number:  # the first round only warms up
                    rates[name].append(rate)
                    say(f"round {number} of {rounds}: {name} {rate:,.0f}/s")
    finally:
        for one, _ in running.values():
            one.process.stop()
    return [
        figure(P1, rates["shared"], rates["unwritten"], "POST/s"),
        figure(P2, rates["shared"], rates["single"], "POST/s"),
    ]


def _process(database: Database, issuer: Issuer, command: list[str], rows: str) -> tuple[Program, int]:
    """Plan one API process; `command` is looked up beside this interpreter."""
    port, management_port = free_port(), free_port()
    tokens = issuer.settings()
    environ = minimal(
        **database.environ("fluxo", "caixa_fluxo"),
        CAIXA_PORT=str(port),
        CAIXA_MANAGEMENT_PORT=str(management_port),
        CAIXA_LOG_LEVEL="warning",
        CAIXA_TOKEN_ISSUER=tokens.token_issuer,
        CAIXA_JWKS_URL=tokens.jwks_url,
        CAIXA_GROUP_COMMIT_ROWS=rows,
    )
    argv = (str(Path(sys.executable).parent / command[0]), *command[1:])
    return Program(command[0], argv, environ, management_port), port
