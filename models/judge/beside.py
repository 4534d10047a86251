"""Runs of scenarios that are to be seen together, by the figures that their verdicts turn on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.judge.sale import achieved_admissions_rps
from models.judge.wording import NOTHING, clock, number, with_unit

if TYPE_CHECKING:
    from models.judge.verdict import Verdict
    from models.results.result import RunResult
    from models.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Judged:
    """A run, what was run, and what that means."""

    result: RunResult
    scenario: Scenario
    verdict: Verdict


Figure = Callable[[Judged], str]


def _kpi(name: str) -> Figure:
    def figure(run: Judged) -> str:
        kpi = run.result.kpis[name]
        text = with_unit(kpi.best, kpi.unit)
        if kpi.low is None or kpi.high is None:
            return text
        return f"{text} ({with_unit(kpi.low, kpi.unit)} to {with_unit(kpi.high, kpi.unit)})"

    return figure


def _full(run: Judged) -> str:
    """For how long the busiest engine thread had no time left."""
    return clock(next(limit.seconds for limit in run.verdict.limits if limit.key == "engine"))


def _admissions(run: Judged) -> str:
    reached = achieved_admissions_rps(run.result, run.scenario)
    return NOTHING if reached is None else f"{number(reached)}/s of {number(run.scenario.admission.rate_rps)}/s"


def _lapsed(run: Judged) -> str:
    return number(float(run.result.series["lapsed"].sum()))


def _levels(run: Judged) -> str:
    met = sum(row.met for row in run.verdict.slo)
    return f"{met} of {len(run.verdict.slo)}"


HOLDS = {True: "yes", False: "no", None: "open"}
"""The outcome of a verdict in a word."""
FIGURES: dict[str, Figure] = {
    "holds": lambda run: HOLDS[run.verdict.outcome],
    "service levels met": _levels,
    "busiest engine thread, worst minute": _kpi("redis.engine_cpu_peak_60s_percent"),
    "that thread is full for": _full,
    "status p99": _kpi("latency.status_p99_ms"),
    "admissions while people wait": _admissions,
    "calls that lapse": _lapsed,
    "mean wait of everybody": _kpi("wait.mean_s"),
    "sold out at": _kpi("seats.sold_out_s"),
}
"""What each of the figures is called, and how it is read off a run."""


def side_by_side(runs: Iterable[Judged]) -> list[tuple[str, ...]]:
    """Return rows of a table: the name of a figure, then its value in each of the *runs* of on-sales."""
    shown = list(runs)
    return [(name, *(figure(run) for run in shown)) for name, figure in FIGURES.items()]
