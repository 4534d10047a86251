"""The figures that the web pages have beyond those of the report."""

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboards.figures.cost import cost_by_setting
from dashboards.figures.differences import differences
from dashboards.figures.fit import residuals
from dashboards.figures.sweep import shares_of_limits
from dashboards.figures.timeline import timeline
from models.experiments.sweep.design import design_of
from models.judge.invoice import bill_of
from models.judge.verdict import Verdict, judge
from models.redis_costs.profile import load_profile, profile_names
from models.results.result import RunResult
from models.scenario import Scenario, load_scenario
from tests.dashboards.figures.test_run_figures import PALETTE
from tests.dashboards.synthetic import difference, onsale_result
from tests.sweeps import sweep_of

CPU = "redis.engine_cpu_peak_60s_percent"


def title(figure: go.Figure) -> str:
    return str(figure.layout.title.text).replace("<br>", " ")


def rows(figure: go.Figure) -> list[str]:
    """The units of the rows, top to bottom."""
    axes = [figure.layout[name] for name in figure.layout if name.startswith("yaxis")]
    return [axis.title.text for axis in sorted(axes, key=lambda axis: -axis.domain[0])]


def test_the_timeline_has_a_row_for_everything_on_one_clock(
    result: RunResult, scenario: Scenario, verdict: Verdict
) -> None:
    drawn = timeline(result, scenario, verdict)
    assert rows(drawn) == ["requests/s", "people", "%", "people/s", "seats"]
    assert {trace.xaxis for trace in drawn.data} == {"x"}
    assert {len(trace.x) for trace in drawn.data} == {len(result.series)}
    assert "is exhausted from second" in title(drawn)
    assert {trace.line.color for trace in drawn.data} <= PALETTE


def test_rows_do_not_overlap(result: RunResult, scenario: Scenario, verdict: Verdict) -> None:
    drawn = timeline(result, scenario, verdict)
    domains = sorted(drawn.layout[name].domain for name in drawn.layout if name.startswith("yaxis"))
    assert all(below[1] < above[0] for below, above in pairwise(domains))
    assert domains[0][0] == pytest.approx(0, abs=1e-9)
    assert domains[-1][1] == pytest.approx(1)


def test_pods_and_nodes_have_a_row_where_they_scale() -> None:
    scenario = load_scenario("autoscale-from-3")
    levels = {"pods_wanted": 9, "pods_running": 6, "pods_ready": 3, "nodes": 2}
    result = onsale_result(scenario, series=levels)
    drawn = timeline(result, scenario, judge(result, scenario))
    assert rows(drawn)[3] == "pods, nodes"


def test_a_ladder_has_no_line_no_admissions_and_no_seats(ladder: Scenario, ladder_result: RunResult) -> None:
    drawn = timeline(ladder_result, ladder, judge(ladder_result, ladder))
    assert rows(drawn) == ["requests/s", "%"]


def test_opening_and_last_seat_are_marked_across_all_rows(scenario: Scenario, result: RunResult) -> None:
    later = scenario.model_copy(update={"event": scenario.event.model_copy(update={"opens_at_s": 5.0})})
    drawn = timeline(result, later, judge(result, later))
    across = [shape for shape in drawn.layout.shapes if shape.yref == "paper"]
    assert [(shape.y0, shape.y1) for shape in across] == [(0, 1), (0, 1)]
    assert [shape.x0 for shape in across] == [5.0, result.facts["sold_out_s"]]


def test_hollow_marks_are_no_detectable_difference() -> None:
    found = {
        "B": {"wait": difference("wait", "ms", 100, 50, 5), "p99": difference("p99", "ms", 100, 1, 5)},
        "C": {"wait": difference("wait", "ms", 100, 0, 1), "p99": difference("p99", "ms", 100, 1, 5)},
    }
    drawn = differences(found, ["wait", "p99", "zero"], "A")
    assert "B: 1 detectable difference in 2 figures, most in wait (+50 %)" in title(drawn)
    assert "C: no detectable difference" in title(drawn)
    fills = [trace.marker.color for trace in drawn.data]
    assert fills[0] == ("#0072B2", "rgba(0,0,0,0)")
    assert set(fills[1]) == {"rgba(0,0,0,0)"}
    assert drawn.data[0].error_x.array[0] == pytest.approx(5)


