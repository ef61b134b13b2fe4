"""The parameters of the balance reads."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.problems import Problem
from caixa_saldo.parameters import only_known, parse_date, parse_event_id, parse_range


@given(st.dates())
def test_every_day_of_the_calendar_can_be_written(day: date) -> None:
    """AAAA-MM-DD reads back as the same day."""
    assert parse_date(day.isoformat(), "dia") == day


@given(st.text(max_size=30))
def test_anything_else_is_a_400_that_points_at_the_parameter(text: str) -> None:
    """No text breaks the reading of a date: it is a day, or a problem that says where."""
    try:
        assert parse_date(text, "de").isoformat() == text
    except Problem as problem:
        assert (problem.status, [erro.ponteiro for erro in problem.erros]) == (400, ["/de"])


@pytest.mark.parametrize(
    "text", ["20261123", "2026-W48-1", "2026-11-23T00:00", " 2026-11-23", "\u0662026-11-23", "2026-02-29", "0000-01-01", ""]
)
def test_other_ways_to_write_a_day_are_refused(text: str) -> None:
    """One form only, so that equal questions are equal texts; and only days that exist."""
    with pytest.raises(Problem):
        parse_date(text, "dia")


@given(st.uuids(), st.booleans())
def test_an_entrys_id_is_read_in_either_case(event_id: UUID, upper: bool) -> None:  # noqa: FBT001 (hypothesis)
    """A UUID in its canonical form, in small or capital letters, as RFC 9562 allows on input."""
    assert parse_event_id(str(event_id).upper() if upper else str(event_id)) == event_id


@given(st.text(max_size=60))
def test_any_other_id_is_a_400(text: str) -> None:
    """Braces, urn: and undashed forms are refused like any other text."""
    try:
        parsed = parse_event_id(text)
    except Problem as problem:
        assert (problem.status, [erro.ponteiro for erro in problem.erros]) == (400, ["/apos"])
    else:
        assert str(parsed) == text.lower()


@given(st.dates(), st.dates())
def test_a_range_is_in_order_and_at_most_a_leap_year_long(de: date, ate: date) -> None:
    """What is accepted has between 1 and 366 days; all else points at `ate`."""
    try:
        parse_range(de.isoformat(), ate.isoformat())
    except Problem as problem:
        assert not 0 <= (ate - de).days <= 365
        assert [erro.ponteiro for erro in problem.erros] == ["/ate"]
    else:
        assert 0 <= (ate - de).days <= 365


def test_unknown_parameters_are_all_named() -> None:
    """A misspelt parameter is not ignored in silence; pointers are escaped as RFC 6901 asks."""
    only_known(["apos"], frozenset({"apos"}))
    with pytest.raises(Problem) as raised:
        only_known(["apos", "x", "a/b~c"], frozenset({"apos"}))
    assert [erro.ponteiro for erro in raised.value.erros] == ["/a~1b~0c", "/x"]
