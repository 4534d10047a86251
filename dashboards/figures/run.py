"""The figures of a run, one function each: a plotly figure whose title says what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.figures.cost import cost_by_part
from dashboards.figures.ladder import stages
from dashboards.figures.looks import (
    BLUE,
    BLUE_WASH,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    log_axis,
    mark_level,
)
from dashboards.figures.seconds import ENDPOINT_COLOURS, over_time, thinned
from models.judge.gateway_load import demand_cores
from models.judge.limit import in_line
from models.judge.limits import mean_busy
from models.judge.published import TALK_ENOUGH_RPS, TALK_STATUS_RPS
from models.judge.sale import achieved_admissions_rps, is_talks_size
from models.judge.verdict import Verdict
from models.judge.wording import clock, number, plural

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


def figures_of(result: RunResult, scenario: Scenario, verdict: Verdict) -> dict[str, go.Figure]:
    """Every figure that applies to the run, by name, in reading order."""
    figures = {"stages": stages(result, verdict)} if verdict.stages else {"queue": queue(result, scenario)}
    figures["requests"] = requests_by_endpoint(result, scenario)
    figures["cpu"] = cpu_by_shard(result, scenario)
    if scenario.autoscaling is not None:
        figures["scaling"] = pods_and_nodes(result, scenario)
    figures["latency"] = latency_bands(result, scenario)
    if not verdict.stages:
        figures["admissions"] = admissions_and_seats(result, scenario)
    if verdict.invoice is not None:
        figures["cost"] = cost_by_part(verdict.invoice)
    return figures


def queue(result: RunResult, scenario: Scenario) -> go.Figure:
    """People in line over time, those called, and the moment the seats were gone."""
    series, step = thinned(result.series)
    sold_out, peak = result.facts["sold_out_s"], in_line(result).max()
    if sold_out is None:
        title = f"Up to {number(peak)} people in line; the seats did not sell out"
    else:
        title = (
            f"Seats gone after {clock(sold_out - scenario.event.opens_at_s)}, "
            f"with {number(result.facts['waiting_at_sold_out'])} people who had come still not in"
        )
    figure = go.Figure()
    figure.add_scatter(
        x=series.index,
        y=series["waiting"] + series["called"],
        name="in line, those called included",
        line={"color": BLUE, "width": 2.5},
        fill="tozeroy",
        fillcolor=BLUE_WASH,
    )
    figure.add_scatter(x=series.index, y=series["called"], name="called, not yet in", line={"color": ORANGE})
    if sold_out is not None:
        _mark_moment(figure, sold_out, "sold out")
    _mark_failovers(figure, result)
    return over_time(figure, title, "people", step)


def requests_by_endpoint(result: RunResult, scenario: Scenario) -> go.Figure:
    """Requests sent per second by endpoint, retries included."""
    series, step = thinned(result.series)
    peak, mean = result.best("requests.status_rps_peak"), result.best("requests.status_rps_mean")
    title = f"Status polls: {number(peak)} RPS in their busiest second, {number(mean)} on average"
    others = {name: float(result.series[f"sent_{name}"].max()) for name in ENDPOINT_COLOURS if name != "status"}
    most = max(others, key=lambda name: others[name])
    if others[most] > (peak or 0):
        title = f"The peak is of {most}, {number(others[most])} RPS; s{title[1:]}"
    figure = go.Figure()
    for endpoint, colour in ENDPOINT_COLOURS.items():
        if result.series[f"sent_{endpoint}"].any():
            figure.add_scatter(x=series.index, y=series[f"sent_{endpoint}"], name=endpoint, line={"color": colour})
    if is_talks_size(scenario):
        mark_level(figure, TALK_STATUS_RPS, f"the talk's design, {number(TALK_STATUS_RPS)}")
        mark_level(figure, TALK_ENOUGH_RPS, f'"enough in reality", {number(TALK_ENOUGH_RPS)}')
    return over_time(figure, title, "requests per second", step)


def cpu_by_shard(result: RunResult, scenario: Scenario) -> go.Figure:
    """Engine CPU of every shard, the hottest one in colour, and the limit of the service level."""
    series, step = thinned(result.series)
    hot, shards = int(result.facts["hot_shard"]), scenario.redis.shards
    means = (100 * mean_busy(result)).tolist()
    title = f"The primary of shard {hot} works {number(means[hot])} % of the time"
    if shards > 1:
        others = (sum(means) - means[hot]) / (shards - 1)
        title += f", the other{'s' if shards > 2 else ''} {number(others)} % on average"
    figure = go.Figure()
    for shard in (*(s for s in range(shards) if s != hot), hot):
        figure.add_scatter(
            x=series.index,
            y=100 * series[f"shard_{shard}_busy"],
            name=f"shard {shard}",
            line={"color": RED if shard == hot else SKY, "width": 2.5 if shard == hot else 1},
            showlegend=shard == hot or shards <= 10,
        )
    mark_level(figure, scenario.slo.engine_cpu_percent, f"limit {number(scenario.slo.engine_cpu_percent)} %")
    figure.update_yaxes(range=[0, 105])
    _mark_failovers(figure, result)
    return over_time(figure, title, "engine CPU, %", step)


def pods_and_nodes(result: RunResult, scenario: Scenario) -> go.Figure:
    """Pods wanted, running and ready over the pods whose CPU the load takes, and the nodes under them."""
    series, step = thinned(result.series)
    ready = result.series["pods_ready"]
    title = f"{plural(ready.iloc[0], 'pod')} ready at the start, {number(ready.max())} at most"
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.7, 0.3])
    needed = thinned(pd.DataFrame({"pods": demand_cores(result, scenario) / scenario.gateway.cpu_cores}))[0]
    figure.add_scatter(x=needed.index, y=needed["pods"], name="taken by the load", line={"color": GREY}, row=1, col=1)
    for level, colour in (("wanted", ORANGE), ("running", SKY), ("ready", BLUE)):
        figure.add_scatter(x=series.index, y=series[f"pods_{level}"], name=level, line={"color": colour}, row=1, col=1)
    figure.add_scatter(x=series.index, y=series["nodes"], name="nodes", line={"color": GREEN}, row=2, col=1)
    figure.update_yaxes(title_text="pods", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="nodes", rangemode="tozero", row=2, col=1)
    return over_time(figure, title, None, step, height=480).update_xaxes(title_text="", row=1)


def latency_bands(result: RunResult, scenario: Scenario) -> go.Figure:
    """Latency of join, status and enter as the client sees it: p50, p95 and p99 of every second."""
    series, step = thinned(result.series)
    limit, p99 = scenario.slo.status_p99_ms, result.best("latency.status_p99_ms")
    if p99 is None:
        title = "No status request was answered"
    else:
        verb = "stays under" if p99 <= limit else "breaks"
        title = f"Status p99 {verb} {number(limit)} ms: {number(p99)} ms over the whole run"
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for row, endpoint in enumerate(("status", "join", "enter"), start=1):
        _band(figure, series, endpoint, row)
        figure.update_yaxes(title_text=f"{endpoint}, ms", row=row, col=1, **log_axis(1, 3))
    mark_level(figure, limit, f"limit {number(limit)} ms", row=1, log=True)
    figure = over_time(figure, title, None, step, height=560)
    return figure.update_xaxes(title_text="", row=1).update_xaxes(title_text="", row=2)


def admissions_and_seats(result: RunResult, scenario: Scenario) -> go.Figure:
    """Admissions per second against the rate, and seats sold against those there are."""
    series, step = thinned(result.series)
    rate, reached = scenario.admission.rate_rps, achieved_admissions_rps(result, scenario)
    sold, seats = result.best("seats.sold") or 0, scenario.event.seats
    title = f"{number(sold)} of {number(seats)} seats sold"
    if reached is not None:
        title += f"; admissions run at {number(reached)} of {number(rate)} per second"
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    figure.add_scatter(x=series.index, y=series["admitted"], name="admitted", line={"color": GREEN}, row=1, col=1)
    cumulative = result.series["sold"].cumsum().loc[series.index]
    figure.add_scatter(
        x=series.index, y=cumulative, name="seats sold", line={"color": PURPLE, "width": 2.5}, row=2, col=1
    )
    mark_level(figure, rate, f"rate {number(rate)}/s", row=1)
    mark_level(figure, seats, f"{number(seats)} seats", row=2)
    figure.update_yaxes(title_text="people per second", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="seats sold", rangemode="tozero", row=2, col=1)
    return over_time(figure, title, None, step, height=480).update_xaxes(title_text="", row=1)


def _band(figure: go.Figure, series: pd.DataFrame, endpoint: str, row: int) -> None:
    for percentile, colour, width in (("p99", RED, 1.5), ("p95", ORANGE, 1.5), ("p50", BLUE, 2.5)):
        figure.add_scatter(
            x=series.index,
            y=series[f"latency_{endpoint}_{percentile}_ms"],
            name=percentile,
            legendgroup=percentile,
            showlegend=row == 1,
            line={"color": colour, "width": width},
            row=row,
            col=1,
        )


def _mark_failovers(figure: go.Figure, result: RunResult) -> None:
    """Mark when a primary dies."""
    for failover in result.facts["failovers"]:
        _mark_moment(figure, failover["at_s"], f"primary of shard {failover['shard']} dies", "bottom right")


def _mark_moment(figure: go.Figure, second: float, text: str, where: str = "top right") -> None:
    figure.add_vline(
        x=second,
        line={"color": RED, "dash": "dash", "width": 1.5},
        annotation={"text": f"{text}, {clock(second)}", "font": {"size": 12, "color": INK}},
        annotation_position=where,
    )
