"""Runs side by side: every figure is that of its own run, in the words of the verdict."""

from dataclasses import replace

import pytest

from models.judge.beside import FIGURES, Judged, side_by_side
from models.judge.verdict import judge
from models.judge.wording import with_unit
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result


def judged(name: str, *changes: str) -> Judged:
    scenario = load_scenario(name, changes)
    result = onsale_result(scenario)
    return Judged(result, scenario, judge(result, scenario))


def test_each_run_has_its_own_column() -> None:
    strict, lenient = judged("onsale-300k"), judged("onsale-300k-five", "slo.status_p99_ms=1e5")
    rows = {name: cells for name, *cells in side_by_side([strict, lenient])}
    assert list(rows) == list(FIGURES)
    met = [sum(row.met for row in run.verdict.slo) for run in (strict, lenient)]
    assert rows["service levels met"] == [f"{number} of {len(strict.verdict.slo)}" for number in met]
    assert met[0] < met[1]
    assert rows["holds"][0] == "no"
    assert rows["admissions while people wait"][0].endswith("/s of 1,000/s")


@pytest.mark.parametrize(
    ("figure", "kpi"), [("status p99", "latency.status_p99_ms"), ("mean wait of everybody", "wait.mean_s")]
)
def test_a_figure_is_the_kpi_it_is_called_after_with_its_interval(figure: str, kpi: str) -> None:
    run = judged("onsale-300k")
    found = run.result.kpis[kpi]
    best = with_unit(found.best, found.unit)
    assert FIGURES[figure](run) == best
    known = replace(found, low=found.best / 2, high=found.best * 2)
    drawn = replace(run, result=replace(run.result, kpis={**run.result.kpis, kpi: known}))
    assert (
        FIGURES[figure](drawn) == f"{best} ({with_unit(known.low, known.unit)} to {with_unit(known.high, known.unit)})"
    )


def test_a_run_of_a_node_that_is_not_known_is_open_and_holds_no_more_than_it_fails() -> None:
    run = judged("onsale-300k")
    assert FIGURES["holds"](replace(run, verdict=replace(run.verdict, holds=True, known=False))) == "open"
    assert FIGURES["holds"](replace(run, verdict=replace(run.verdict, holds=True))) == "yes"
