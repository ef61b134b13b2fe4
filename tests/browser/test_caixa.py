"""The first screen in a real browser: signing in, recording, the balance that follows, and what happens when parts are down."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.browser import PATIENCE_MS, visitor
from tests.browser.shop import Merchant, balance_is, disable, fill, record, register, sign_in
from tests.local.platform import Platform
from tests.local.waiting import until


def test_wrong_and_unknown_credentials_are_refused_in_the_same_words(page: Page, merchant: Merchant) -> None:
    """Neither an unknown identifier nor a wrong secret signs in, and the page does not tell which it was."""
    told = []
    for client_id in (merchant.client_id, "cx_ninguem"):
        page.goto("/entrar")
        page.get_by_label("Identificador").fill(client_id)
        page.get_by_label("Senha de acesso").fill("errada")
        page.get_by_role("button", name="Entrar").click()
        told.append(page.get_by_role("alert").inner_text())
    assert told[0] == told[1]
    page.goto("/")
    assert page.url.endswith("/entrar")


def test_an_entry_becomes_balance_before_the_merchants_eyes(page: Page, merchant: Merchant) -> None:
    """After signing in, an entrada and a saída typed as people type them show up in the balance without a reload."""
    sign_in(page, merchant)
    record(page, "1.234,5", "Venda no balcão")
    balance_is(page, "R$ 1.234,50")
    expect(page.locator("#a-caminho")).to_contain_text("Já está no saldo", timeout=PATIENCE_MS)
    record(page, "R$ 34,00", "Pão", saida=True)
    balance_is(page, "R$ 1.200,50")


def test_no_script_can_read_the_session(page: Page, merchant: Merchant) -> None:
    """The cookie is HttpOnly and SameSite; neither document.cookie nor any storage nor the page holds it, or a token."""
    sign_in(page, merchant)
    cookies = page.context.cookies()
    assert [(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [("caixa_sessao", True, "Lax")]
    reached = page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)") + page.content()
    assert [cookie["value"] for cookie in cookies if cookie["value"] in reached] == []
    assert "caixa_sessao" not in reached
    assert "eyJ" not in reached  # how every JWT begins


def test_a_form_sent_twice_counts_once(page: Page, merchant: Merchant) -> None:
    """A form that is sent twice at once, as by a double tap without scripts, is recorded once, and both are told so."""
    sign_in(page, merchant)
    statuses = page.evaluate(
        """async () => {
            const form = new URLSearchParams(new FormData(document.querySelector('#registro form')));
            form.set('valor', '7,00');
            const once = () => fetch('/lancamentos', {method: 'POST', body: form, headers: {'HX-Request': 'true'}}).then(a => a.text());
            return Promise.all([once(), once()]);
        }"""
    )
    assert ["registrada" in text for text in statuses] == [True, True]
    assert sum("contado duas vezes" in text for text in statuses) == 1
    balance_is(page, "R$ 7,00")


def test_what_is_wrong_is_said_beside_its_field(page: Page, merchant: Merchant) -> None:
    """An amount that nobody understands records nothing, keeps what was typed, and has its reason announced."""
    sign_in(page, merchant)
    fill(page, "doze reais", "Bolo")
    page.get_by_role("button", name="Registrar").click()
    expect(page.get_by_label("Valor")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#erro-valor")).to_contain_text("Escreva como 12,50")
    expect(page.get_by_label("Descrição")).to_have_value("Bolo")
    balance_is(page, "R$ 0,00")


def test_entries_are_taken_while_saldo_is_down(page: Page, caixa: Platform, merchant: Merchant) -> None:
    """With saldo down the page says since when it waits and goes on recording; when saldo is back, so is the balance."""
    sign_in(page, merchant)
    record(page, "10", "Antes")
    balance_is(page, "R$ 10,00")
    saldo = caixa.one("saldo-api")
    saldo.kill()
    try:
        expect(page.locator("#espera")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("#espera")).to_contain_text(re.compile(r"desde \d\d:\d\d:\d\d"))
        record(page, "5,50", "Durante")
        expect(page.locator("#a-caminho")).to_contain_text("A caminho do saldo desde")
        until("attempt and answer differ", lambda: page.locator("#tentativa").inner_text() != page.locator("#resposta").inner_text())
        page.reload()
        expect(page.locator("#espera")).to_contain_text(re.compile(r"desde \d\d:\d\d:\d\d"))
    finally:
        saldo.restart()
        saldo.wait_ready()
    balance_is(page, "R$ 15,50")
    expect(page.locator("#espera")).to_be_hidden()


def test_polling_costs_nothing_while_nothing_changes(page: Page, merchant: Merchant) -> None:
    """Once shown, an unchanged balance is answered 304, about every second, and the screen's times go on."""
    sign_in(page, merchant)
    balance_is(page, "R$ 0,00")
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if answer.url.endswith("/saldo") else None)
    shown = page.locator("#resposta").inner_text()

    def seen() -> bool:
        page.wait_for_timeout(200)
        return statuses.count(304) >= 3 and page.locator("#resposta").inner_text() != shown

    until("three 304", seen)
    assert set(statuses) == {304}


def test_a_session_ends(page: Page, merchant: Merchant) -> None:
    """Signing out ends the session; and a page left open whose session is gone leads to the sign-in by itself."""
    sign_in(page, merchant)
    page.get_by_role("button", name="Sair").click()
    page.wait_for_url("**/entrar")
    page.goto("/relatorio")
    assert "/entrar" in page.url
    sign_in(page, merchant)
    page.context.clear_cookies()
    page.wait_for_url("**/entrar*", timeout=PATIENCE_MS)


def test_a_disabled_merchant_is_told_so(page: Page, caixa: Platform, merchant: Merchant) -> None:
    """The page that is open leads to the sign-in, which says why and to whom to turn; so does signing in again with the right secret."""
    sign_in(page, merchant)
    disable(caixa, merchant)
    page.wait_for_url("**/entrar?desativado", timeout=PATIENCE_MS)
    expect(page.get_by_role("status")).to_contain_text("Este acesso foi desativado")
    page.get_by_label("Identificador").fill(merchant.client_id)
    page.get_by_label("Senha de acesso").fill(merchant.client_secret)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("alert")).to_contain_text("Este acesso foi desativado", timeout=PATIENCE_MS)


def test_a_forged_form_is_refused(page: Page, merchant: Merchant) -> None:
    """A form without the session's token, or with another's, changes nothing."""
    sign_in(page, merchant)
    for forged in ("", "x" * 32):
        answer = page.request.post("/lancamentos", form={"csrf": forged, "tipo": "credito", "valor": "9"})
        assert answer.status == 403
    balance_is(page, "R$ 0,00")


def test_it_works_without_scripts(caixa: Platform, chromium: Browser) -> None:
    """With JavaScript off a merchant signs in, records an entry and is told the outcome."""
    context = visitor(chromium, caixa.gateway, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, register(caixa))
    fill(page, "3,30")
    page.get_by_role("button", name="Registrar").click()
    expect(page.locator("#feito")).to_contain_text("Entrada de")
    context.close()
