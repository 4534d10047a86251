"""How every figure looks: colours, axes, and the lines that mark a limit.

Backgrounds are transparent and text colours are left to the page, so a figure stands on light and dark alike.
Colours are those of Okabe and Ito (Color Universal Design, 2008), told apart by colour-blind readers.
"""

from __future__ import annotations

import math
import textwrap

import plotly.graph_objects as go

from models.judge.wording import number

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
BLUE_WASH = "rgba(0,114,178,.18)"
YELLOW = "#F0E442"
GREY, SLATE, PALE = "#8A8F98", "#5B6370", "#C3C8D0"
GRID = "#E3E6EA"
INK = "#444444"
"""Colour of text where no page sets another."""


def log_axis(*steps: int) -> dict[str, object]:
    """A logarithmic axis with ticks at *steps* times the powers of ten."""
    ticks = [step * 10.0**power for power in range(-3, 8) for step in steps]
    return {"type": "log", "tickvals": ticks, "ticktext": [number(tick) for tick in ticks]}


def mark_level(
    figure: go.Figure, value: float, text: str, row: int | None = None, log: bool = False, side: str = "right"
) -> None:
    """Draw a horizontal line at *value* with a note at its *side*; *log* where the axis is logarithmic."""
    where = {} if row is None else {"row": row, "col": 1}
    figure.add_hline(y=value, line={"color": GREY, "dash": "dash", "width": 1}, **where)
    figure.add_annotation(
        x=1 if side == "right" else 0,
        xref="x domain",
        y=math.log10(value) if log else value,  # plotly places notes, unlike lines, by the logarithm
        text=text,
        font={"size": 12, "color": INK},
        showarrow=False,
        xanchor=side,
        yanchor="bottom",
        **where,
    )


TITLE_LETTERS = 76
"""Of a line of a title: so many fit beside the sidebar in a window of 1,300 pixels, in a wide font."""


def styled(figure: go.Figure, title: str, height: int) -> go.Figure:
    """Give the figure what all have in common, and its title."""
    lines = textwrap.wrap(title, TITLE_LETTERS)
    figure.update_layout(
        template="plotly_white",
        title={
            "text": "<br>".join(lines),
            "x": 0,
            "xref": "paper",
            "font": {"size": 16, "weight": 600},
        },
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        height=height,
        margin={"l": 70, "r": 20, "t": 50 + 20 * len(lines), "b": 50},
        legend={"orientation": "h", "y": -0.18 if height < 450 else -0.12, "x": 0},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    return figure.update_yaxes(gridcolor=GRID, zeroline=False, tickformat=",")
