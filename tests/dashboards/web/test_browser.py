"""The pages in a real browser, on a small on-sale."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect, sync_playwright

from tests.dashboards.web.browser import Visit, chromium, visit
from tests.dashboards.web.servers import served, workers_of
from tests.dashboards.web.workers import wait_until

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium on PATH"),
    pytest.mark.xdist_group("browser"),
]

SMALL = "?v=1&scenario=onsale-small"
CHANGED = f"{SMALL}&set=clients.poll_interval_s=2&set=redis.shards=3"
# takes minutes, so that it is still under way when a slow browser comes to look
LONG = "?v=1&scenario=onsale-300k&set=clients.count=100000&n=200"
KEPT_READY = 1
"""Processes that a server keeps for the next session."""
INK = {"light": "rgb(27, 32, 39)", "dark": "rgb(230, 233, 237)"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # without its sandbox, which needs rights that containers do not give
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def tab(browser: Browser, server: tuple[str, int]) -> Iterator[Visit]:
    """A tab in which one page is opened after the other: the browser loads the scripts of the pages once."""
    with visit(browser, server[0]) as opened:
        yield opened


IMAGE = "![x](http://tracker.invalid/seen.png)"
TAG = "<img src=http://tracker.invalid/seen.png>"


@pytest.mark.parametrize(
    "query",
    [
        f"?v=1&scenario=onsale-small&page={quote(IMAGE)}",
        f"?v=1&scenario={quote(IMAGE)}",
        f"?v=1&scenario={quote(TAG)}",
        f"?v={quote(IMAGE)}",
        f"{SMALL}&set={quote('description=' + repr(IMAGE + TAG))}",
    ],
)
def test_text_of_a_link_makes_the_browser_fetch_nothing(tab: Visit, query: str) -> None:
    tab.open(query)
    expect(tab.page.get_by_text("tracker.invalid").first).to_be_attached()
    tab.page.wait_for_timeout(500)
    assert tab.requests_elsewhere == []
    assert tab.page.locator("img[src*='tracker']").count() == 0


def test_a_what_if_ends_with_a_figure_and_its_link_restores_it(browser: Browser, tab: Visit) -> None:
    tab.open(SMALL)
    tab.figure()
    page = tab.page
    page.get_by_role("spinbutton", name="Shards, each a primary").fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was 5 · undo")).to_have_count(1)
    page.get_by_role("spinbutton", name="Seconds between polls of a person").fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was 5 · undo")).to_have_count(2)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("onsale-small, clients.poll_interval_s=2, redis.shards=3").first).to_be_visible()
    expect(page.get_by_text("before: ").first).to_be_visible()
    page.get_by_role("button", name="Link").click()
    link = page.get_by_test_id("stCode").inner_text()
    assert link == f"{tab.url}{CHANGED}"
    assert tab.errors == []
    assert tab.requests_elsewhere == []
    with visit(browser, tab.url) as somebody_else:
        somebody_else.page.goto(link)
        somebody_else.figure()
        page = somebody_else.page
        expect(page.get_by_role("spinbutton", name="Shards, each a primary")).to_have_value("3")
        expect(page.get_by_text("onsale-small, clients.poll_interval_s=2, redis.shards=3").first).to_be_visible()
        assert somebody_else.errors == []


def test_a_report_is_downloaded_and_both_colour_schemes_are_followed(tab: Visit) -> None:
    tab.open(SMALL)
    tab.figure()
    page = tab.page
    for scheme, ink in INK.items():
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".breakwater .verdict p").first).to_have_css("color", ink)
        expect(page.locator(".js-plotly-plot .gtitle").first).to_have_css("fill", ink)
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "onsale-small" in text
    assert tab.errors == []


def test_a_run_stops_when_its_page_is_left_and_two_people_do_not_disturb_each_other(
    browser: Browser, server: tuple[str, int], tab: Visit
) -> None:
    url, pid = server
    with visit(browser, url) as leaves:
        leaves.open(LONG)
        leaves.page.get_by_role("button", name="Cancel").wait_for()
        tab.open(f"{SMALL}&seed=5")
        tab.figure()
        expect(leaves.page.get_by_role("button", name="Cancel")).to_be_visible()
        wait_until(lambda: len(workers_of(pid)) == 2 + KEPT_READY)
    wait_until(lambda: len(workers_of(pid)) == 1 + KEPT_READY)
    assert tab.errors == []


def test_a_run_can_be_cancelled(tab: Visit) -> None:
    tab.open(LONG)
    tab.page.get_by_role("button", name="Cancel").click()
    expect(tab.page.get_by_text("No result yet")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    assert tab.errors == []


def test_every_page_can_be_walked_through(tab: Visit) -> None:
    others = "&b.scenario=onsale-small&b.set=redis.shards=3&pairs=2&vary=gateway.pods=1,2"
    tab.open(f"{SMALL}&set=clients.count=300{others}")
    tab.figure()
    page = tab.page
    for title, said, runs in (
        ("Compare", "no detectable difference", True),
        ("What breaks first?", "cells hold.", True),
        ("Can we trust it?", "settings that are assumptions", False),
        ("What does it cost?", "An event costs", False),
    ):
        page.get_by_role("radio", name=title).click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        if runs:
            page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text(said).first.wait_for()
        tab.figure()
    expect(page).to_have_url(re.compile("page=cost"))
    assert tab.errors == []
    assert tab.requests_elsewhere == []
