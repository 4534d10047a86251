"""Predicted against measured: the table in a terminal and in Markdown, the figure, and the page of a verification."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from rich.console import Group
from rich.text import Text

from dashboards.looks import BLUE, GREY, RED, log_axis, styled
from dashboards.page import card, figures_html, mark, page_html, section, table
from dashboards.terminal import bullets, grid
from models.judge.wording import number

if TYPE_CHECKING:
    from real_adapter.verification import Comparison, Verification
    from sim.estimate import Estimate

TITLES = ("case", "metric", "predicted", "measured", "error", "allowed")
METRICS = {
    "engine_cpu_percent": "engine CPU, %",
    "p50_us": "p50, us",
    "p99_us": "p99, us",
    "ceiling_rps": "ceiling, requests/s",
    "engine_cpu_difference_percent": "engine CPU, points more",
}


def headline(found: Verification) -> str:
    """One sentence: how far off, and how many of the comparisons are within their bounds."""
    met = sum(case.met for case in found.cases)
    return (
        f"Engine CPU is predicted to {found.median_error_percent:.1f} % in the median, "
        f"{found.worst_error_percent:.1f} % at worst; "
        f"{met} of {len(found.cases)} comparisons are within their bounds"
    )


def notes(found: Verification) -> Iterator[str]:
    """What a reader must know besides the table."""
    discarded = ", ".join(f"{count} {why}" for why, count in found.discarded.items()) or "none"
    yield f"Profile {found.profile}; {found.server}; {found.machine}."
    yield f"Windows that did not count: {discarded}."
    yield "Predicted intervals are the range over joint draws of the profile; measured ones are of the mean, 95 %."
    for name in found.not_measured:
        yield f"Not measured: {name}."


def accuracy_view(found: Verification) -> Group:
    """Everything `breakwater verify-calibration` prints."""
    rows = grid(*((title, "left" if k < 2 else "right") for k, title in enumerate(TITLES)))
    for case in found.cases:
        *cells, error, allowed = _cells(case)
        rows.add_row(*cells, Text(error, style="" if case.met else "red"), allowed)
    style = "green" if found.within_bounds else "red"
    return Group(Text(headline(found), style=f"bold {style}"), Text(), rows, Text(), bullets(notes(found)))


def accuracy_markdown(found: Verification) -> str:
    """The table as Markdown."""
    lines = [f"| {' | '.join(TITLES)} |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(case))} |" for case in found.cases]
    return "\n".join([f"{headline(found)}.", "", *lines, "", *(f"- {note}" for note in notes(found))]) + "\n"


def accuracy_page(found: Verification) -> str:
    """The table and the figure as a page that needs nothing else."""
    rows = [(*map(escape, _cells(case)), mark(case.met)) for case in found.cases]
    body = table((*TITLES, ""), rows, ("", "dim", "number", "number", "number", "number", ""))
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(found))
    return page_html(
        "Predicted against measured",
        [
            section("Predicted against measured", figures_html({"accuracy": accuracy_figure(found)})),
            section("Every comparison", card(f"{body}<ul>{said}</ul>")),
        ],
    )


def accuracy_figure(found: Verification) -> go.Figure:
    """Predicted against measured by metric, on equal axes: a case on the line is predicted exactly."""
    metrics = [
        name for name in ("engine_cpu_percent", "p50_us", "p99_us") if any(c.metric == name for c in found.cases)
    ]
    figure = make_subplots(
        cols=len(metrics), subplot_titles=[METRICS[name] for name in metrics], horizontal_spacing=0.09
    )
    for column, metric in enumerate(metrics, 1):
        cases = [case for case in found.cases if case.metric == metric]
        ends = [value for c in cases for value in (c.measured.best, c.predicted.best)]
        low, high = 0.8 * min(ends), 1.25 * max(ends)
        figure.add_scatter(
            x=[low, high],
            y=[low, high],
            mode="lines",
            line={"color": GREY, "dash": "dash"},
            row=1,
            col=column,
            name="equal",
        )
        figure.add_scatter(
            x=[c.measured.best for c in cases],
            y=[c.predicted.best for c in cases],
            error_x=_bars([c.measured for c in cases]),
            error_y=_bars([c.predicted for c in cases]),
            mode="markers",
            marker={"color": [BLUE if c.met else RED for c in cases], "size": 9},
            text=[c.name for c in cases],
            hovertemplate="%{text}<br>measured %{x:.4g}, predicted %{y:.4g}<extra></extra>",
            row=1,
            col=column,
            name=METRICS[metric],
        )
        figure.update_xaxes(**log_axis(1, 2, 5), title="measured", row=1, col=column)
        figure.update_yaxes(**log_axis(1, 2, 5), title="predicted" if column == 1 else "", row=1, col=column)
    figure = styled(figure, headline(found), 500)
    return figure.update_layout(showlegend=False, margin={"t": 120})


def _bars(estimates: list[Estimate]) -> dict[str, object]:
    above = [(e.high if e.high is not None else e.best) - e.best for e in estimates]
    below = [e.best - max(e.low if e.low is not None else e.best, 0.2 * e.best) for e in estimates]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1, "width": 0}


def _cells(case: Comparison) -> tuple[str, ...]:
    return (
        case.name,
        METRICS[case.metric],
        _with_range(case.predicted),
        _with_range(case.measured),
        f"{case.error_percent:+.1f} %",
        f"{case.allowed_percent:.0f} %",
    )


def _with_range(estimate: Estimate) -> str:
    best = number(estimate.best)
    if estimate.low is None or estimate.high is None:
        return best
    return f"{best} ({number(estimate.low)} to {number(estimate.high)})"
