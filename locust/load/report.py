"""The run in a table for people, and in `.caixa/load.json` for programs."""

from pathlib import Path

import msgspec

from load.check import Findings

SHOWN = 10


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from when a request was due to its first answer."""

    p50: float
    p95: float
    p99: float
    max: float


class Report(msgspec.Struct, frozen=True):
    """One run of load."""

    gateway: str
    rate: float
    """Entries a second that were asked for."""
    achieved: float
    """Entries a second that were sent."""
    sent: int
    accepted_at_once: int
    accepted: int
    refused: dict[str, int]
    """Last answers other than 201 by status; `0` stands for none."""
    entries: Latency
    balances: Latency
    findings: Findings

    @property
    def right(self) -> bool:
        """Whether entries were sent, none was lost, and everything adds up."""
        return self.sent > 0 and self.accepted == self.sent and not self.findings.differences


def table(report: Report) -> str:
    """Lay the report out for a terminal."""
    found = report.findings
    lost = report.sent - report.accepted
    rows = [
        ("gateway", report.gateway),
        ("entries sent", f"{report.sent}  ({report.achieved:.1f}/s of {report.rate:g}/s asked for)"),
        ("accepted at once", f"{report.accepted_at_once}  ({_share(report.accepted_at_once, report.sent)})"),
        ("accepted in the end", f"{report.accepted}  ({_share(report.accepted, report.sent)})"),
        ("lost or refused", f"{lost}{''.join(f'  {count} answered {status}' for status, count in report.refused.items())}"),
        ("POST /lancamentos", _latency(report.entries)),
        ("GET /saldos/atual", _latency(report.balances)),
        ("entries read back", f"{found.entries}, each compared with what was accepted"),
        ("balances compared", f"{found.balances}, right {found.catch_up_seconds:.1f} s after the last answer"),
        ("verdict", "every entry exactly once, every balance exact" if report.right else "WRONG"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    lines += [f"  ✗ {difference}" for difference in found.differences[:SHOWN]]
    if len(found.differences) > SHOWN:
        lines.append(f"  ✗ … and {len(found.differences) - SHOWN} more")
    return "\n".join(lines)


def write(report: Report, path: Path) -> None:
    """Keep the report as JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"right": report.right, **msgspec.to_builtins(report)}), indent=2) + b"\n")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "nothing was sent"


def _latency(latency: Latency) -> str:
    return f"p50 {latency.p50:.0f}  p95 {latency.p95:.0f}  p99 {latency.p99:.0f}  max {latency.max:.0f} ms, from when it was due"
