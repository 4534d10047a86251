"""HTML pages that need nothing else, and the pieces they are made of.

A page holds its style and plotly.js (once) and asks no host for anything; it follows the reader's light or dark
scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from dashboards.words import SAID
from models.judge.finding import Severity

HERE = Path(__file__).parent
STYLES = ("colours.css", "report.css", "parts.css")

Cell = str
"""HTML of one table cell, escaped by whoever made it."""


def page_html(title: str, sections: Iterable[str]) -> str:
    """The whole page as text; empty sections are left out."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style_of(STYLES)}</style>\n"
        f"<script>{get_plotlyjs()}</script>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in sections if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def style_of(names: Iterable[str]) -> str:
    """The text of style sheets that lie here."""
    return "".join((HERE / name).read_text(encoding="utf-8") for name in names)


def section(title: str, body: str) -> str:
    """A part of the page under a heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def figures_html(figures: Mapping[str, go.Figure]) -> str:
    """Each figure in a card of its own."""
    return "\n".join(
        '<div class="card figure">'
        + figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"figure-{name}",
            config={"displaylogo": False, "displayModeBar": False, "responsive": True},
        )
        + "</div>"
        for name, figure in figures.items()
    )


def folded(summary: str, body: str) -> str:
    """Something long, folded away under its summary."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def card(body: str) -> str:
    """A framed box."""
    return f'<div class="card">{body}</div>'


def mark(good: bool | None) -> Cell:
    """A tick, a cross, or a dot for neither."""
    if good is None:
        return '<span class="dim">·</span>'
    return '<span class="good">✓</span>' if good else '<span class="bad">✗</span>'


def remark(severity: Severity) -> Cell:
    """A cross for what breaks the design, an exclamation mark for what is worth knowing also of one that holds."""
    return '<span class="warn">!</span>' if severity is Severity.REMARK else mark(SAID[severity])


def table(
    titles: tuple[str, ...],
    rows: Iterable[tuple[Cell, ...]],
    classes: tuple[str, ...],
    hot: Iterable[bool] = (),
) -> str:
    """A table of escaped cells; `classes` by column, `hot` marks rows to emphasise."""
    head = "".join(f'<th class="{kind}">{escape(title)}</th>' for title, kind in zip(titles, classes, strict=False))
    marked = [*hot]
    body = []
    for index, row in enumerate(rows):
        cells = "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in zip(row, classes, strict=True))
        body.append(f'<tr class="{"hot" if index < len(marked) and marked[index] else ""}">{cells}</tr>')
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if titles else ''}<tbody>{''.join(body)}</tbody></table>"
