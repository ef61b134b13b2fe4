"""Comparing what the platform says with what it accepted."""

import json

import pytest

from load.check import balance_difference, entry_difference
from load.gateway import Answer
from load.ledger import Day, Entry

ENTRY = Entry("id-1", "credito", 500, "BRL", "2026-11-23")
DAY = Day(500, 0, 1, 500)


def stored(**changed: object) -> Answer:
    """Answer as GET /lancamentos/{id} does."""
    return Answer(
        200,
        json.dumps(
            {"id": "id-1", "tipo": "credito", "valor": 500, "moeda": "BRL", "data": "2026-11-23", "descricao": "x"} | changed
        ).encode(),
    )


def balances(**changed: object) -> Answer:
    """Answer as GET /saldos/{data} does."""
    real = {"moeda": "BRL", "saldo_anterior": 0, "total_creditos": 500, "total_debitos": 0, "quantidade": 1, "saldo_final": 500} | changed
    return Answer(200, json.dumps({"data": "2026-11-23", "saldos": [{"moeda": "AUD", "saldo_final": 7}, real]}).encode())


def test_an_entry_that_is_stored_as_accepted_is_right() -> None:
    """Fields that the load did not choose do not matter."""
    assert entry_difference(ENTRY, stored()) is None


@pytest.mark.parametrize("answer", [stored(valor=501), stored(tipo="debito"), stored(data="2026-11-24"), Answer(404), Answer(0)])
def test_an_entry_that_is_gone_or_changed_is_a_difference(answer: Answer) -> None:
    """What was answered 201 must be there, as it was."""
    assert "id-1" in (entry_difference(ENTRY, answer) or "")


def test_a_balance_that_is_the_sum_is_right() -> None:
    """Only the currency of the load is compared."""
    assert balance_difference("2026-11-23", DAY, balances()) is None


@pytest.mark.parametrize(
    "answer",
    [
        balances(saldo_final=499),
        balances(quantidade=2),
        balances(total_creditos=600, total_debitos=100),
        Answer(200, b'{"saldos": []}'),
        Answer(503),
    ],
)
def test_a_balance_that_is_off_in_any_figure_is_a_difference(answer: Answer) -> None:
    """An entry counted twice shows in the count even where sums happen to agree."""
    assert "2026-11-23" in (balance_difference("2026-11-23", DAY, answer) or "")


@pytest.mark.parametrize(("status", "repeats"), [(0, True), (201, False), (409, True), (422, False), (429, True), (500, True), (503, True)])
def test_only_answers_that_may_pass_are_worth_repeating(status: int, repeats: bool) -> None:  # noqa: FBT001 (a parameter of the table above)
    """A refusal for good is counted as such at once."""
    assert Answer(status).worth_repeating is repeats
