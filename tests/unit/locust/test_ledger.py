"""What the load holds to be true."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from load.ledger import Day, Entry, Ledger, amount, days

ENTRIES = st.lists(
    st.builds(
        Entry,
        id=st.uuids().map(str),
        tipo=st.sampled_from(["credito", "debito"]),
        valor=st.integers(1, 2**53 - 1),
        moeda=st.just("BRL"),
        data=st.sampled_from(["2026-11-22", "2026-11-23", "2026-11-24"]),
    )
)


@given(entries=ENTRIES)
def test_the_last_day_carries_the_sum_of_all_entries(entries: Sequence[Entry]) -> None:
    """Days carry forward, so the newest balance is every credit less every debit, and every entry is counted once."""
    by_day = days(entries)
    total = sum(entry.valor if entry.tipo == "credito" else -entry.valor for entry in entries)
    assert list(by_day) == sorted(by_day)
    assert sum(day.quantidade for day in by_day.values()) == len(entries)
    assert (list(by_day.values())[-1].saldo_final if by_day else 0) == total


def test_a_day_adds_credits_and_debits_apart() -> None:
    """Totals are kept as the platform reports them, so that two errors cannot cancel out."""
    entries = [Entry("a", "credito", 500, "BRL", "2026-11-23"), Entry("b", "debito", 200, "BRL", "2026-11-23")]
    assert days(entries) == {"2026-11-23": Day(500, 200, 2, 300)}


def test_each_merchant_has_its_own_entries() -> None:
    """What one merchant posted never counts for another."""
    ledger = Ledger()
    ledger.record("a", Entry("1", "credito", 1, "BRL", "2026-11-23"))
    assert (ledger.entries("a"), ledger.entries("b"), len(ledger)) == ([Entry("1", "credito", 1, "BRL", "2026-11-23")], [], 1)


def test_values_differ_and_some_are_debits() -> None:
    """A lost or doubled entry cannot hide behind another of the same value."""
    amounts = [amount(number) for number in range(1000)]
    assert len({value for _, value in amounts}) == len(amounts)
    assert all(value > 0 for _, value in amounts)
    assert [kind for kind, _ in amounts].count("debito") == 200
