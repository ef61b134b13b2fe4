"""Two digits for people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caixa_operator.autoscaler.rounding import two_digits


@pytest.mark.parametrize(
    ("number", "rounded"), [(0, 0.0), (1234, 1200.0), (0.0567, 0.057), (99.6, 100.0), (7, 7.0), (-1250.1, -1300.0), (1e9 + 1, 1e9)]
)
def test_two_digits_are_kept(number: float, rounded: float) -> None:
    """Whatever its size, a figure keeps its two leading digits."""
    assert two_digits(number) == rounded


@settings(deadline=None)
@given(st.floats(1e-6, 1e9))
def test_rounding_again_changes_nothing_and_is_never_far_off(number: float) -> None:
    """A status that was rounded is not rewritten, and lies within a twentieth of the truth."""
    assert two_digits(two_digits(number)) == two_digits(number)
    assert abs(two_digits(number) - number) <= 0.0501 * number
