import math
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboards.figures import ladder as ladder_figures
from dashboards.figures import looks
from dashboards.figures import run as figures
from dashboards.figures.run import figures_of
from dashboards.figures.seconds import MOST_POINTS, thinned
from models.judge.verdict import Verdict, judge
from models.results.result import RunResult
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import CEILING_RPS, onsale_result

PALETTE = {"#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442"}
PALETTE |= {figures.GREY, looks.SLATE, looks.PALE}  # told apart by their lightness


def titles(figure: go.Figure) -> str:
    return str(figure.layout.title.text).replace("<br>", " ")


@pytest.fixture(scope="module")
def drawn(result: RunResult, scenario: Scenario, verdict: Verdict) -> dict[str, go.Figure]:
    return figures_of(result, scenario, verdict)


def test_an_onsale_and_a_ladder_have_the_figures_that_apply(
    drawn: dict[str, go.Figure], ladder_result: RunResult, ladder: Scenario
) -> None:
    assert list(drawn) == ["queue", "requests", "cpu", "latency", "admissions", "cost"]
    of_ladder = figures_of(ladder_result, ladder, judge(ladder_result, ladder))
    assert list(of_ladder) == ["stages", "requests", "cpu", "latency"]


def test_a_run_that_scales_shows_its_pods_over_what_the_load_takes() -> None:
    scenario = load_scenario("autoscale-from-3")
    levels = {"pods_wanted": 9, "pods_running": 6, "pods_ready": 3, "nodes": 2}
    polls = {f"sent_{name}": 10_000.0 * (name == "status") for name in ("join", "status", "enter", "leave", "reserve")}
    result = onsale_result(scenario, series={**levels, **polls})
    scaling = figures_of(result, scenario, judge(result, scenario))["scaling"]
    assert titles(scaling).startswith("3 pods ready at the start, 3 at most")
    assert [trace.name for trace in scaling.data] == ["taken by the load", "wanted", "running", "ready", "nodes"]
    assert scaling.data[0].y[0] == pytest.approx(10_000 * 130e-6 / 1.2)  # 130 microseconds each, 1.2 cores a pod


def test_every_figure_has_a_title_units_and_an_explicit_template(drawn: dict[str, go.Figure]) -> None:
    for figure in drawn.values():
        assert len(titles(figure)) > 20
        assert figure.layout.template.layout.colorway
    assert [axis.title.text for axis in drawn["cost"].select_xaxes()] == ["one event, USD", "one month, USD"]
    for figure in (figure for name, figure in drawn.items() if name != "cost"):
        axes = [axis for axis in figure.select_yaxes()]
        assert all(axis.title.text for axis in axes)
        assert any("s" in (axis.title.text or "").split() for axis in figure.select_xaxes())


def test_only_colours_that_colour_blind_readers_tell_apart(drawn: dict[str, go.Figure]) -> None:
    lines = {trace.line.color for name, figure in drawn.items() if name != "cost" for trace in figure.data}
    bars = [trace.marker.color for trace in drawn["cost"].data if trace.showlegend]
    assert lines <= PALETTE
    assert set(bars) <= PALETTE
    assert len(set(bars)) == len(bars)


def test_titles_say_the_finding(drawn: dict[str, go.Figure]) -> None:
    assert titles(drawn["queue"]) == "Seats gone after 26.4 s, with 273,600 people who had come still not in"
    assert "The peak is of join, 54,495 RPS; status polls: 35,120 RPS in their busiest second" in titles(
        drawn["requests"]
    )
    assert re.match(r"The primary of shard 3 works 6\d.* % of the time, the others 0.4 %", titles(drawn["cpu"]))
    assert "breaks 1,000 ms: 4,710 ms" in titles(drawn["latency"])
    assert "10,000 of 10,000 seats sold" in titles(drawn["admissions"])


def test_a_fit_is_called_one(ladder_result: RunResult, ladder: Scenario) -> None:
    drawn = ladder_figures.stages(ladder_result, judge(ladder_result, ladder))
    assert titles(drawn) == "Twin and published engine CPU are at most 1.2 points apart: a fit, not evidence"


def test_the_hot_shard_is_drawn_last_and_apart(drawn: dict[str, go.Figure]) -> None:
    hot, *others = reversed(drawn["cpu"].data)
    assert hot.name == "shard 3"
    assert hot.line.color not in {trace.line.color for trace in others}
    assert len(others) == 4


def test_the_talks_figures_stand_beside_its_own_size_only(drawn: dict[str, go.Figure]) -> None:
    notes = [note.text for note in drawn["requests"].layout.annotations]
    assert any("60,000" in note for note in notes)
    assert any("30,000" in note for note in notes)


def test_on_a_logarithmic_axis_the_note_stands_on_its_line(drawn: dict[str, go.Figure]) -> None:
    note = next(note for note in drawn["latency"].layout.annotations if "limit" in note.text)
    line = drawn["latency"].layout.shapes[0]
    assert note.y == pytest.approx(math.log10(line.y0))


def test_a_day_is_thinned_without_changing_its_mean(scenario: Scenario) -> None:
    polls = np.random.default_rng(1).uniform(0, CEILING_RPS, 86_400)
    fewer, step = thinned(pd.DataFrame({"sent_status": polls}))
    assert len(fewer) <= MOST_POINTS
    whole = len(polls) // step
    means = polls[: whole * step].reshape(whole, step).mean(axis=1)
    assert fewer["sent_status"].to_numpy()[:whole] == pytest.approx(means)
    assert fewer.index[1] == step


def test_seats_add_up_in_a_thinned_run_too(scenario: Scenario) -> None:
    long = onsale_result(scenario)
    series = pd.concat([long.series] * 20, ignore_index=True).assign(sold=1)
    drawn = figures.admissions_and_seats(RunResult(long.manifest, long.kpis, series, {}, (), long.facts), scenario)
    sold = next(trace for trace in drawn.data if trace.name == "seats sold")
    assert np.asarray(sold.y) == pytest.approx(np.asarray(sold.x) + 1)


def test_the_bars_of_the_cost_add_up_to_the_bill(drawn: dict[str, go.Figure], verdict: Verdict) -> None:
    invoice = verdict.invoice
    for showlegend, time in ((True, "event_usd"), (False, "month_usd")):
        bars = [trace for trace in drawn["cost"].data if trace.showlegend is showlegend]
        for k, table in enumerate((invoice.listed, invoice.talk)):
            assert sum(trace.x[k] for trace in bars) == pytest.approx(getattr(table, time))
    # the talk has no price for Redis, and its bar says that something is missing
    assert drawn["cost"].data[0].y == ("AWS list", "the talk,<br>in part")


def test_a_sale_that_did_not_sell_out_has_no_such_mark(scenario: Scenario) -> None:
    unsold = onsale_result(scenario, facts={"sold_out_s": None})
    drawn = figures.queue(unsold, scenario)
    assert "did not sell out" in titles(drawn)
    assert not drawn.layout.shapes
