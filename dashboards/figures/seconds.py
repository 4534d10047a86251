"""What all figures over simulated time have in common."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.looks import BLUE, GREEN, GREY, ORANGE, PURPLE, styled

MOST_POINTS = 2_000
"""Points a line holds at most; longer runs are shown as means over several seconds."""

ENDPOINT_COLOURS = {"status": BLUE, "join": ORANGE, "enter": GREEN, "reserve": PURPLE, "leave": GREY}
"""Of the requests to each endpoint, in the order in which they are drawn."""


def thinned(series: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The series with at most MOST_POINTS rows, each the mean over `step` seconds, and that step."""
    step = math.ceil(len(series) / MOST_POINTS)
    if step == 1:
        return series, 1
    thinned = series.groupby(series.index // step).mean()
    thinned.index = thinned.index * step
    return thinned, step


def seconds_title(step: int) -> str:
    """The title of the time axis of what `thinned` returned with *step*."""
    return "simulated time, s" if step == 1 else f"simulated time, s (means over {step} s)"


def over_time(figure: go.Figure, title: str, unit: str | None, step: int, height: int = 380) -> go.Figure:
    """Common looks over simulated time. `unit` titles the value axis; None where the caller has titled its own."""
    styled(figure, title, height).update_xaxes(title_text=seconds_title(step))
    return figure if unit is None else figure.update_yaxes(title_text=unit, rangemode="tozero")
