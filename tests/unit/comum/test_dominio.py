"""Days are the merchant's: the zone decides, with all that zones have done."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_VALOR, MOEDAS, Tipo, hoje

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        # A sale at 21:30 belongs to that day, although it is already the next one in UTC.
        (datetime(2026, 11, 24, 0, 30, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), date(2026, 11, 24)),
        # 2018-11-04 began at 01:00: midnight did not exist.
        (datetime(2018, 11, 4, 2, 59, 59, tzinfo=UTC), date(2018, 11, 3)),
        (datetime(2018, 11, 4, 3, 0, tzinfo=UTC), date(2018, 11, 4)),
        # 2018-02-17 had 25 hours: 23:30 came twice.
        (datetime(2018, 2, 18, 1, 30, tzinfo=UTC), date(2018, 2, 17)),
        (datetime(2018, 2, 18, 2, 30, tzinfo=UTC), date(2018, 2, 17)),
        (datetime(2018, 2, 18, 3, 0, tzinfo=UTC), date(2018, 2, 18)),
        # So had 2019-02-16, the last time: no November since has lost an hour.
        (datetime(2019, 2, 17, 2, 59, 59, tzinfo=UTC), date(2019, 2, 16)),
        (datetime(2019, 2, 17, 3, 0, tzinfo=UTC), date(2019, 2, 17)),
        (datetime(2019, 11, 3, 2, 59, 59, tzinfo=UTC), date(2019, 11, 2)),
    ],
)
def test_a_day_is_the_merchants(instant: datetime, day: date) -> None:
    """Midnight is the zone's own, also where it did not exist or an hour came twice."""
    assert hoje(SAO_PAULO, instant) == day


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.integers(0, 3_600))  # noqa: DTZ001
def test_days_never_go_back(instant: datetime, seconds: int) -> None:
    """A later instant is never on an earlier day."""
    assert hoje(SAO_PAULO, instant) <= hoje(SAO_PAULO, instant + timedelta(seconds=seconds))


@given(st.datetimes(datetime(2019, 2, 17, 3), datetime(2037, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_sao_paulos_midnight_is_three_in_utc_since_2019(instant: datetime) -> None:
    """Whatever the month, the day in São Paulo is that of three hours ago in UTC."""
    assert hoje(SAO_PAULO, instant) == (instant - timedelta(hours=3)).date()


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2018, 11, 4), 23), (date(2018, 2, 17), 25), (date(2019, 2, 16), 25), (date(2026, 2, 15), 24)]
)
def test_a_day_has_as_many_hours_as_its_zone_gave_it(day: date, hours: int) -> None:
    """Counted in quarters of an hour around it, a day of 23, 24 or 25 hours has exactly those."""
    noon = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    around = [noon + timedelta(minutes=15 * n) for n in range(-4 * 40, 4 * 40)]
    assert sum(hoje(SAO_PAULO, instant) == day for instant in around) == hours * 4


def test_the_opposite_of_the_opposite_is_the_same() -> None:
    """Undoing twice is doing."""
    assert {kind.oposto.oposto for kind in Tipo} == set(Tipo)
    assert Tipo.CREDITO.oposto is Tipo.DEBITO


def test_values_are_exact_for_every_json_reader() -> None:
    """The largest value survives a reader whose numbers are doubles."""
    assert int(float(MAIOR_VALOR)) == MAIOR_VALOR
    assert {"BRL", "USD", "JPY", "CLP"} <= MOEDAS
    assert "XXX" not in MOEDAS
