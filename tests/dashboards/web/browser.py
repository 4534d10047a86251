"""The Chromium of the system, driven by Playwright, and the pages it looks at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = [sys.executable, "-c", "from dashboards.cli import main; main()", "dashboard"]
FIGURE = ".js-plotly-plot .main-svg"
PATIENCE_MS = 120_000
"""A first chart in a cold browser on a busy machine takes half a minute."""

expect.set_options(timeout=PATIENCE_MS)  # of its own accord it waits 5 s, which a busy machine may simulate for


def chromium() -> str | None:
    """The path of a Chromium, or of a browser built from it."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Visit:
    """A page of the browser, what its console complained of, and what it asked other machines for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests_elsewhere: list[str] = field(default_factory=list)

    def figure(self) -> None:
        """Wait until a figure is drawn."""
        self.page.wait_for_selector(FIGURE, timeout=PATIENCE_MS)


@contextmanager
def visit(browser: Browser, url: str, scheme: str = "light") -> Iterator[Visit]:
    """Somebody who opens *url* in a session of their own, in a colour scheme."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = Visit(page)
    page.on("console", lambda message: found.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("request", lambda request: _note(found, request.url))
    page.goto(url)
    try:
        yield found
    finally:
        context.close()


def _note(found: Visit, url: str) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
        found.requests_elsewhere.append(url)


@contextmanager
def served(port: int) -> Iterator[tuple[str, int]]:
    """A server of the pages, as the command starts one: its address and its process."""
    command = [*PROGRAM, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert "Breakwater is at" in server.stdout.readline()
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
            server.wait(60)


def workers_of(server: int) -> list[int]:
    """The worker processes that a server has."""
    children = Path(f"/proc/{server}/task").glob("*/children")
    pids = [int(pid) for listed in children for pid in listed.read_text().split()]
    return [pid for pid in pids if b"dashboards.web.simulating" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
