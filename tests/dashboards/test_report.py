import re
from html.parser import HTMLParser

import pytest

from dashboards.figures.timeline import timeline
from dashboards.report import report_html
from dashboards.verdict_view import verdict_view
from dashboards.words import CAPACITIES_TITLE, SHARDS_TITLE
from models.judge.asked import asked_for, noted
from models.judge.lone_primary import places_at_risk
from models.judge.verdict import Verdict, judge
from models.results.result import INTERVALS, RunResult
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import kpis_of, onsale_result, printed

LOADING = {"src", "href", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Collects what a browser would fetch, the scripts and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self.within: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}={value}" for name, value in attrs if name in LOADING]
        self.within = tag if tag in ("script", "style") else self.within
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.within = None if tag == self.within else self.within

    def handle_data(self, data: str) -> None:
        if self.within == "script":
            self.scripts[-1] += data
        elif self.within == "style":
            self.styles.append(data)
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def page(result: RunResult, scenario: Scenario, verdict: Verdict) -> Page:
    return Page(report_html(result, scenario, verdict))


def test_the_page_fetches_nothing(page: Page) -> None:
    assert page.fetched == []
    assert not re.search(r"url\(|@import", " ".join(page.styles))


def test_plotly_is_there_once(page: Page) -> None:
    assert sum(len(script) > 1_000_000 for script in page.scripts) == 1


def test_the_small_scripts_draw_figures_and_name_no_host(page: Page) -> None:
    small = [script for script in page.scripts if len(script) < 1_000_000]
    assert sum("Plotly.newPlot" in script for script in small) == 6
    # plotly's templates may name places in its documentation; nothing here may be loaded
    assert not any(re.search(r"fetch\(|XMLHttpRequest|import\(", script) for script in small)


def test_the_verdict_leads_and_everything_it_rests_on_follows(page: Page, verdict: Verdict) -> None:
    assert verdict.headline in page.words
    order = [
        "Service levels",
        "Why",
        "What to try",
        "Figures",
        CAPACITIES_TITLE,
        SHARDS_TITLE,
        "rest on",
        "Assumptions",
    ]
    places = [page.words.index(title) for title in order]
    assert places == sorted(places)


def test_every_kpi_says_what_it_rests_on(page: Page, result: RunResult) -> None:
    for name, kpi in result.kpis.items():
        assert name in page.words
        assert all(ground in page.words for ground in kpi.rests_on)


def test_the_profile_behind_the_cpu_is_named_with_its_machine(page: Page) -> None:
    origin = "profile talk-m7g (fitted to a published projection, 2026-11-23) of cache.m7g.xlarge as published."
    assert f"Redis CPU: {origin} It is not a measurement." in page.words


@pytest.mark.parametrize("kind", ["prediction", "mean"])
def test_what_the_intervals_hold_is_said_above_them(scenario: Scenario, kind: str) -> None:
    many = onsale_result(scenario, kpis=kpis_of(0.1), manifest={"replications": 10, "interval": kind})
    page = Page(report_html(many, scenario, judge(many, scenario)))
    assert f"An interval is the {INTERVALS[kind]}." in page.words
    assert "no interval" not in page.words


def test_every_setting_is_listed_with_its_source(page: Page) -> None:
    for path in ("clients.poll_interval_s", "network.client_one_way.median_ms", "backend.reservation_sigma"):
        assert path in page.words


def test_both_colour_schemes_are_served(page: Page) -> None:
    styles = " ".join(page.styles)
    assert "light-dark(" in styles
    assert "color-scheme: light dark" in styles


def test_text_from_a_scenario_is_not_taken_for_html() -> None:
    hostile = load_scenario("onsale-300k", ["description='<script src=//evil.example></script> & co'"])
    result = onsale_result(hostile)
    page = Page(report_html(result, hostile, judge(result, hostile)))
    assert page.fetched == []
    assert "<script src=//evil.example></script> & co" in page.words


def test_a_ladder_has_its_table(ladder_result: RunResult, ladder: Scenario) -> None:
    page = Page(report_html(ladder_result, ladder, judge(ladder_result, ladder)))
    assert "Load ladder beside the published engine CPU" in page.words
    assert "20,000 RPS 68.8 % 70 % -1.2 points" in page.words


