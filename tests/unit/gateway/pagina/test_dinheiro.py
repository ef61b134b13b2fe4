"""Money as people type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_VALOR
from caixa_gateway.pagina.dinheiro import ValorIncompreensivel, centavos, por_extenso

AMOUNTS = st.integers(1, MAIOR_VALOR)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("R$ 1.234,56", 123_456), ("1234,5", 123_450), ("12", 1_200), ("12.50", 1_250), (" r$12,5 ", 1_250), ("1.234", 123_400), ("0,01", 1)],
)
def test_what_people_type_is_understood(typed: str, expected: int) -> None:
    """Thousands, decimals, the symbol and spaces may be there or not."""
    assert centavos(typed) == expected


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1,234,5", "1,234", "12,", ",5", "1e3", "0", "0,00", "١٢", "9" * 17, "9" * 5000])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    """Nothing is guessed: signs, two commas, other digits, zero and what no entry can hold."""
    with pytest.raises(ValorIncompreensivel):
        centavos(typed)


@given(AMOUNTS)
def test_what_is_written_reads_back(amount: int) -> None:
    """Every amount that the page writes is understood as the same centavos."""
    assert centavos(por_extenso(amount)) == amount
    assert centavos(f"{amount // 100},{amount % 100:02}") == amount


@given(st.text(max_size=60))
def test_no_text_breaks_it(typed: str) -> None:
    """Any text is either an amount that an entry can have, or refused in words."""
    try:
        assert 1 <= centavos(typed) <= MAIOR_VALOR
    except ValorIncompreensivel as error:
        assert str(error).endswith(".")


def test_debts_have_a_true_minus() -> None:
    """Negative amounts and other currencies are written unmistakably."""
    assert por_extenso(-123_456_789) == "\u2212R$\u00a01.234.567,89"
    assert por_extenso(5, "USD") == "USD\u00a00,05"
