"""Which days may be closed, the bytes of a receipt, and the chain that its hash is part of."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_SOMA
from caixa_comum.events import TotaisDoDia
from caixa_comum.problems import Problem
from caixa_fluxo.fechamento import MAIS_DIAS, Recibo, canonical, days_to_close, digest, refuse_open, refuse_overflow, sealed

SAO_PAULO = ZoneInfo("America/Sao_Paulo")

KNOWN = "10b7c3e0a7b606e9b133687ac82a9b43861dd8e2586a82a2b98145b8a02e829d"
"""What sha256sum says of the lines below."""


def receipt(anterior: str | None = None) -> Recibo:
    """Give the receipt of a day with two currencies, given unsorted."""
    return sealed(
        id=UUID("00000000-0000-7000-8000-000000000001"),
        comerciante_id=UUID("00000000-0000-7000-8000-000000000002"),
        data=date(2024, 3, 1),
        totais=[
            TotaisDoDia(moeda="USD", total_creditos=7, total_debitos=0, quantidade=1),
            TotaisDoDia(moeda="BRL", total_creditos=500, total_debitos=200, quantidade=2),
        ],
        anterior=anterior,
        agora=datetime(2024, 3, 2, 3, 0, 0, 7, tzinfo=UTC),
    )


def test_a_receipts_bytes_are_the_documented_lines() -> None:
    """Each value on its line, currencies sorted, and the SHA-256 that another program computes of them."""
    assert canonical(receipt()) == (
        b"caixa.recibo.v1\n00000000-0000-7000-8000-000000000001\n00000000-0000-7000-8000-000000000002\n"
        b"2024-03-01\n2024-03-02T03:00:00.000007Z\n\nBRL 500 200 2\nUSD 7 0 1\n"
    )
    assert receipt().hash == KNOWN


def test_a_receipts_hash_depends_on_the_one_before() -> None:
    """Whatever changes in a receipt changes its hash, and with it that of the next."""
    first = receipt()
    forged = msgspec.structs.replace(first, data=date(2024, 3, 2))
    assert digest(forged) != first.hash
    assert receipt(first.hash).hash != receipt(digest(forged)).hash


@pytest.mark.parametrize(
    ("over", "day"),
    [
        # 2018-11-03 ended at midnight, which was 01:00 of the next day; 2018-02-17 and 2019-02-16 an hour late, after their 25th.
        (datetime(2018, 11, 4, 3, tzinfo=UTC), date(2018, 11, 3)),
        (datetime(2018, 11, 5, 2, tzinfo=UTC), date(2018, 11, 4)),
        (datetime(2018, 2, 18, 3, tzinfo=UTC), date(2018, 2, 17)),
        (datetime(2019, 2, 17, 3, tzinfo=UTC), date(2019, 2, 16)),
        (datetime(2019, 11, 4, 3, tzinfo=UTC), date(2019, 11, 3)),
        (datetime(2026, 11, 24, 3, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
def test_a_day_can_be_closed_from_the_instant_that_it_is_over(over: datetime, day: date) -> None:
    """By the merchant's clock, on days of 23, 24 and 25 hours; until then it is a 422 that points at the day."""
    refuse_open(day, fuso=SAO_PAULO, agora=over)
    with pytest.raises(Problem) as raised:
        refuse_open(day, fuso=SAO_PAULO, agora=over - timedelta(microseconds=1))
    assert (raised.value.status, raised.value.erros[0].ponteiro) == (422, "#/data")


def test_a_day_before_any_entry_could_be_is_not_closed() -> None:
    """1899 is a 422, 1900 is not."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    refuse_open(date(1900, 1, 1), fuso=SAO_PAULO, agora=now)
    with pytest.raises(Problem):
        refuse_open(date(1899, 12, 31), fuso=SAO_PAULO, agora=now)


@given(st.integers(0, 800), st.none() | st.integers(1, 800), st.none() | st.integers(-800, 800))
def test_days_are_closed_in_order_and_without_gaps(offset: int, closed_before: int | None, first_entry: int | None) -> None:
    """All since the last closed day, or since the first entry, up to the day asked: each once, at most 366 of them, else a 422."""
    day = date(2024, 2, 28) + timedelta(days=offset)
    fechado_ate = None if closed_before is None else day - timedelta(days=closed_before)
    primeiro = None if first_entry is None else day - timedelta(days=first_entry)
    begin = min(primeiro or day, day) if fechado_ate is None else fechado_ate + timedelta(days=1)
    try:
        days = days_to_close(day, fechado_ate=fechado_ate, primeiro=primeiro)
    except Problem as problem:
        assert (problem.status, (day - begin).days + 1 > MAIS_DIAS) == (422, True)
        return
    assert days == [begin + timedelta(days=n) for n in range((day - begin).days + 1)]
    assert days[-1] == day
    assert len(days) <= MAIS_DIAS


def test_too_many_days_at_once_name_the_one_to_close_first() -> None:
    """The day that the message names can be closed, and then the rest."""
    with pytest.raises(Problem) as raised:
        days_to_close(date(2025, 3, 1), fechado_ate=None, primeiro=date(2024, 1, 1))
    assert "2024-12-31" in raised.value.detail
    assert len(days_to_close(date(2024, 12, 31), fechado_ate=None, primeiro=date(2024, 1, 1))) == MAIS_DIAS


def test_totals_that_no_column_holds_are_not_sealed() -> None:
    """The largest sum is; one more is a 422 that points at the day."""
    most = TotaisDoDia(moeda="BRL", total_creditos=MAIOR_SOMA, total_debitos=MAIOR_SOMA, quantidade=1)
    refuse_overflow(date(2024, 3, 1), [most])
    for field in ("total_creditos", "total_debitos"):
        with pytest.raises(Problem) as raised:
            refuse_overflow(date(2024, 3, 1), [msgspec.structs.replace(most, **{field: MAIOR_SOMA + 1})])
        assert (raised.value.status, raised.value.erros[0].ponteiro) == (422, "#/data")
