"""What the screens show, without a browser."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import Tipo
from caixa_gateway.pagina import formularios, telas
from caixa_gateway.pagina.grafico import ALTURA, LARGURA, grafico
from caixa_gateway.pagina.respostas import Lancamento, Relatorio, Saldo, SaldosDoDia

HOJE = date(2026, 11, 26)
TOTALS = st.integers(0, 2**60)


def saldo(came: int, went: int, opening: int = 0) -> Saldo:
    """Make a day's balance."""
    final = opening + came - went
    return Saldo(moeda="BRL", saldo_anterior=opening, total_creditos=came, total_debitos=went, quantidade=1, saldo_final=final)


def test_an_entry_form_becomes_an_entry() -> None:
    """A filled-in form asks for what was typed, in centavos, under the key with which it was shown."""
    shown = formularios.vazia(HOJE)
    form = {"chave": shown.chave, "tipo": "debito", "valor": "12,5", "descricao": " Pão ", "data": "2026-11-25"}
    typed, wanted = formularios.entrada(form, HOJE)
    assert wanted == {"tipo": "debito", "valor": 1250, "descricao": "Pão", "data": "2026-11-25"}
    assert typed.chave == shown.chave


def test_a_wrong_form_asks_for_nothing_and_keeps_its_key() -> None:
    """Each wrong field is named, nothing is recorded, and trying again has the same key."""
    shown = formularios.vazia(HOJE)
    form = {"chave": shown.chave, "tipo": "x", "valor": "", "descricao": "x" * 141, "data": "2026-11-27"}
    typed, wanted = formularios.entrada(form, HOJE)
    assert wanted is None
    assert set(typed.erros) == {"tipo", "valor", "descricao", "data"}
    assert typed.chave == shown.chave


@given(st.lists(st.tuples(TOTALS, TOTALS), min_size=1, max_size=40))
def test_whatever_the_totals_the_chart_stays_within_its_frame(days: list[tuple[int, int]]) -> None:
    """Bars and points never leave the drawing, and no height is negative."""
    relatorio = Relatorio(tuple(SaldosDoDia(HOJE, (saldo(came, went),)) for came, went in days))
    drawn = grafico(relatorio)
    assert drawn is not None
    assert all(bar.x >= 0 and bar.x + bar.largura <= LARGURA and bar.altura > 0 for bar in drawn.barras)
    assert all(bar.y >= 0 and bar.y + bar.altura <= ALTURA for bar in drawn.barras)
    assert all(0 <= point.x <= LARGURA and 0 <= point.y <= ALTURA for point in drawn.pontos)


def test_a_summary_is_opening_and_closing_of_the_whole_period() -> None:
    """Opening of the first day, closing of the last, and the sums between."""
    relatorio = Relatorio((SaldosDoDia(HOJE, (saldo(500, 100),)), SaldosDoDia(HOJE, (saldo(0, 50, 400),))))
    shown = telas.resumo(relatorio)
    assert shown is not None
    texts = [part.texto.replace("\u00a0", " ") for part in (shown.anterior, shown.entradas, shown.saidas, shown.final)]
    assert texts == ["R$ 0,00", "R$ 5,00", "R$ 1,50", "R$ 3,50"]


@pytest.mark.parametrize(("reverses", "reversed_by", "can"), [(None, None, True), ("x", None, False), (None, "x", False)])
def test_only_what_was_not_undone_can_be_undone(reverses: str | None, reversed_by: str | None, can: bool) -> None:  # noqa: FBT001
    """Neither an estorno nor a reversed entry offers to be undone."""
    item = Lancamento(
        id="1",
        tipo=Tipo.DEBITO,
        valor=5,
        moeda="BRL",
        data=HOJE,
        registrado_em=datetime.now(UTC),
        estorna_id=reverses,
        estornado_por=reversed_by,
    )
    assert telas.lancamento_na_tela(item, telas.fuso_de("")).estornavel is can


def test_periods_that_no_report_covers_are_refused_in_words() -> None:
    """Reversed and too long ones; without any, the last seven days."""
    assert telas.periodo(None, None, HOJE).dias == 7
    for de, ate in ((HOJE, date(2026, 1, 1)), (date(2020, 1, 1), HOJE)):
        with pytest.raises(telas.PeriodoErrado):
            telas.periodo(de, ate, HOJE)
