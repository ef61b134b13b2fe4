"""A real Chromium, Debian's own, driven through Playwright; no browser is ever downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.provision import debian

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000


def chromium() -> str:
    """Return where Chromium is; install Debian's where it is missing. Raises debian.CannotInstall."""
    if (found := shutil.which("chromium")) is None:
        debian.install("chromium")
        found = shutil.which("chromium")
    if found is None:
        raise debian.CannotInstall("chromium is not on PATH")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Give a browser with a profile of its own, and end it with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def visitor(browser: Browser, url: str, **options: Any) -> BrowserContext:  # Any: Playwright's own options
    """Open a browser's window for somebody new: no cookie, no cache; a phone in Brazil unless told otherwise."""
    told = {"viewport": PHONE, "locale": "pt-BR", "timezone_id": "America/Sao_Paulo", **options}
    context = browser.new_context(base_url=url, **told)
    context.set_default_timeout(PATIENCE_MS)
    return context
