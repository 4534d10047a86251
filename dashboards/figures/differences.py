"""Designs beside the first of them: what each changes, with intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from dashboards.figures.looks import BLUE, GREEN, GREY, ORANGE, styled
from dashboards.words import FEW, told
from models.judge.wording import number, plural, with_unit
from models.results.result import Difference

COLOURS = (BLUE, ORANGE, GREEN)
SYMBOLS = ("circle", "diamond", "square")
FAR_PERCENT = 400.0
"""Differences beyond this are drawn at it, with an arrow and the number: one of them must not squeeze all others."""


def differences(found: Mapping[str, Mapping[str, Difference]], kpis: Sequence[str], first: str) -> go.Figure:
    """Differences of *kpis* in per cent of the *first* design, by the name of each other design.

    Filled marks are detectable differences; hollow ones are not, or have no interval. A KPI that is 0 in the first
    design has no per cent and is left out.
    """
    # plotly takes text for HTML, and a name may hold whatever somebody set
    found, first = {escape(name, quote=False): each for name, each in found.items()}, escape(first, quote=False)
    shown = [kpi for kpi in kpis if any(_share(each.get(kpi)) is not None for each in found.values())]
    figure = go.Figure()
    for place, (name, each) in enumerate(found.items()):
        _draw(figure, place, len(found), name, [(kpi, each[kpi]) for kpi in shown if kpi in each])
    title = _title(found, shown)
    height = 190 + len(shown) * (18 + 16 * len(found))
    figure = styled(figure, title, height)
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5})
    figure.update_layout(
        hovermode="closest",
        margin={"l": 230, "b": 90},
        title={"xref": "container", "x": 0.01},
        legend={"y": -70 / (height - 160), "yanchor": "top"},
    )
    figure.update_xaxes(title_text=f"difference from {_short(first, 30)}, %, with 95 % intervals")
    ticks = [-k for k in range(len(shown))]
    return figure.update_yaxes(
        tickvals=ticks, ticktext=shown, range=[0.6 - len(shown), 0.6], tickformat=None, showgrid=True
    )


def _draw(figure: go.Figure, place: int, of: int, name: str, rows: Sequence[tuple[str, Difference]]) -> None:
    colour, xs, ys, above, below, texts, fills = COLOURS[place], [], [], [], [], [], []
    for row, (kpi, found) in enumerate(rows):
        share = _share(found)
        if share is None:
            continue
        best, low, high = share
        xs.append(max(-FAR_PERCENT, min(FAR_PERCENT, best)))
        ys.append(-row + 0.22 * ((of - 1) / 2 - place))
        above.append(max(0.0, min(FAR_PERCENT, high) - xs[-1]))
        below.append(max(0.0, xs[-1] - max(-FAR_PERCENT, low)))
        fills.append(colour if found.detectable else "rgba(0,0,0,0)")
        far = " (beyond the axis)" if abs(best) > FAR_PERCENT else ""
        values = f"{with_unit(found.b.best, found.unit)}, was {with_unit(found.a.best, found.unit)}"
        texts.append(f"<b>{kpi}</b>, {name}<br>{values}: {best:+.3g} %{far}<br>{told(found)}")
    figure.add_scatter(
        x=xs,
        y=ys,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
        name=_short(name),
        mode="markers",
        marker={"size": 10, "symbol": SYMBOLS[place], "color": fills, "line": {"color": colour, "width": 2}},
        text=texts,
        hovertemplate="%{text}<extra></extra>",
    )


def _short(name: str, letters: int = 60) -> str:
    return textwrap.shorten(name, letters, placeholder=" ...")


def _share(found: Difference | None) -> tuple[float, float, float] | None:
    """Best, low and high of a difference in per cent of the first design; None without that, or if it is 0."""
    if found is None or found.a.best == 0:
        return None
    of = 100 / abs(found.a.best)
    best, low, high = found.difference.best, found.difference.low, found.difference.high
    return best * of, (best if low is None else low) * of, (best if high is None else high) * of


def _title(found: Mapping[str, Mapping[str, Difference]], shown: Sequence[str]) -> str:
    titles = []
    for name, each in ((_short(name, 30), each) for name, each in found.items()):
        changed = [each[kpi] for kpi in shown if kpi in each and each[kpi].detectable]
        if not changed:
            few = any(told(each[kpi]) == FEW for kpi in shown if kpi in each)
            titles.append(f"{name}: {FEW if few else 'no detectable difference'}")
            continue
        largest = max(changed, key=lambda item: abs((_share(item) or (0.0,))[0]))
        by = (_share(largest) or (0.0,))[0]
        titles.append(
            f"{name}: {plural(len(changed), 'detectable difference')} in {number(len(shown))} figures, "
            f"most in {largest.kpi} ({by:+.3g} %)"
        )
    return "; ".join(titles)
