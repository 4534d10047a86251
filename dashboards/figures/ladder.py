"""The figure of a load ladder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.figures.looks import BLUE, GREEN, INK, ORANGE, log_axis, styled
from models.judge.verdict import FITTED, Verdict
from models.judge.wording import number

if TYPE_CHECKING:
    from models.results.result import RunResult


def stages(result: RunResult, verdict: Verdict) -> go.Figure:
    """A load ladder: engine CPU of the twin beside the published figures, and status p99."""
    rows = verdict.stages
    apart = [abs(row.difference_points) for row in rows if row.difference_points is not None]
    title = "Engine CPU by load"
    if apart:
        title = f"Twin and published engine CPU are at most {number(max(apart))} points apart"
        title += ": a fit, not evidence" if result.manifest["profile_kind"] == FITTED else ""
    names = [row.stage.name for row in rows]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    cpu = [row.stage.engine_cpu_percent for row in rows]
    figure.add_bar(x=names, y=cpu, name="twin", marker_color=BLUE, width=0.5, row=1, col=1)
    figure.add_scatter(
        x=names,
        y=[row.published_percent for row in rows],
        name="published",
        mode="markers",
        marker={"color": ORANGE, "size": 13, "symbol": "diamond", "line": {"color": INK, "width": 1}},
        row=1,
        col=1,
    )
    p99 = [row.stage.status_p99_ms for row in rows]
    figure.add_scatter(x=names, y=p99, name="status p99", mode="lines+markers", line={"color": GREEN}, row=2, col=1)
    figure.update_yaxes(title_text="engine CPU, %", range=[0, 105], row=1, col=1)
    figure.update_yaxes(title_text="status p99, ms", row=2, col=1, **log_axis(1, 2, 5), range=_around(p99))
    return styled(figure, title, 520)


def _around(values: list[float | None]) -> list[float] | None:
    """A logarithmic range from half the least to twice the most value: wide enough to hold a tick."""
    known = [value for value in values if value]
    return [math.log10(min(known) / 2), math.log10(2 * max(known))] if known else None
