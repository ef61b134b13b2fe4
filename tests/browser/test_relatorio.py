"""The report and its days in a real browser: figures, CSV, undoing an entry, and closing a day."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.browser.browser import PATIENCE_MS
from tests.browser.shop import Merchant, balance_is, record, sign_in
from tests.local.waiting import until

ZONE = ZoneInfo("America/Sao_Paulo")


def yesterday() -> str:
    """Return the merchant's yesterday."""
    return (datetime.now(ZONE).date() - timedelta(days=1)).isoformat()


def test_the_report_shows_the_days_and_gives_them_as_csv(page: Page, merchant: Merchant, tmp_path: Path) -> None:
    """Yesterday's and today's entries are in the figures, the chart and the table, and in the CSV that the page's session may load."""
    sign_in(page, merchant)
    record(page, "100,00", "Feira", data=yesterday())
    record(page, "30,25", "Pão", saida=True)
    balance_is(page, "R$ 69,75")
    page.get_by_role("link", name="Relatório").click()
    expect(page.locator(".resumo")).to_contain_text("69,75")
    expect(page.get_by_role("img", name="Entradas, saídas e saldo por dia")).to_be_visible()
    assert page.locator(".barra-entrada").count() == 1
    assert page.locator(".dias tbody tr").count() == 7
    with page.expect_download() as loading:
        page.get_by_role("link", name="Baixar CSV").click()
    loading.value.save_as(tmp_path / "lancamentos.csv")
    text = (tmp_path / "lancamentos.csv").read_text("utf-8-sig")
    assert len(text.splitlines()) == 3
    assert "Feira" in text
    assert "30,25" in text


def test_the_printed_report_is_figures_alone(page: Page, merchant: Merchant) -> None:
    """On paper the report keeps its period, its totals and every day; what only works on a screen is left out."""
    sign_in(page, merchant)
    record(page, "12,00", "Café")
    balance_is(page, "R$ 12,00")
    page.goto("/relatorio")
    page.emulate_media(media="print")
    for seen in ("h1", ".resumo", ".grafico", ".dias"):
        expect(page.locator(seen).first).to_be_visible()
    for left_out in (".topo", ".periodo", ".acoes", ".rodape"):
        expect(page.locator(left_out)).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_mistake_is_undone_once_after_asking(page: Page, merchant: Merchant) -> None:
    """An entry of a day's list is undone after a confirmation; both stay in the list, and neither offers to be undone again."""
    sign_in(page, merchant)
    record(page, "8,00", "Engano")
    balance_is(page, "R$ 8,00")
    page.get_by_role("link", name="ver lançamentos").click()
    page.get_by_role("link", name="Desfazer Engano").click()
    page.get_by_role("button", name="Sim, desfazer").click()
    expect(page.locator("#feito")).to_contain_text("desfeito", timeout=PATIENCE_MS)
    assert page.locator(".lista li").count() == 2
    assert page.locator(".desfazer").count() == 0
    page.goto("/")
    balance_is(page, "R$ 0,00")


def test_a_day_is_closed_with_a_receipt(page: Page, merchant: Merchant) -> None:
    """Closing yesterday shows its receipt, now and later, and no entry enters that day any more, which is said in words."""
    sign_in(page, merchant)
    record(page, "50,00", "Feira", data=yesterday())
    balance_is(page, "R$ 50,00")
    page.goto(f"/dia/{yesterday()}")
    page.get_by_label("Conferi os lançamentos deste dia").check()
    page.get_by_role("button", name="Fechar").click()
    receipt = page.locator("#recibo .codigo").inner_text()
    assert len(receipt) == 64
    page.goto(f"/dia/{yesterday()}")
    expect(page.locator("#recibo .codigo")).to_have_text(receipt)
    page.goto("/")
    page.get_by_label("Valor").fill("1,00")
    page.get_by_label("Dia", exact=True).fill(yesterday())
    page.get_by_role("button", name="Registrar").click()
    expect(page.locator("#falha")).to_contain_text("fechado", timeout=PATIENCE_MS)

    def told() -> bool:
        page.goto("/relatorio")
        return page.locator(".selo", has_text="fechado").count() > 0

    until("the report says that the day is closed", told)
