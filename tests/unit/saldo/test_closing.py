"""Judging a closed day by its receipt."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_VALOR
from caixa_saldo.closing import NOTHING, TOLERANCE, Recibo, Totais, can_become, situacao, situacao_do_dia

DIA = date(2026, 11, 23)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
entries = st.lists(st.tuples(st.booleans(), st.integers(1, 5) | st.integers(MAIOR_VALOR - 5, MAIOR_VALOR)), max_size=8)


def _summed(some: list[tuple[bool, int]]) -> Totais:
    return Totais(sum(valor for credito, valor in some if credito), sum(valor for credito, valor in some if not credito), len(some))


def _recibo(told: Totais, *, age: timedelta = timedelta()) -> Recibo:
    return Recibo(DIA, {"BRL": told}, NOW - age)


@given(entries, st.integers(0, 8))
def test_while_entries_are_on_their_way_a_day_is_never_called_divergent(day: list[tuple[bool, int]], arrived: int) -> None:
    """Whatever part of a day has arrived when its receipt comes, the day is open until all of it has, then closed."""
    held = _summed(day[:arrived])
    expected = "fechado" if held == _summed(day) else "aberto"
    assert situacao([_recibo(_summed(day))], "BRL", held, NOW) == expected


small = st.builds(Totais, st.integers(-3, 6), st.integers(-3, 6), st.integers(-3, 6))


@given(small)
def test_a_difference_can_be_closed_exactly_when_some_entries_add_up_to_it(missing: Totais) -> None:
    """Checked against trying every number of credits: each entry adds at least 1 to one side and exactly 1 to the count."""

    def sides(count: int, amount: int) -> bool:
        return count <= amount and (count > 0 or amount == 0)

    possible = any(
        sides(credits_, missing.creditos) and sides(missing.quantidade - credits_, missing.debitos)
        for credits_ in range(missing.quantidade + 1)
    )
    assert can_become(NOTHING, missing) == possible


def test_more_than_the_receipt_tells_is_divergent_at_once() -> None:
    """Entries never leave a balance, so what is too much stays so: no time is given."""
    assert situacao([_recibo(Totais(5, 0, 1))], "BRL", Totais(6, 0, 1), NOW) == "divergente"


def test_an_amount_that_no_entry_could_bring_is_divergent_at_once() -> None:
    """One missing entry cannot be of more than an entry's largest value."""
    assert situacao([_recibo(Totais(MAIOR_VALOR + 1, 0, 1))], "BRL", NOTHING, NOW) == "divergente"


def test_what_is_still_missing_after_the_tolerance_is_divergent_until_it_comes() -> None:
    """After five minutes a missing entry is a divergence; when it comes late all the same, the day is closed."""
    recibo = _recibo(Totais(5, 0, 1), age=TOLERANCE)
    assert situacao([recibo], "BRL", NOTHING, NOW - timedelta(microseconds=1)) == "aberto"
    assert situacao([recibo], "BRL", NOTHING, NOW) == "divergente"
    assert situacao([recibo], "BRL", Totais(5, 0, 1), NOW) == "fechado"


def test_a_currency_that_the_receipt_does_not_name_has_no_entries() -> None:
    """A day closed without entries is closed in every currency, and entries in one that the receipt lacks are a divergence."""
    empty = Recibo(DIA, {}, NOW)
    assert situacao([empty], "BRL", NOTHING, NOW) == "fechado"
    assert situacao([empty], "USD", Totais(1, 0, 1), NOW) == "divergente"


def test_two_receipts_of_a_day_that_contradict_each_other_show() -> None:
    """A day has one receipt; a second one with other totals is a divergence, a second one alike is not."""
    one, other = _recibo(Totais(5, 0, 1)), _recibo(Totais(6, 0, 1))
    assert situacao([one, one], "BRL", Totais(5, 0, 1), NOW) == "fechado"
    assert situacao([one, other], "BRL", Totais(5, 0, 1), NOW) == "divergente"


def test_a_day_is_as_bad_as_its_worst_currency() -> None:
    """One currency that differs makes the day divergent, one that waits keeps it open."""
    recibo = Recibo(DIA, {"BRL": Totais(5, 0, 1), "USD": Totais(1, 0, 1)}, NOW)
    brl, usd = Totais(5, 0, 1), Totais(1, 0, 1)
    assert situacao_do_dia(recibo, {"BRL": brl, "USD": usd}, NOW) == "fechado"
    assert situacao_do_dia(recibo, {"BRL": brl}, NOW) == "aberto"
    assert situacao_do_dia(recibo, {"BRL": brl, "USD": usd, "EUR": usd}, NOW) == "divergente"
