"""The platform for the browser: database, broker and all five processes on free ports, and one Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.browser import launched, visitor
from tests.browser.shop import Merchant, register
from tests.local import services
from tests.local.broker import broker
from tests.local.database import database
from tests.local.platform import Platform, platform


@pytest.fixture(scope="session")
def caixa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Give the session's platform; a test that stops a process starts it again."""
    folder = tmp_path_factory.mktemp("caixa")
    with database(folder / "mysql") as mysql, broker(folder / "rabbit") as rabbit:
        wiring = services.Wiring(mysql.address, rabbit.address, services.new_identity(folder))
        with platform(wiring, folder) as made:
            made.start()
            yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a module's browser: while one is open Playwright runs an event loop in this thread, where no asynchronous test could run."""
    with launched() as browser:
        yield browser


@pytest.fixture
def merchant(caixa: Platform) -> Merchant:
    """Give a merchant without entries."""
    return register(caixa)


@pytest.fixture
def page(caixa: Platform, chromium: Browser) -> Iterator[Page]:
    """Give a phone that has never been here; whatever its scripts complain of, blocked ones included, fails the test."""
    context = visitor(chromium, caixa.gateway)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert complaints == []
