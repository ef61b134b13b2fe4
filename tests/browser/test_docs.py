"""The API's page in a real browser: it shows the merged document, with no byte from elsewhere and no complaint."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.browser import PATIENCE_MS
from tests.local.platform import Platform


def test_the_documentation_opens_without_complaints(page: Page, caixa: Platform) -> None:
    """Every operation of the document is listed, one that is opened shows its example, and the console has no error."""
    errors: list[str] = []
    hosts: set[str] = set()

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("console", said)
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto("/docs")
    operation = page.locator(".opblock", has_text="/api/v1/lancamentos").filter(has_text="Registrar um lançamento")
    expect(operation).to_be_visible(timeout=PATIENCE_MS)
    whole = page.request.get("/openapi.json").json()
    assert page.locator(".opblock").count() == sum(len(item) for item in whole["paths"].values())
    operation.locator(".opblock-summary-control").click()
    expect(operation.locator(".opblock-body")).to_contain_text("venda no balcão", timeout=PATIENCE_MS)
    assert hosts - {""} == {urlsplit(caixa.gateway).netloc}
    assert errors == []
