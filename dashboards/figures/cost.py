"""Figures of what an on-sale costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.figures.looks import BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, RED, SKY, SLATE, YELLOW, styled
from models.judge.invoice import Invoice, largest
from models.judge.wording import with_unit
from models.results.cost import PARTS, CostBreakdown

PART_COLOURS = {
    "redis": SKY,
    "edge": ORANGE,
    "gateway": GREEN,
    "eks": PURPLE,
    "dynamodb": RED,
    "transfer": GREY,
    "backend": BLUE,
    "balancer": YELLOW,
    "nat": SLATE,
    "logs": PALE,
}
"""Of the parts of a bill, the largest ones light enough for dark labels."""


def cost_by_part(invoice: Invoice) -> go.Figure:
    """An event and a month by part, at list prices and at the talk's: stacked bars, an axis for each."""
    title = f"A month costs {with_unit(invoice.listed.month_usd, 'usd')}, {largest(invoice.listed, 'month_usd')}"
    figure = make_subplots(rows=2, cols=1, vertical_spacing=0.34)
    # what the talk does not price is missing from its bar, which must not look like a saving
    tables = {"AWS list": invoice.listed, "the talk" if invoice.talk.complete else "the talk,<br>in part": invoice.talk}
    for name, colour in PART_COLOURS.items():
        for row, time in enumerate(("event_usd", "month_usd"), start=1):
            usd = [next(getattr(part, time) or 0.0 for part in t.parts if part.name == name) for t in tables.values()]
            totals = [getattr(table, time) for table in tables.values()]
            figure.add_bar(
                y=list(tables),
                x=usd,
                orientation="h",
                name=PARTS[name],
                legendgroup=name,
                showlegend=row == 1,
                marker={"color": colour, "line": {"color": "white", "width": 1}},
                # a label only where the segment is wide enough to hold it
                text=[with_unit(v, "usd") if v > 0.08 * max(totals) else "" for v in usd],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                row=row,
                col=1,
            )
    figure = styled(figure, title, 440)
    figure.update_layout(barmode="stack", hovermode="closest", uniformtext={"minsize": 11, "mode": "show"})
    figure.update_yaxes(autorange="reversed", tickformat=None)
    figure.update_xaxes(tickprefix="$", tickformat=",", rangemode="tozero", title={"standoff": 6, "font": {"size": 13}})
    return figure.update_xaxes(title_text="one event, USD", row=1).update_xaxes(title_text="one month, USD", row=2)


def cost_by_setting(
    bills: Mapping[str, Sequence[tuple[Any, CostBreakdown]]],
    current: Mapping[str, Any],
    words: Mapping[str, tuple[str, str]],
) -> go.Figure:
    """An event and a month over the values of several settings, the load supposed to stay the same.

    *bills* has value and bill by setting, *current* the value each has now, *words* what one and several are called.
    """
    figure = make_subplots(
        rows=2, cols=len(bills), shared_xaxes=True, shared_yaxes=True, vertical_spacing=0.08, horizontal_spacing=0.03
    )
    for column, (path, points) in enumerate(bills.items(), start=1):
        xs = [_tick(value) for value, _ in points]
        for row, (time, colour) in enumerate((("event_usd", GREEN), ("month_usd", BLUE)), start=1):
            ys = [getattr(bill, time) for _, bill in points]
            sizes = [13 if value == current[path] else 7 for value, _ in points]
            figure.add_scatter(
                x=xs,
                y=ys,
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"size": sizes, "color": colour},
                hovertemplate=f"{words[path][0]}: %{{x}}<br>$%{{y:,.2f}}<extra></extra>",
                showlegend=False,
                row=row,
                col=column,
            )
        figure.update_xaxes(title_text=words[path][1], tickangle=0, row=2, col=column)
    figure = styled(figure, _step_title(bills, words), 480).update_layout(hovermode="closest")
    figure.update_yaxes(tickprefix="$", tickformat=",", rangemode="tozero")
    figure.update_yaxes(title_text="one event, USD", row=1, col=1)
    return figure.update_yaxes(title_text="one month, USD", row=2, col=1)


def _tick(value: Any) -> Any:
    """A number, or the name of a node type on two lines."""
    return value if isinstance(value, int | float) else str(value).removeprefix("cache.").replace(".", ".<br>")


def _step_title(bills: Mapping[str, Sequence[tuple[Any, CostBreakdown]]], words: Mapping[str, tuple[str, str]]) -> str:
    """What one more of each costs in a month, on average over the values that are numbers."""
    told = []
    for path, points in bills.items():
        (low, first), *_, (high, last) = points
        if isinstance(low, int | float) and len(points) > 1:
            told.append(f"{with_unit((last.month_usd - first.month_usd) / (high - low), 'usd')} for a {words[path][0]}")
    return "One more costs in a month, the load being the same: " + ", ".join(told)
