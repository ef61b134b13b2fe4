"""When the load's requests are due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.pace import Pace, merchants_for


@given(per_second=st.floats(0.5, 2000), merchants=st.integers(1, 50))
def test_all_merchants_together_make_up_the_rate(per_second: float, merchants: int) -> None:
    """Merged and sorted, the merchants' due times are evenly one rate's interval apart."""
    due = []
    for position in range(merchants):
        pace = Pace(per_second, merchants, position)
        for _ in range(4):
            due.append(pace.due)
            pace.advance()
    for number, at in enumerate(sorted(due)):
        assert at == pytest.approx(number / per_second)


def test_a_due_time_does_not_depend_on_when_the_one_before_was_answered() -> None:
    """The pace is fixed from the start, so a slow answer makes later requests late, not fewer."""
    pace = Pace(10, 1, 0)
    numbers = [pace.advance() for _ in range(3)]
    assert numbers == [0, 1, 2]
    assert pace.due == pytest.approx(0.3)


@pytest.mark.parametrize(("rate", "merchants"), [(1, 4), (50, 4), (500, 20), (10_000, 50)])
def test_a_rate_is_shared_by_as_many_merchants_as_it_needs(rate: float, merchants: int) -> None:
    """At rates that one machine reaches no merchant comes near the gateway's limit of 200 a second."""
    assert merchants_for(rate) == merchants
