"""What a fault left behind: what was seen, what did not hold, and how both are told. Pure."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

Seen = Mapping[str, int | float]


class Outcome(msgspec.Struct, frozen=True):
    """What one scenario counted, and which invariants or claims did not hold, each with what was found."""

    seen: Seen
    broken: Mapping[str, str]


UNFINISHED = Outcome({}, {"finished": "it did not"})


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results; `met` tells whether all held, or, of a control, whether exactly its loss was found."""

    id: str
    what: str
    times: int
    unit: str
    seen: Mapping[str, int | float | str]
    holds: str
    met: bool
    seconds: float = 0.0


def of_fault(fault_id: str, what: str, times: int, unit: str, outcome: Outcome) -> Line:
    """Judge a fault: met when nothing broke."""
    holds = "no: " + _pairs(outcome.broken, ": ") if outcome.broken else "yes"
    return Line(id=fault_id, what=what, times=times, unit=unit, seen=outcome.seen, holds=holds, met=not outcome.broken)


def of_control(control_id: str, what: str, breaks: Collection[str], broken: Mapping[str, str]) -> Line:
    """Judge a control: met when exactly the invariants broke that must break."""
    met = set(broken) == set(breaks)
    holds = "caught" if met else f"not caught: {', '.join(sorted(breaks))} should not hold"
    return Line(id=control_id, what=f"control: {what}", times=1, unit="time", seen=broken, holds=holds, met=met)


def unfounded(claims: Mapping[str, bool]) -> dict[str, str]:
    """Give the claims that do not hold, in the form of broken invariants."""
    return {claim: "it did not" for claim, holds in claims.items() if not holds}


def causes(error: BaseException) -> str:
    """Say in one line what went wrong, looking into groups of errors."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(causes(one) for one in error.exceptions)
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0]}" if first else type(error).__name__


def table(lines: Sequence[Line]) -> str:
    """Write the results as a Markdown table."""
    head = ["| fault | times | what was seen | invariants hold |", "| --- | --- | --- | --- |"]
    return "\n".join(
        head
        + [
            f"| {one.what} | {one.times:,} {one.unit} | {_pairs(one.seen)} | {one.holds if one.met else f'**{one.holds}**'} |"
            for one in lines
        ]
    )


def _pairs(pairs: Mapping[str, int | float | str], between: str = " ") -> str:
    return ", ".join(f"{name}{between}{_number(value)}" for name, value in pairs.items())


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.2f}" if not float(value).is_integer() else f"{int(value):,}"
