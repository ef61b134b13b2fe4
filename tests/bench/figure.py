"""A figure: a ratio measured in several rounds of one run, or one that stands for itself, and whether it meets its target. Pure."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Target(msgspec.Struct, frozen=True):
    """What a figure is called, what it divides by what, and the value it should reach (or stay below); None: it only informs."""

    id: str
    what: str
    bound: float | None
    at_most: bool = False

    def met(self, value: float) -> bool:
        """Tell whether a value reaches the target; one that there is none for is never missed."""
        if self.bound is None:
            return True
        return value <= self.bound if self.at_most else value >= self.bound

    def shown(self) -> str:
        """Give the target as a reader writes it."""
        if self.bound is None:
            return "none"
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


class Figure(msgspec.Struct, frozen=True):
    """One line of the results: the median of the rounds' ratios, with the smallest and the largest."""

    id: str
    value: float
    min: float
    max: float
    target: str
    met: bool
    what: str
    measured: str


def figure(target: Target, numerators: Sequence[float], denominators: Sequence[float], unit: str) -> Figure:
    """Make a figure of paired rounds: each ratio is of two measurements taken one after the other. Raises ValueError without rounds."""
    ratios = [above / below for above, below in zip(numerators, denominators, strict=True)]
    value = median(ratios)
    return Figure(
        id=target.id,
        value=round(value, 3),
        min=round(min(ratios), 3),
        max=round(max(ratios), 3),
        target=target.shown(),
        met=target.met(value),
        what=target.what,
        measured=f"{median(numerators):,.4g} ÷ {median(denominators):,.4g} {unit}",
    )


def single(target: Target, value: float, measured: str) -> Figure:
    """Make a figure of one measurement that nothing divides, such as a count that should be none; `measured` says of what and how long."""
    rounded = round(value, 3)
    return Figure(target.id, rounded, rounded, rounded, target.shown(), target.met(value), target.what, measured)


def table(figures: Sequence[Figure]) -> str:
    """Write figures as a Markdown table."""
    lines = ["| # | figure | median | min to max | target | met | medians measured |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for one in figures:
        met = "yes" if one.met else "**no**"
        lines.append(
            f"| {one.id} | {one.what} | {one.value:.2f} | {one.min:.2f} to {one.max:.2f} | {one.target} | {met} | {one.measured} |"
        )
    return "\n".join(lines)
