import re

import pytest

from dashboards.terminal import WIDTH, console, scenarios_view
from dashboards.verdict_view import verdict_view
from dashboards.words import CAPACITIES_TITLE, SHARDS_TITLE
from models.judge.verdict import Verdict, judge
from models.results.result import RunResult
from models.scenario import Scenario
from tests.dashboards.synthetic import kpis_of, onsale_result, printed


def shown(result: RunResult, verdict: Verdict, width: int = WIDTH) -> str:
    return printed(verdict_view(result, verdict), width)


def words(text: str) -> str:
    """The text without frames and line breaks."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


def test_the_verdict_comes_first(result: RunResult, verdict: Verdict) -> None:
    text = words(shown(result, verdict))
    assert verdict.headline in text
    order = ["does not hold", "Why", "Service levels", CAPACITIES_TITLE, SHARDS_TITLE, "Key figures", "What to try"]
    places = [text.index(title) for title in order]
    assert places == sorted(places)


def test_nothing_is_wider_than_the_page(result: RunResult, verdict: Verdict) -> None:
    for width in (80, WIDTH):
        assert max(len(line) for line in shown(result, verdict, width).splitlines()) <= width


def test_every_finding_level_and_action_is_there(result: RunResult, verdict: Verdict) -> None:
    text = words(shown(result, verdict))
    assert all(finding.topic in text for finding in verdict.findings)
    assert all(action.command in text for action in verdict.actions)
    assert all(limit.name in text for limit in verdict.limits)
    assert "one replication: no interval" in text


def test_the_bill_stands_in_the_terminal_too(result: RunResult, verdict: Verdict) -> None:
    text = words(shown(result, verdict))
    assert re.search(r"Redis nodes \$6\.30 . \$2,299\.50 .", text)
    assert re.search(r"all \$\d+\.\d\d ≥ \$\d+\.\d\d", text)
    assert "Prices: AWS list prices, us-east-1" in text


def test_intervals_are_shown_when_there_are_some(scenario: Scenario) -> None:
    many = onsale_result(scenario, kpis=kpis_of(0.1), manifest={"replications": 10, "interval": "prediction"})
    text = words(shown(many, judge(many, scenario)))
    assert "2.08 % to 2.54 %" in text
    assert "no interval" not in text
    assert "prediction interval for one more on-sale, the uncertainty of the profile included" in text


def test_the_profile_behind_the_cpu_is_named_with_its_machine(result: RunResult, verdict: Verdict) -> None:
    text = words(shown(result, verdict))
    origin = "profile talk-m7g (fitted to a published projection, 2026-11-23) of cache.m7g.xlarge as published."
    assert f"Redis CPU: {origin} It is not a measurement." in text


def test_a_ladder_shows_its_stages_beside_the_published_figures(ladder_result: RunResult, ladder: Scenario) -> None:
    text = words(shown(ladder_result, judge(ladder_result, ladder)))
    assert re.search(r"10,000 RPS 39.2 % 40 % -0.8 pt", text)
    assert "not evidence" in text


def test_no_escape_codes_reach_a_pipe(
    result: RunResult, verdict: Verdict, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    console().print(verdict_view(result, verdict))
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= WIDTH


def test_text_in_brackets_is_not_taken_for_markup() -> None:
    assert "[red]brackets[/red]" in printed(scenarios_view([("one", "holds [red]brackets[/red]")]))
