"""The figures of a sweep, one for each KPI: lines, a heat map or points, by how many parameters were varied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.figures.looks import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, log_axis, mark_level, styled
from dashboards.sweep_words import (
    LEVEL_WORDS,
    cells_text,
    half_text,
    headline,
    knee_text,
    level_texts,
    level_title,
    levels_shown,
    unit_text,
)
from models.experiments.sweep.cells import label, value_text
from models.experiments.sweep.design import GRID
from models.experiments.sweep.knee import Knee, is_number, knees
from models.experiments.sweep.run import Judged, Sweep
from models.judge.verdict import SLO_KPIS
from models.judge.wording import NOTHING, number, with_unit
from models.results.kpis import unit_of

LINE_COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)
"""One for each line; with more lines than these a figure turns into a heat map or points."""

FURTHER_KPIS = ("requests.status_rps_peak", "admission.total", "seats.sold_out_s", "gateway.cpu_peak_60s_percent")
"""KPIs shown besides those of the service levels, where they are not the same everywhere."""

WIDE = 20
"""A logarithmic axis is used where the largest value is this many times the smallest."""

MOST_UNIT_TICKS = 12
"""An axis of whole numbers that is not longer has a tick at each of them, and none at halves."""

# half transparent, so that the page's text colour reads well on all of it, in light and dark
_SHADES = ((0.0, "rgba(0,114,178,0.05)"), (1.0, "rgba(0,114,178,0.65)"))


def figures_of(sweep: Sweep) -> dict[str, go.Figure]:
    """A figure of each KPI that is not the same everywhere: first the service levels that break, then the others."""
    texts, figures = level_texts(sweep), {}
    for level in sorted(levels_shown(sweep), key=lambda level: all(cell.level(level).met for cell in sweep.cells)):
        kpi, _ = SLO_KPIS[level]
        if _differs(sweep, kpi):
            figures[kpi] = _figure(sweep, kpi, texts[level][0].upper() + texts[level][1:], level)
    for kpi in FURTHER_KPIS:
        if _differs(sweep, kpi):
            figures[kpi] = _figure(sweep, kpi, _range_text(sweep, kpi), None)
    return figures


def shares_of_limits(sweep: Sweep) -> go.Figure | None:
    """Every service level in per cent of its limit along the one setting that is varied; None if there are more.

    What crosses 100 % first breaks first. A level whose limit is zero has no per cent.
    """
    levels = [level for level in levels_shown(sweep) if sweep.cells[0].level(level).limit > 0]
    if len(sweep.design.paths) != 1 or not levels:
        return None
    (main,) = sweep.design.paths
    (line,) = _combinations(sweep, main).values()
    places, figure = [_place(cell, main) for cell in line], go.Figure()
    for level, colour in zip(levels, LINE_COLOURS, strict=False):
        rows = [cell.level(level) for cell in line]
        figure.add_scatter(
            x=places,
            y=[None if not row.value else 100 * row.value / row.limit for row in rows],
            name=LEVEL_WORDS[level],
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 9, "symbol": ["circle" if row.met else "x" for row in rows]},
        )
    found = [knee for knee in knees(sweep) if knee.level in levels]
    first = min(found, key=lambda knee: _steps_to(knee, places), default=None)
    title = headline(sweep) if first is None else f"Breaks first: {knee_text(first)}"
    figure = _along(styled(figure, title, 440), sweep, main)
    mark_level(figure, 100, "limit", log=True, side="left")
    return figure.update_yaxes(title_text="per cent of the limit (logarithmic)", **log_axis(1, 3))


def _steps_to(knee: Knee, places: list[Any]) -> int:
    """How many values hold before the knee, from the end on which they do."""
    holds, breaks = places.index(knee.holds_at), places.index(knee.breaks_at)
    return breaks if holds < breaks else len(places) - 1 - breaks


def _differs(sweep: Sweep, kpi: str) -> bool:
    return len({cell.kpi(kpi).best for cell in sweep.cells} - {None}) > 1


def _range_text(sweep: Sweep, kpi: str) -> str:
    known = [best for cell in sweep.cells if (best := cell.kpi(kpi).best) is not None]
    low, high = (with_unit(value, unit_of(kpi)) for value in (min(known), max(known)))
    missing = f", not observed in {len(sweep.cells) - len(known)}" if len(known) < len(sweep.cells) else ""
    return f"{kpi} lies between {low} and {high} over {cells_text(sweep)}{missing}"


def _figure(sweep: Sweep, kpi: str, title: str, level: str | None) -> go.Figure:
    if sweep.design.kind == GRID:
        main = _main_path(sweep)
        if len(_combinations(sweep, main)) <= len(LINE_COLOURS):
            return _lines(sweep, kpi, title, level, main)
        if len(sweep.design.paths) == 2:
            return _heat_map(sweep, kpi, title, level)
    return _points(sweep, kpi, title, level)


def _main_path(sweep: Sweep) -> str:
    """The parameter to be laid along the axis: that with most values, numbers before words."""

    def weight(path: str) -> tuple[bool, int]:
        values = {value_text(cell.cell.point[path]) for cell in sweep.cells}
        return all(is_number(cell.cell.point[path]) for cell in sweep.cells), len(values)

    return max(sweep.design.paths, key=weight)


def _combinations(sweep: Sweep, main: str) -> dict[str, list[Judged]]:
    """The cells by the values of all parameters but *main*, each list in order along it."""
    lines: dict[str, list[Judged]] = {}
    for cell in sweep.cells:
        others = {path: value for path, value in cell.cell.point.items() if path != main}
        lines.setdefault(escape(label(others), quote=False), []).append(cell)
    if all(is_number(cell.cell.point[main]) for cell in sweep.cells):
        for line in lines.values():
            line.sort(key=lambda cell: cell.cell.point[main])
    return lines


def _lines(sweep: Sweep, kpi: str, title: str, level: str | None, main: str) -> go.Figure:
    figure = go.Figure()
    lines = _combinations(sweep, main)
    for colour, (name, line) in zip(LINE_COLOURS, lines.items(), strict=False):
        figure.add_scatter(
            x=[_place(cell, main) for cell in line],
            y=[cell.kpi(kpi).best for cell in line],
            error_y=_bars(line, kpi, colour),
            name=name or kpi,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 8},
            showlegend=len(lines) > 1,
        )
    _along(styled(figure, title, 420), sweep, main)
    return _with_scale(figure, sweep, kpi, level)


def _along(figure: go.Figure, sweep: Sweep, main: str) -> go.Figure:
    """Lay the values of *main* along the axis: numbers to scale, words as they come."""
    values = [cell.cell.point[main] for cell in sweep.cells]
    if all(is_number(value) for value in values):
        whole = all(float(value).is_integer() for value in values) and max(values) - min(values) <= MOST_UNIT_TICKS
        return figure.update_xaxes(title_text=main, tickformat=",", dtick=1 if whole else None)
    return figure.update_xaxes(title_text=main, type="category")


def _points(sweep: Sweep, kpi: str, title: str, level: str | None) -> go.Figure:
    """Every cell over each parameter, those that break the level (or any level) marked."""
    paths = sweep.design.paths
    figure = make_subplots(rows=len(paths), cols=1, vertical_spacing=0.32 / len(paths))
    for row, path in enumerate(paths, start=1):
        for met, name, colour, symbol in ((True, "holds", BLUE, "circle"), (False, "breaks", RED, "x")):
            cells = [cell for cell in sweep.cells if (cell.level(level).met if level else cell.holds) is met]
            figure.add_scatter(
                x=[_place(cell, path) for cell in cells],
                y=[cell.kpi(kpi).best for cell in cells],
                error_y=_bars(cells, kpi, colour),
                text=[escape(label(cell.cell.point), quote=False) for cell in cells],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="markers",
                marker={"color": colour, "size": 8, "symbol": symbol},
                row=row,
                col=1,
            )
        figure.update_xaxes(title_text=path, row=row, col=1)
    styled(figure, title, 120 + 270 * len(paths)).update_layout(hovermode="closest", legend_y=-0.08)
    return _with_scale(figure, sweep, kpi, level)


def _heat_map(sweep: Sweep, kpi: str, title: str, level: str | None) -> go.Figure:
    down, along = sorted(sweep.design.paths, key=lambda path: len({_text(cell, path) for cell in sweep.cells}))
    rows = _combinations(sweep, along)
    columns = [_text(cell, along) for cell in next(iter(rows.values()))]
    figure = go.Figure(
        go.Heatmap(
            x=columns,
            y=[_text(line[0], down) for line in rows.values()],
            z=[[cell.kpi(kpi).best for cell in line] for line in rows.values()],
            text=[[_cell_text(cell, kpi, level) for cell in line] for line in rows.values()],
            texttemplate="%{text}",
            colorscale=_SHADES,
            colorbar={"title": {"text": unit_text(unit_of(kpi))}, "outlinewidth": 0},
            xgap=2,
            ygap=2,
            hovertemplate=f"{along}=%{{x}}<br>{down}=%{{y}}<br>%{{text}}<extra></extra>",
        )
    )
    styled(figure, title, 140 + max(240, 44 * len(rows))).update_layout(hovermode="closest")
    figure.update_xaxes(title_text=along, type="category", showgrid=False)
    return figure.update_yaxes(title_text=down, type="category", showgrid=False)


def _cell_text(cell: Judged, kpi: str, level: str | None) -> str:
    found = cell.kpi(kpi)
    if found.best is None:
        return NOTHING
    cross = "✗ " if level and not cell.level(level).met else ""
    half = "" if found.low is None or found.high is None else f" ± {half_text((found.high - found.low) / 2)}"
    return f"{cross}{number(found.best)}{half}"


def _bars(cells: Sequence[Judged], kpi: str, colour: str) -> dict[str, Any]:
    halves = [found.half_width if (found := cell.estimates.get(kpi)) else None for cell in cells]
    return {"array": halves, "color": colour, "thickness": 1.5, "width": 5, "visible": any(halves)}


def _with_scale(figure: go.Figure, sweep: Sweep, kpi: str, level: str | None) -> go.Figure:
    """Title the value axes, make them logarithmic where the values need it, and draw the limit if there is one."""
    tops, unit = _tops(sweep, kpi), unit_of(kpi)
    limits = {cell.level(level).limit for cell in sweep.cells} if level else set()
    shown = [*tops, *(limit for limit in limits if 0 < limit <= 3 * max(tops, default=0))]
    lows = [best for cell in sweep.cells if (best := cell.kpi(kpi).best) is not None]
    wide = unit != "percent" and min(lows, default=0) > 0 and max(lows) > WIDE * min(lows)
    if wide:
        ends = math.log10(min(lows) / 2), math.log10(2 * max(shown))
        figure.update_yaxes(range=ends, **log_axis(1, 3))
    else:
        figure.update_yaxes(range=[0, 1.12 * max(shown, default=1) or 1])
    if len(limits) == 1 and (limit := limits.pop()) in shown:
        rows = len(list(figure.select_yaxes()))
        for row in range(1, rows + 1):
            note = f"limit {with_unit(limit, unit)}"
            mark_level(figure, limit, note, row=row if rows > 1 else None, log=wide, side="left")
    return figure.update_yaxes(title_text=level_title(sweep, level) if level else unit_text(unit))


def _tops(sweep: Sweep, kpi: str) -> list[float]:
    """The upper ends of the intervals, or the values where there are none."""
    found = [cell.kpi(kpi) for cell in sweep.cells]
    return [top for item in found if (top := item.best if item.high is None else item.high) is not None]


def _place(cell: Judged, path: str) -> Any:
    value = cell.cell.point[path]
    return value if is_number(value) else escape(value_text(value), quote=False)


def _text(cell: Judged, path: str) -> str:
    return escape(value_text(cell.cell.point[path]), quote=False)
