"""The pages in a real browser, on a small on-sale."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect, sync_playwright

from tests.dashboards.web.browser import chromium, served, visit, workers_of
from tests.dashboards.web.test_dashboard_command import free_port
from tests.dashboards.web.workers import wait_until

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium on PATH"),
    pytest.mark.xdist_group("browser"),
]

SMALL = "?v=1&scenario=onsale-small"
CHANGED = f"{SMALL}&set=clients.poll_interval_s=2&set=redis.shards=3"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # without its sandbox, which needs rights that containers do not give
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with served(free_port()) as running:
        yield running


def test_a_what_if_ends_with_a_figure_and_its_link_restores_it(browser: Browser, server: tuple[str, int]) -> None:
    url, _ = server
    with visit(browser, f"{url}/{SMALL}") as seen:
        seen.figure()
        page = seen.page
        page.get_by_role("spinbutton", name="Shards, each a primary").fill("3")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was 5 · undo")).to_have_count(1)
        page.get_by_role("spinbutton", name="Seconds between polls of the status").fill("2")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was 5 · undo")).to_have_count(2)
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_text("onsale-small, clients.poll_interval_s=2, redis.shards=3").first).to_be_visible()
        expect(page.get_by_text("before: ").first).to_be_visible()
        page.get_by_role("button", name="Link").click()
        link = page.get_by_test_id("stCode").inner_text()
        assert seen.errors == []
        assert seen.requests_elsewhere == []
    assert link == f"{url}{CHANGED}"
    with visit(browser, link) as again:
        again.figure()
        expect(again.page.get_by_role("spinbutton", name="Shards, each a primary")).to_have_value("3")
        expect(again.page.get_by_text("onsale-small, clients.poll_interval_s=2, redis.shards=3").first).to_be_visible()
        assert again.errors == []


def test_a_report_is_downloaded(browser: Browser, server: tuple[str, int]) -> None:
    with visit(browser, f"{server[0]}/{SMALL}") as seen:
        seen.figure()
        seen.page.get_by_role("button", name="Download", exact=True).click()
        with seen.page.expect_download() as download:
            seen.page.get_by_role("button", name="Report (HTML)").click()
        text = download.value.path().read_text(encoding="utf-8")
        assert text.startswith("<!doctype html>")
        assert "onsale-small" in text
        assert seen.errors == []


def test_a_run_stops_when_its_page_is_left_and_two_people_do_not_disturb_each_other(
    browser: Browser, server: tuple[str, int]
) -> None:
    url, pid = server
    wait_until(lambda: workers_of(pid) == [])
    with visit(browser, f"{url}/{SMALL}&seed=5") as stays:
        with visit(browser, f"{url}/?v=1&scenario=onsale-300k&seed=6") as leaves:
            leaves.page.get_by_role("button", name="Cancel").wait_for()
            wait_until(lambda: len(workers_of(pid)) == 2)
        stays.figure()
        wait_until(lambda: len(workers_of(pid)) == 1)
        assert stays.errors == []
    wait_until(lambda: workers_of(pid) == [])


def test_a_run_can_be_cancelled(browser: Browser, server: tuple[str, int]) -> None:
    with visit(browser, f"{server[0]}/?v=1&scenario=onsale-300k&seed=7") as seen:
        seen.page.get_by_role("button", name="Cancel").click()
        expect(seen.page.get_by_text("No result yet")).to_be_visible()
        expect(seen.page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
        assert seen.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes_are_followed(browser: Browser, server: tuple[str, int], scheme: str) -> None:
    with visit(browser, f"{server[0]}/{SMALL}", scheme) as seen:
        seen.figure()
        ink = seen.page.locator(".breakwater .verdict p").first.evaluate("node => getComputedStyle(node).color")
        text = seen.page.locator(".js-plotly-plot .gtitle").first.evaluate("node => getComputedStyle(node).fill")
        assert ink == text == {"light": "rgb(27, 32, 39)", "dark": "rgb(230, 233, 237)"}[scheme]


def test_every_page_can_be_walked_through(browser: Browser, server: tuple[str, int]) -> None:
    link = f"{SMALL}&b.scenario=onsale-small&b.set=redis.shards=3&pairs=2&vary=gateway.pods=1,2&set=clients.count=300"
    with visit(browser, f"{server[0]}/{link}") as seen:
        seen.figure()
        page = seen.page
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
            seen.figure()
        assert "page=cost" in page.url
        assert seen.errors == []
        assert seen.requests_elsewhere == []
