"""One picture of a run over time: load, queue, CPU by shard, pods and nodes, admissions and seats, all on one clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.looks import BLUE, BLUE_WASH, GREEN, GREY, GRID, INK, ORANGE, PURPLE, RED, SKY, styled
from dashboards.figures.seconds import ENDPOINT_COLOURS, seconds_title, thinned
from models.judge.limit import in_line
from models.judge.sale import achieved_admissions_rps
from models.judge.verdict import Verdict
from models.judge.wording import clock, number, plural

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

ROW_PIXELS, GAP_PIXELS, TOP_PIXELS, BOTTOM_PIXELS = 108, 46, 92, 46


@dataclass
class _Row:
    """One band of the picture: what it shows in a few words, its axis, its lines, and a level to hold them against."""

    title: str
    unit: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    level: tuple[float, str] | None = None
    top: float | None = None


def timeline(result: RunResult, scenario: Scenario, verdict: Verdict) -> go.Figure:
    """Everything that happens in a run, aligned; opening, last seat and failovers are marked across all rows.

    A load ladder has no line, no admissions and no seats; pods and nodes are shown where they scale.
    """
    series, step = thinned(result.series)
    rows = [row for make in _ROWS if (row := make(series, result, scenario)) is not None]
    height = TOP_PIXELS + BOTTOM_PIXELS + len(rows) * (ROW_PIXELS + GAP_PIXELS) - GAP_PIXELS
    figure = go.Figure()
    inner = height - TOP_PIXELS - BOTTOM_PIXELS
    tops = [1 - k * (ROW_PIXELS + GAP_PIXELS) / inner for k in range(len(rows))]
    styled(figure, _title(result, verdict), height)
    for place, (row, top) in enumerate(zip(rows, tops, strict=True), start=1):
        _draw(figure, series, row, place, (max(0.0, top - ROW_PIXELS / inner), top), GAP_PIXELS / inner)
    figure.update_layout(
        margin={"t": TOP_PIXELS, "b": BOTTOM_PIXELS, "l": 74, "r": 16},
        hoversubplots="axis",
        title={"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 14}},
    )
    figure.update_xaxes(title_text=seconds_title(step), anchor=f"y{len(rows)}" if len(rows) > 1 else "y")
    _moments(figure, result, scenario, bool(verdict.stages))
    return figure


def _title(result: RunResult, verdict: Verdict) -> str:
    binding = verdict.binding
    if binding is None:
        return f"Nothing is exhausted in {clock(result.manifest['end_s'])}; closest is the {verdict.limits[0].name}"
    how = "dead" if binding.key == "failover" else "exhausted"
    return f"The {binding.name} {binding.verb} {how} from second {binding.first_s} on, for {clock(binding.seconds)}"


def _draw(
    figure: go.Figure, series: pd.DataFrame, row: _Row, place: int, domain: tuple[float, float], gap: float
) -> None:
    axis, name = "yaxis" if place == 1 else f"yaxis{place}", "y" if place == 1 else f"y{place}"
    legend = "legend" if place == 1 else f"legend{place}"
    for line in row.lines:
        figure.add_scatter(x=series.index, xaxis="x", yaxis=name, legend=legend, mode="lines", **line)
    scale = {"rangemode": "tozero"} if row.top is None else {"range": [0, row.top]}
    figure.update_layout(
        {
            axis: {
                "domain": list(domain),
                "title": {"text": row.unit, "font": {"size": 12}},
                "nticks": 4,
                "tickformat": ",",
                "gridcolor": GRID,
                "zeroline": False,
                **scale,
            },
            legend: {
                "y": domain[1] + 0.62 * gap,
                "yanchor": "middle",
                "x": 1,
                "xanchor": "right",
                "orientation": "h",
                "font": {"size": 12},
                "bgcolor": "rgba(0,0,0,0)",
            },
        }
    )
    figure.add_annotation(
        text=f"<b>{row.title}</b>",
        x=0,
        xref="paper",
        xanchor="left",
        y=domain[1] + 0.62 * gap,
        yref="paper",
        yanchor="middle",
        showarrow=False,
        font={"size": 13, "color": INK},
    )
    if row.level is not None:
        value, text = row.level
        figure.add_shape(
            type="line", x0=0, x1=1, xref="paper", y0=value, y1=value, yref=name, line={"color": GREY, "dash": "dash"}
        )
        figure.add_annotation(
            text=text,
            x=1,
            xref="paper",
            xanchor="right",
            y=value,
            yref=name,
            yanchor="bottom",
            showarrow=False,
            font={"size": 11, "color": INK},
        )


def _moments(figure: go.Figure, result: RunResult, scenario: Scenario, ladder: bool) -> None:
    """Mark the death of a primary across all rows, and of an on-sale the opening and the last seat."""
    opens, sold_out = scenario.event.opens_at_s, result.facts["sold_out_s"]
    moments = [(opens, "opening", GREEN)] if opens > 0 and not ladder else []
    if sold_out is not None and not ladder:
        moments.append((sold_out, f"sold out {clock(sold_out - opens)} after the opening", RED))
    for failover in result.facts["failovers"]:
        moments.append((failover["at_s"], f"primary of shard {failover['shard']} dies", PURPLE))
    for place, (second, text, colour) in enumerate(moments):
        line = {"color": colour, "dash": "dot", "width": 1.5}
        figure.add_shape(
            type="line", x0=second, x1=second, xref="x", y0=0, y1=1, yref="paper", line=line, layer="below"
        )
        figure.add_annotation(
            text=text,
            x=second,
            xref="x",
            xanchor="left",
            xshift=5,
            y=1,
            yref="paper",
            yanchor="top",
            yshift=-15 * place,  # notes of moments that are close together would cover one another
            showarrow=False,
            font={"size": 12, "color": INK},
        )


def _load(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row:
    peak = result.best("requests.status_rps_peak")
    lines = [
        {"y": series[f"sent_{name}"], "name": name, "line": {"color": colour, "width": 1.5}}
        for name, colour in ENDPOINT_COLOURS.items()
        if result.series[f"sent_{name}"].any()
    ]
    return _Row(f"Load: status polls up to {number(peak)} per second", "requests/s", lines)


def _queue(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row | None:
    if result.stages:
        return None
    return _Row(
        f"Queue: up to {number(in_line(result).max())} people in line, those called included",
        "people",
        [
            {
                "y": series["waiting"] + series["called"],
                "name": "in line",
                "line": {"color": BLUE, "width": 2},
                "fill": "tozeroy",
                "fillcolor": BLUE_WASH,
            },
            {"y": series["called"], "name": "called, not yet in", "line": {"color": ORANGE, "width": 1.5}},
        ],
    )


def _cpu(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row:
    hot, shards = int(result.facts["hot_shard"]), scenario.redis.shards
    limit = scenario.slo.engine_cpu_percent
    over = int((100 * result.series[f"shard_{hot}_busy"] > limit).sum())
    busy = f"above {number(limit)} % for {clock(over)}" if over else f"never above {number(limit)} %"
    title = f"Redis engine CPU: shard {hot} {busy}"
    row = _Row(title, "%", level=(limit, f"limit {number(limit)} %"), top=108)
    for shard in (*(each for each in range(shards) if each != hot), hot):
        colour, width = (RED, 2) if shard == hot else (SKY, 1)
        row.lines.append(
            {
                "y": 100 * series[f"shard_{shard}_busy"],
                "name": f"shard {shard}",
                "line": {"color": colour, "width": width},
                "showlegend": shard == hot,
            }
        )
    return row


def _pods(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row | None:
    if scenario.autoscaling is None:
        return None
    ready, nodes = result.series["pods_ready"], result.series["nodes"]
    title = f"Pods: {number(ready.iloc[0])} to {number(ready.max())} ready; up to {plural(nodes.max(), 'node')}"
    colours = {"pods_wanted": ORANGE, "pods_running": SKY, "pods_ready": BLUE, "nodes": GREEN}
    lines = [
        {
            "y": series[name],
            "name": name.replace("_", " "),
            "line": {"color": colour, "width": 1.5, "shape": "hv", "dash": "dot" if name == "nodes" else "solid"},
        }
        for name, colour in colours.items()
    ]
    return _Row(title, "pods, nodes", lines)


def _admissions(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row | None:
    if result.stages:
        return None
    rate, reached = scenario.admission.rate_rps, achieved_admissions_rps(result, scenario)
    title = "Admissions: the line never filled the rate"
    if reached is not None:
        title = f"Admissions: {number(reached)} of {number(rate)} per second while people waited"
    lines = [{"y": series["admitted"], "name": "admitted", "line": {"color": GREEN, "width": 1.5}}]
    return _Row(title, "people/s", lines, (rate, f"rate {number(rate)}/s"))


def _seats(series: pd.DataFrame, result: RunResult, scenario: Scenario) -> _Row | None:
    if result.stages:
        return None
    sold, seats = result.series["sold"].cumsum().loc[series.index], scenario.event.seats
    title = f"Seats: {number(result.best('seats.sold'))} of {number(seats)} sold"
    lines = [{"y": sold, "name": "seats sold", "line": {"color": PURPLE, "width": 2}}]
    return _Row(title, "seats", lines, top=1.15 * max(seats, float(sold.max())))


_ROWS: tuple[Callable[[pd.DataFrame, RunResult, Scenario], _Row | None], ...] = (
    _load,
    _queue,
    _cpu,
    _pods,
    _admissions,
    _seats,
)
