"""The page for everybody: phones, desktops, light and dark, and people who use a screen reader or the keyboard."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.browser import DESKTOP, PHONE, visitor
from tests.browser.shop import Merchant, balance_is, record, sign_in
from tests.local.platform import Platform

SEVERE = {"serious", "critical"}


def severe(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in SEVERE]


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", PHONE), ("light", DESKTOP), ("dark", DESKTOP)])
def test_every_screen_fits_and_is_accessible(
    caixa: Platform, chromium: Browser, merchant: Merchant, scheme: str, size: dict[str, int]
) -> None:
    """Every screen, from the sign-in to a closed day's receipt, has no serious accessibility issue and never scrolls sideways."""
    context = visitor(chromium, caixa.gateway, viewport=size, color_scheme=scheme, bypass_csp=True)  # axe is a script put in from outside
    page = context.new_page()
    found: list[str] = []

    def look(name: str) -> None:
        found.extend(severe(page))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name} scrolls sideways")
        if folder := os.environ.get("CAIXA_SCREENSHOTS"):
            page.evaluate("scrollTo(0, 0)")  # the header follows the reader
            page.screenshot(path=Path(folder) / f"{name}-{scheme}-{size['width']}.png", full_page=True)

    page.goto("/entrar")
    look("entrar")
    sign_in(page, merchant)
    yesterday = (datetime.now(ZoneInfo("America/Sao_Paulo")).date() - timedelta(days=1)).isoformat()
    record(page, "250,00", "Feira", data=yesterday)
    record(page, "1.234,56", "Venda no balcão")
    balance_is(page, "R$ 1.484,56")
    look("caixa")
    page.get_by_label("Valor").fill("doze reais")
    page.get_by_role("button", name="Registrar").click()
    expect(page.locator("#erro-valor")).to_be_visible()
    look("erro")
    page.goto("/relatorio")
    look("relatorio")
    page.goto(f"/dia/{yesterday}")
    look("dia")
    page.get_by_role("link", name="Desfazer Feira").click()
    look("estorno")
    page.goto(f"/dia/{yesterday}")
    page.get_by_label("Conferi os lançamentos deste dia").check()
    page.get_by_role("button", name="Fechar").click()
    expect(page.locator("#recibo")).to_be_visible()
    look("recibo")
    page.goto(f"/lancamentos/{uuid4()}/estorno")
    look("problema")
    context.close()
    assert found == []
