"""The Chromium of the system, driven by Playwright, and the pages it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIGURE = ".js-plotly-plot .main-svg"
PATIENCE_MS = 120_000
"""A first chart in a cold browser on a busy machine takes half a minute."""

expect.set_options(timeout=PATIENCE_MS)  # of its own accord it waits 5 s, which a busy machine may simulate for


def chromium() -> str | None:
    """The path of a Chromium, or of a browser built from it."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Visit:
    """A tab of the browser, what its console complained of, and what it asked other machines for."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    requests_elsewhere: list[str] = field(default_factory=list)

    def open(self, query: str) -> None:
        """Follow a link, in a session of its own."""
        self.page.goto(f"{self.url}/{query}")

    def figure(self) -> None:
        """Wait until a figure is drawn."""
        self.page.wait_for_selector(FIGURE)


@contextmanager
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Somebody with a browser of their own, who looks at what the server at *url* has."""
    context = browser.new_context(color_scheme="light", viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = Visit(page, url)
    page.on("console", lambda message: found.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("request", lambda request: _note(found, request.url))
    try:
        yield found
    finally:
        context.close()


def _note(found: Visit, url: str) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
        found.requests_elsewhere.append(url)
