"""The figure of a profile: what is left between what was measured, or published, and what was fitted to it."""

from __future__ import annotations

from itertools import cycle

import plotly.graph_objects as go

from dashboards.figures.looks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, log_axis, styled
from models.judge.wording import number
from models.redis_costs.parts import Case
from models.redis_costs.profile import KINDS, Profile

OPERATION_COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)


def residuals(profile: Profile) -> go.Figure | None:
    """Fitted against measured CPU per request, in per cent, over the load; None for a profile without such cases."""
    cases = [case for case in profile.fit.cases if case.rate_rps]
    if not cases:
        return None
    figure = go.Figure()
    operations = list(dict.fromkeys(case.what.partition(",")[0] for case in cases))
    for operation, colour in zip(operations, cycle(OPERATION_COLOURS), strict=False):
        mine = [case for case in cases if case.what.partition(",")[0] == operation]
        figure.add_scatter(
            x=[case.rate_rps for case in mine],
            y=[case.residual_percent for case in mine],
            text=[_text(case) for case in mine],
            name=operation,
            mode="markers",
            marker={"color": colour, "size": 9},
            hovertemplate="%{text}<br>%{y:+.1f} %<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": GREY, "dash": "dash", "width": 1})
    fit, kind = profile.fit, KINDS[profile.kind]
    title = f"{profile.name}, {kind}: CPU per request"
    if fit.mean_error_percent is not None and fit.worst_error_percent is not None:
        title += f" is off by {fit.mean_error_percent:.1f} % on average, {fit.worst_error_percent:.1f} % at worst"
    figure = styled(figure, title, 400).update_layout(hovermode="closest")
    figure.update_xaxes(title_text="requests per second", **log_axis(1, 3))
    return figure.update_yaxes(title_text="fitted over measured, %")


def _text(case: Case) -> str:
    return f"{case.name}<br>{number(case.measured_us.best)} us, fitted {number(case.fitted_us)} us"
