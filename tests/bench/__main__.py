"""`make bench`: the project's figures, ratios inside this run and what the operator costs, as a table and in .caixa/bench.json."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from caixa_comum import logs
from tests.bench.figure import Figure, table
from tests.bench.parts import PARTS, Bench, Part, chosen
from tests.provision import debian
from tests.provision.progress import step

RESULTS = Path(".caixa/bench.json")


def main() -> None:
    """Measure, print, write; exit code 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each figure (default 5)")
    parser.add_argument(
        "--only", default="", help=f"figures to measure, such as P3 or P4,P5 (default: {','.join(part.ids for part in PARTS)})"
    )
    arguments = parser.parse_args()
    try:
        parts = chosen(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    if any(part.stores for part in parts):
        debian.install("wrk")
    logs.configure("error", "bench")
    figures = measured(parts, arguments.rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
    print(f"\n{table(figures)}\n\n{RESULTS}")
    sys.exit(0 if all(one.met for one in figures) else 1)


def measured(parts: list[Part], rounds: int) -> list[Figure]:
    """Measure the parts one after the other, each on empty schemas."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="caixa-bench-") as name, ExitStack() as stack:
        bench = Bench(Path(name), rounds, stack)
        for part in parts:
            with step(f"{part.ids.replace(',', ', ')}: {part.title}") as current:
                if part.stores:
                    bench.empty()
                figures += part.measure(bench, current.note)
    return figures


if __name__ == "__main__":
    main()
