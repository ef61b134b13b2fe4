"""Quantities as Kubernetes writes them, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_operator.quantities import amount


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", "0.25"), ("1.5Gi", "1610612736"), ("2e3", "2000"), ("1E", "1e18"), (7, "7"), ("100k", "1e5"), (".5", "0.5"), ("1E3", "1000")],
)
def test_a_quantity_is_read_as_its_number(text: int | str, number: str) -> None:
    """Decimal and binary suffixes and exponents count as Kubernetes counts them."""
    assert amount(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "inf", "nan", "1_000", " 1", "1 Gi", "1gi", "\u0661", "much", "1e3Ki"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """What Python would take for a number is no quantity for that."""
    with pytest.raises(ValueError, match="write one such as 250m or 1Gi"):
        amount(text)


@given(st.integers(0, 10**6))
def test_a_thousand_thousandths_are_one(number: int) -> None:
    """However the API server rewrites an amount, it is the same one."""
    assert amount(f"{number * 1000}m") == amount(number)