def test_the_bill_shows_both_tables_and_what_each_price_rests_on(page: Page) -> None:
    assert "What it costs" in page.words
    # 10 nodes of cache.m7g.xlarge at 0.315 for 2 h and for 730 h; the talk names no price for them
    assert re.search(r"Redis nodes \$6\.30 . \$2,299\.50 . 20 h of cache\.m7g\.xlarge", page.words)
    assert "AWS blog; price list, on-demand since 2024-11-01; 2024-11, read at the source" in page.words
    assert "The talk prices only part of it (≥)" in page.words


def test_a_ladder_is_no_event_and_has_no_bill(ladder_result: RunResult, ladder: Scenario) -> None:
    words = Page(report_html(ladder_result, ladder, judge(ladder_result, ladder))).words
    assert "What it costs" not in words


def test_the_talks_sums_stand_beside_its_own_size_only(page: Page, verdict: Verdict) -> None:
    assert "The talk's sums, redone" in page.words
    assert "3 on-demand nodes are $360 and 7 on spot $252: $612" in page.words
    smaller = load_scenario("onsale-300k", ["clients.count=100000"])
    result = onsale_result(smaller)
    assert "sums, redone" not in Page(report_html(result, smaller, judge(result, smaller))).words


def test_a_report_of_a_changed_design_says_what_was_changed(result: RunResult, verdict: Verdict) -> None:
    settings = ["clients.count=60000", "gateway.pods=3"]
    changed = load_scenario("onsale-300k", settings)
    found = Page(report_html(noted(result, asked_for("onsale-300k", settings)), changed, verdict)).words
    assert found.startswith("onsale-300k, changed: does not hold onsale-300k, changed With clients.count = 60,000")
    assert "gateway.pods = 3 (was 30)." in found
    assert f"Of the scenario it changes: {changed.description}" in found
    assert '"path": "gateway.pods"' in found  # in the manifest


def test_a_report_of_a_scenario_as_it_is_has_no_such_words(page: Page) -> None:
    assert "changed With" not in page.words
    assert "Of the scenario it changes" not in page.words


LENIENT = ["slo.status_p99_ms=100000", "slo.error_percent=50", "slo.engine_cpu_percent=100"]


def test_a_design_that_holds_with_findings_is_told_apart(result: RunResult) -> None:
    lenient = load_scenario("onsale-300k", LENIENT)
    found = judge(result, lenient)
    assert found.holds
    page = report_html(result, lenient, found)
    words = Page(page).words
    assert re.search(r"✓ The design holds.*? ! \d+ findings to look at: Binds first, ", words)
    assert "✗" not in words  # a cross is a broken level, and there is none
    printed_ = printed(verdict_view(result, found))
    assert "findings to look at: Binds first" in printed_
    assert "✗" not in printed_


def test_what_to_trust_stands_beside_the_headline(page: Page) -> None:
    assert page.words.index("Trust which design is better") < page.words.index("Service levels")


def test_numbers_of_one_page_agree(result: RunResult, scenario: Scenario, verdict: Verdict, page: Page) -> None:
    in_line = result.series["waiting"] + result.series["called"]
    (drawn,) = [trace for trace in timeline(result, scenario, verdict).data if trace.name == "in line"]
    assert max(drawn.y) == in_line.max()
    assert float(in_line.max()) == pytest.approx(places_at_risk(result))
    mean = 100 * result.series["shard_3_busy"].sum() / result.manifest["end_s"]
    assert f"The primary of shard 3 works {mean:.1f} % of the time" in " ".join(page.scripts).replace("\\u002f", "/")
    assert f"and its primary is {mean:.1f} % busy on average" in page.words


def test_a_mean_is_over_the_time_that_the_run_took(scenario: Scenario) -> None:
    """A run that ends within its last second: sums are over all, the mean is over what there was of it."""
    found = judge(onsale_result(scenario, manifest={"end_s": 329.5}), scenario)
    whole = judge(onsale_result(scenario, manifest={"end_s": 330.0}), scenario)
    assert found.shards[3].mean_percent == pytest.approx(whole.shards[3].mean_percent * 330 / 329.5)
