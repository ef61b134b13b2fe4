"""The daily report against the ledger that it summarises."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from caixa_saldo.closing import TOLERANCE, Recibo, Totais
from caixa_saldo.daily_balance import Abertura, Movimento, consolidate

START = date(2018, 11, 1)
INSTANT = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOEDAS = ("BRL", "USD", "JPY")

ledgers = st.lists(
    st.builds(
        lambda day, moeda, creditos, debitos, second: Movimento(
            START + timedelta(days=day), moeda, creditos, debitos, 1, INSTANT + timedelta(seconds=second)
        ),
        st.integers(0, 12),
        st.sampled_from(MOEDAS),
        st.integers(0, 2**53),
        st.integers(0, 2**53),
        st.integers(0, 1000),
    ),
    unique_by=lambda movimento: (movimento.data, movimento.moeda),
)


def _aberturas(ledger: list[Movimento], de: date) -> list[Abertura]:
    earlier: dict[str, list[Movimento]] = defaultdict(list)
    for movimento in ledger:
        if movimento.data < de:
            earlier[movimento.moeda].append(movimento)
    return [
        Abertura(moeda, sum(m.total_creditos - m.total_debitos for m in rows), max(m.atualizado_em for m in rows))
        for moeda, rows in earlier.items()
    ]


@given(ledgers, st.integers(0, 12), st.integers(0, 12))
def test_each_closing_is_the_sum_of_the_whole_ledger_so_far(ledger: list[Movimento], first: int, length: int) -> None:
    """Whatever range is asked, each day's closing equals all credits less all debits up to that day."""
    de, ate = START + timedelta(days=first), START + timedelta(days=first + length)
    report = consolidate(_aberturas(ledger, de), [m for m in ledger if de <= m.data <= ate], de, ate, now=INSTANT)
    assert [dia.data for dia in report.dias] == [de + timedelta(days=n) for n in range(length + 1)]
    for dia in report.dias:
        for saldo in dia.saldos:
            so_far = [m for m in ledger if m.moeda == saldo.moeda and m.data <= dia.data]
            assert saldo.saldo_final == sum(m.total_creditos - m.total_debitos for m in so_far)
            assert saldo.saldo_anterior + saldo.total_creditos - saldo.total_debitos == saldo.saldo_final
            assert saldo.atualizado_em == max((m.atualizado_em for m in so_far), default=None)


@given(ledgers, st.integers(0, 12))
def test_a_day_reads_the_same_alone_and_within_a_range(ledger: list[Movimento], day: int) -> None:
    """Splitting a report at any day changes nothing: the range equals its days asked one by one."""
    ate = START + timedelta(days=12)
    de = START + timedelta(days=day)
    whole = consolidate([], ledger, START, ate, now=INSTANT)
    tail = consolidate(_aberturas(ledger, de), [m for m in ledger if m.data >= de], de, ate, now=INSTANT)
    assert whole.dias[day:] == tail.dias


def test_the_first_day_of_a_merchant_has_a_row_of_zeros_in_brl() -> None:
    """A merchant without entries has a BRL balance of zero, and no date of update."""
    (dia,) = consolidate([], [], START, START, now=INSTANT).dias
    (saldo,) = dia.saldos
    assert (saldo.moeda, saldo.saldo_anterior, saldo.saldo_final, saldo.quantidade) == ("BRL", 0, 0, 0)
    assert saldo.situacao == "aberto"
    assert saldo.atualizado_em is None


def test_brl_comes_first_and_other_currencies_by_code() -> None:
    """The order of currencies is fixed, so that a client may rely on it and equal answers are equal bytes."""
    movimentos = [Movimento(START, moeda, 1, 0, 1, INSTANT) for moeda in ("USD", "ARS", "BRL")]
    (dia,) = consolidate([], movimentos, START, START, now=INSTANT).dias
    assert [saldo.moeda for saldo in dia.saldos] == ["BRL", "ARS", "USD"]


def test_a_receipt_judges_its_own_day_alone() -> None:
    """A day is closed by the receipt of exactly that day; the days around it stay open, and so do their numbers."""
    movimentos = [Movimento(START, "BRL", 5, 2, 2, INSTANT), Movimento(START + timedelta(days=1), "BRL", 1, 0, 1, INSTANT)]
    recibo = Recibo(START, {"BRL": Totais(5, 2, 2)}, INSTANT)
    report = consolidate([], movimentos, START - timedelta(days=1), START + timedelta(days=1), recibos=[recibo], now=INSTANT)
    assert [dia.saldos[0].situacao for dia in report.dias] == ["aberto", "fechado", "aberto"]


def test_a_currency_that_only_the_receipt_names_is_shown_on_that_day_alone() -> None:
    """Money that a receipt counts and the balances lack cannot hide for want of a row; other days do not get one."""
    recibo = Recibo(START, {"USD": Totais(5, 0, 1)}, INSTANT - TOLERANCE)
    report = consolidate([], [], START, START + timedelta(days=1), recibos=[recibo], now=INSTANT)
    shown = [[(saldo.moeda, saldo.situacao) for saldo in dia.saldos] for dia in report.dias]
    assert shown == [[("BRL", "fechado"), ("USD", "divergente")], [("BRL", "aberto")]]


def test_the_last_day_of_the_calendar_is_a_day_like_any_other() -> None:
    """9999-12-31 does not overflow the calendar."""
    (dia,) = consolidate([], [], date.max, date.max, now=INSTANT).dias
    assert dia.data == date.max
