"""Figures: medians of paired rounds, and targets told honestly."""

import pytest

from tests.bench.figure import Figure, Target, figure, single, table

AT_LEAST = Target("P1", "a ÷ b", 0.6)
AT_MOST = Target("P7", "lag", 2.0, at_most=True)


def test_each_round_is_divided_by_its_own_neighbour() -> None:
    """Ratios are taken within a round, so that a machine that slows down does not bend them."""
    made = figure(AT_LEAST, [50, 500, 10], [100, 1000, 10], "per second")
    assert (made.value, made.min, made.max, made.met) == (0.5, 0.5, 1.0, False)


@pytest.mark.parametrize(
    ("target", "value", "met"), [(AT_LEAST, 0.6, True), (AT_LEAST, 0.59, False), (AT_MOST, 2.0, True), (AT_MOST, 2.1, False)]
)
def test_a_target_is_met_or_missed_at_its_bound(target: Target, value: float, *, met: bool) -> None:
    """At least and at most are not confused."""
    assert target.met(value) is met


def test_a_miss_stands_out_in_the_table() -> None:
    """A reader sees what was missed."""
    line = table([figure(AT_LEAST, [1.0], [2.0], "x")]).splitlines()[-1]
    assert "**no**" in line
    assert "0.50" in line


def test_what_nothing_divides_stands_for_itself() -> None:
    """A count that should be none is met only by none."""
    none = Target("O5", "writes", 0, at_most=True)
    assert single(none, 0, "over 65 s").met
    made = single(none, 1, "over 65 s")
    assert (made.value, made.min, made.max, made.target, made.met) == (1, 1, 1, "≤ 0", False)


def test_rounds_that_do_not_pair_are_refused() -> None:
    """A lost round is an error, never averaged away."""
    with pytest.raises(ValueError, match="zip"):
        figure(AT_LEAST, [1.0, 2.0], [1.0], "x")


def test_results_are_json_with_the_agreed_names() -> None:
    """The machine-readable results have at least id, value, min, max, target and met."""
    assert {"id", "value", "min", "max", "target", "met"} <= set(Figure.__struct_fields__)


def test_a_figure_without_a_target_only_informs() -> None:
    """It is never missed, and the table says that there is no target."""
    made = figure(Target("P3 p50", "share", None), [1.0], [4.0], "ms")
    assert (made.value, made.target, made.met) == (0.25, "none", True)
