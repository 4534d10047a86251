"""The figure of a verification: predicted against measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.figures.looks import BLUE, GREY, RED, log_axis, styled

if TYPE_CHECKING:
    from real_adapter.calibrate.accuracy import Comparison, Verification
    from sim.estimate import Estimate

METRICS = {
    "engine_cpu_percent": "engine CPU, %",
    "p50_us": "p50, us",
    "p99_us": "p99, us",
    "ceiling_rps": "ceiling, requests/s",
    "engine_cpu_difference_percent": "engine CPU, points more",
}


WIDE_PERCENT = 50
"""A bound beyond which being within it is no merit: the measurement itself did not repeat any better."""


def is_loose(case: Comparison) -> bool:
    """Whether a comparison is within a bound that is too wide to prove anything."""
    return case.met and case.allowed_percent > WIDE_PERCENT


def headline(found: Verification) -> str:
    """One sentence: how far off, and how many of the comparisons are within their bounds."""
    met = sum(case.met for case in found.cases)
    loose = sum(is_loose(case) for case in found.cases)
    return (
        f"Engine CPU is predicted to {found.median_error_percent:.1f} % in the median, "
        f"{found.worst_error_percent:.1f} % at worst; "
        f"{met} of {len(found.cases)} comparisons are within their bounds"
        + (f", which for {loose} are wider than {WIDE_PERCENT} % and prove little" if loose else "")
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
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": GREY,
        "thickness": 1,
        "width": 0,
    }
