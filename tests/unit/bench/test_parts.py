"""Measuring some figures only."""

import pytest

from tests.bench.parts import PARTS, chosen


def test_without_a_name_everything_is_measured() -> None:
    """As CI and `make bench` do."""
    assert chosen("") == list(PARTS)


@pytest.mark.parametrize(("only", "ids"), [("P3", ["P3"]), ("p2", ["P1,P2"]), ("P5, P3", ["P3", "P5"])])
def test_a_named_figure_is_measured_with_its_companions_only(only: str, ids: list[str]) -> None:
    """Figures of one part share their measurement; the order is always the same."""
    assert [part.ids for part in chosen(only)] == ids


def test_a_figure_that_there_is_not_is_told() -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match=r"P9; there are O1, .*P1, P2, P3"):
        chosen("P3,P9")
