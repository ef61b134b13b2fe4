"""`make bench`: the project's figures, each a ratio inside this run, as a table and in .caixa/bench.json."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from caixa_comum import logs, migrations
from tests.bench import consuming, lag, relaying, writing
from tests.bench.figure import Figure, table
from tests.issuer import Issuer
from tests.local.broker import Broker, broker
from tests.local.database import Database, database
from tests.provision import debian
from tests.provision.progress import step

RESULTS = Path(".caixa/bench.json")


def main() -> None:
    """Measure, print, write; exit code 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each figure (default 5)")
    rounds = parser.parse_args().rounds
    debian.install("wrk")
    logs.configure("error", "bench")
    with tempfile.TemporaryDirectory(prefix="caixa-bench-") as name:
        folder = Path(name)
        with ExitStack() as stack:
            with step("private database and broker"):
                servers = stack.enter_context(database(folder / "mysql"))
                queue = stack.enter_context(broker(folder / "rabbit"))
            figures = _figures(servers, queue, folder, rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
    print(f"\n{table(figures)}\n\n{RESULTS}")
    sys.exit(0 if all(one.met for one in figures) else 1)


def _figures(servers: Database, queue: Broker, folder: Path, rounds: int) -> list[Figure]:
    for service in ("fluxo", "saldo"):
        asyncio.run(migrations.upgrade(servers.settings(f"{service}_migration", f"caixa_{service}"), f"caixa_{service}"))
    figures: list[Figure] = []
    with Issuer() as issuer:
        with step("P1, P2: writing entries") as current:
            figures += writing.measure(servers, issuer, folder, rounds, current.note)
        servers.empty("caixa_fluxo", "caixa_saldo")
        with step("P4: relaying") as current:
            figures.append(asyncio.run(relaying.measure(servers, queue, rounds, current.note)))
        with step("P5: consuming") as current:
            figures.append(asyncio.run(consuming.measure(servers, queue, rounds, current.note)))
        servers.empty("caixa_fluxo", "caixa_saldo")
        with step("P7: the lag of a balance") as current:
            figures.append(lag.measure(servers, queue, issuer, folder, rounds, current.note))
    return figures


if __name__ == "__main__":
    main()
