"""A merchant at the page: what a person does there, step by step."""

import json
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.browser import PATIENCE_MS
from tests.local.platform import Platform


@dataclass(frozen=True)
class Merchant:
    """A registered merchant: its credentials, and the id by which the administrator knows it."""

    client_id: str
    client_secret: str
    id: str


def request(url: str, *, data: bytes, headers: dict[str, str]) -> Any:  # Any: JSON
    """POST and return the JSON answer."""
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=60) as answer:  # noqa: S310  our own server
        return json.load(answer)


def token(gateway: str, client_id: str, client_secret: str) -> str:
    """Return a token."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    return str(request(f"{gateway}/oauth/token", data=urllib.parse.urlencode(form).encode(), headers={})["access_token"])


def register(platform: Platform, name: str = "Padaria da Esquina") -> Merchant:
    """Register a merchant as the administrator."""
    made = administer(platform, "", {"nome": name})
    return Merchant(made["client_id"], made["client_secret"], made["id"])


def disable(platform: Platform, merchant: Merchant) -> None:
    """Disable a merchant as the administrator."""
    administer(platform, f"/{merchant.id}/desativacao", {})


def administer(platform: Platform, path: str, body: dict[str, str]) -> Any:  # Any: JSON
    """POST below the administrator's routes."""
    identity = platform.wiring.identity
    bearer = token(platform.gateway, identity.admin_id, identity.admin_secret)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    return request(f"{platform.gateway}/api/v1/comerciantes{path}", data=json.dumps(body).encode(), headers=headers)


def sign_in(page: Page, merchant: Merchant) -> None:
    """Sign in through the form."""
    page.goto("/entrar")
    page.get_by_label("Identificador").fill(merchant.client_id)
    page.get_by_label("Senha de acesso").fill(merchant.client_secret)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="Novo lançamento")).to_be_visible(timeout=PATIENCE_MS)


def fill(page: Page, valor: str, descricao: str = "", *, saida: bool = False, data: str = "") -> None:
    """Fill in the entry form."""
    page.get_by_role("radio", name="Saída" if saida else "Entrada").check(force=True)
    page.get_by_label("Valor").fill(valor)
    page.get_by_label("Descrição").fill(descricao)
    if data:
        page.get_by_label("Dia", exact=True).fill(data)


def record(page: Page, valor: str, descricao: str = "", *, saida: bool = False, data: str = "") -> None:
    """Record an entry and wait for the outcome in words."""
    before = page.locator("#feito").get_attribute("data-id") if page.locator("#feito").count() else ""
    fill(page, valor, descricao, saida=saida, data=data)
    page.get_by_role("button", name="Registrar").click()
    expect(page.locator(f"#feito:not([data-id='{before}'])")).to_contain_text("registrada", timeout=PATIENCE_MS)


def balance_is(page: Page, reais: str) -> None:
    """Wait until the live balance shows this amount, as `R$ 12,34` is written."""
    expect(page.locator("#saldo .valor-grande")).to_have_text(re.compile(re.escape(reais).replace(r"\ ", r"\s")), timeout=PATIENCE_MS)
