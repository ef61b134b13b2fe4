"""What a run of load tells at its end."""

import json
from pathlib import Path

import msgspec
import pytest

from load.check import Findings
from load.report import Latency, Report, table, write

FINE = Report(
    gateway="http://127.0.0.1:8080",
    rate=50,
    achieved=49.97,
    sent=1500,
    accepted_at_once=1490,
    accepted=1500,
    refused={},
    entries=Latency(5, 9, 20, 44),
    balances=Latency(3, 6, 10, 12),
    findings=Findings(1500, 4, 0.4, ()),
)


def test_a_run_without_loss_or_difference_is_right() -> None:
    """Entries that were repeated and then accepted are no loss, but are told apart."""
    assert FINE.right
    assert "1490  (99.33 %)" in table(FINE)
    assert "every entry exactly once" in table(FINE)


@pytest.mark.parametrize(
    "changed",
    [
        {"sent": 0, "accepted": 0},
        {"accepted": 1499, "refused": {"0": 1}},
        {"findings": Findings(1500, 4, 0.4, ("balance of 2026-11-23 …",))},
    ],
)
def test_loss_difference_or_nothing_sent_is_wrong(changed: dict[str, object]) -> None:
    """None of these may pass for a good run."""
    report = msgspec.structs.replace(FINE, **changed)
    assert not report.right
    assert "WRONG" in table(report)


def test_many_differences_do_not_flood_the_terminal() -> None:
    """The first ones are shown and the rest is counted."""
    report = msgspec.structs.replace(FINE, findings=Findings(1500, 4, 0.4, tuple(f"difference {number}." for number in range(50))))
    shown = table(report)
    assert "difference 9." in shown
    assert "difference 10." not in shown
    assert "and 40 more" in shown


def test_the_report_can_be_read_by_programs(tmp_path: Path) -> None:
    """The file says whether the run was right, and holds every figure."""
    write(FINE, tmp_path / ".caixa" / "load.json")
    kept = json.loads((tmp_path / ".caixa" / "load.json").read_text())
    assert kept["right"] is True
    assert kept["entries"]["p95"] == 9