def test_too_few_runs_are_not_called_no_difference() -> None:
    drawn = differences({"B": {"wait": difference("wait", "ms", 100, 50, None)}}, ["wait"], "A")
    assert "B: too few runs to tell" in title(drawn)
    assert drawn.data[0].text[0].endswith("too few runs to tell")


def test_what_is_zero_in_the_first_design_has_no_per_cent() -> None:
    drawn = differences({"B": {"errors": difference("errors", "ms", 0, 5, 1)}}, ["errors"], "A")
    assert not drawn.layout.yaxis.ticktext


def test_the_level_that_gives_way_first_is_the_title() -> None:
    design = design_of(["clients.count=1000,2000,3000"], None, 1)
    kpis = {CPU: lambda point: point["clients.count"] / 25, "wait.mean_s": lambda point: point["clients.count"] / 8}
    drawn = shares_of_limits(sweep_of(design, kpis))
    assert drawn is not None
    # engine CPU passes 90 % at 2,250 people, the wait 300 s at 2,400: both between the same values; the levels' order
    assert title(drawn).startswith("Breaks first: mean wait passes 5 min between")
    assert drawn.layout.xaxis.dtick is None  # too far apart for a tick at each whole number
    cpu = next(trace for trace in drawn.data if trace.name == "engine CPU")
    assert cpu.y == pytest.approx([100 * 40 / 90, 100 * 80 / 90, 100 * 120 / 90])
    assert cpu.marker.symbol == ("circle", "circle", "x")


def test_first_is_counted_from_the_side_that_holds() -> None:
    design = design_of(["redis.shards=1,2,3,4,5"], None, 1)
    kpis = {
        CPU: lambda point: 100.0 if point["redis.shards"] < 4 else 50.0,
        "latency.status_p99_ms": lambda point: 2000.0 if point["redis.shards"] < 2 else 50.0,
    }
    drawn = shares_of_limits(sweep_of(design, kpis))
    assert drawn is not None
    assert "engine CPU passes 90 % between redis.shards=4 and redis.shards=3" in title(drawn)
    assert drawn.layout.xaxis.dtick == 1  # there is no half of a shard


def test_two_settings_have_no_such_figure() -> None:
    design = design_of(["redis.shards=1,2", "gateway.pods=1,2"], None, 1)
    assert shares_of_limits(sweep_of(design, {})) is None


def test_the_bill_by_setting_says_what_one_more_costs(scenario: Scenario, result: RunResult) -> None:
    shards = [(n, bill_of(result, load_scenario("onsale-300k", [f"redis.shards={n}"]))) for n in (1, 3, 5)]
    drawn = cost_by_setting({"redis.shards": shards}, {"redis.shards": 3}, {"redis.shards": ("shard", "shards")})
    each = (shards[2][1].month_usd - shards[0][1].month_usd) / 4
    assert f"${each:,.2f} for a shard" in title(drawn)
    assert np.diff(drawn.data[1].y) == pytest.approx([2 * each, 2 * each])
    assert drawn.data[0].marker.size == (7, 13, 7)
    # a shard is a primary and its replica, all month
    assert each == pytest.approx(2 * 730 * 0.315, rel=0.01)


@pytest.mark.parametrize("name", profile_names())
def test_residuals_are_those_of_the_profile(name: str) -> None:
    profile = load_profile(name)
    drawn = residuals(profile)
    loaded = [case for case in profile.fit.cases if case.rate_rps]
    if drawn is None:
        assert not loaded
        return
    assert sum(len(trace.x) for trace in drawn.data) == len(loaded)
    assert f"{profile.fit.worst_error_percent:.1f} % at worst" in title(drawn)
