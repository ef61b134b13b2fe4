"""`make simulate-scaling`: four loads through four autoscalers, as a table, as rows in .caixa/scaling.json and as a picture."""

from pathlib import Path

import msgspec

from tests.simulation.plot import drawn
from tests.simulation.replay import POLICIES, Row, replay, row
from tests.simulation.traces import TRACES

ROOT = Path(__file__).parents[2]
ROWS = ROOT / ".caixa" / "scaling.json"
PICTURE = ROOT / "docs" / "images" / "scaling.svg"


def table(rows: list[Row]) -> str:
    """Write rows for people."""
    head = f"{'load':<8}{'autoscaler':<12}{'peak backlog':>14}{'drained in':>14}{'pods x seconds':>16}"
    lines = [f"{one.trace:<8}{one.policy:<12}{one.peak_backlog:>14,}{one.drain_seconds:>12,} s{one.replica_seconds:>16,}" for one in rows]
    return "\n".join([head, *lines])


def main() -> None:
    """Simulate, print and write."""
    rows = [row(trace, policy) for trace in TRACES for policy in POLICIES]
    print(table(rows))
    ROWS.parent.mkdir(exist_ok=True)
    ROWS.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn({one.name: {name: replay(one, make(one.least)) for name, make in POLICIES.items()} for one in TRACES}))
    print(f"\n{ROWS.relative_to(ROOT)}  {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
