"""One HTML page for a sweep that needs nothing else: what holds, where it breaks, a figure for each KPI, all cells."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from dashboards.figures.sweep import figures_of
from dashboards.page import card, figures_html, mark, page_html, section, table
from dashboards.parts import manifest_folded, named
from dashboards.sweep_words import (
    cells_text,
    findings,
    headline,
    interval_note,
    interval_text,
    level_title,
    levels_shown,
    rounding_note,
)
from models.experiments.sweep.cells import value_text
from models.experiments.sweep.records import parameters_text
from models.experiments.sweep.run import Sweep
from models.judge.asked import asked_in
from models.judge.wording import plural


def page_of(sweep: Sweep, manifest: Mapping[str, Any]) -> str:
    """The whole page as text."""
    name = sweep.cells[0].cell.scenario.name
    figures = {kpi.replace(".", "-"): figure for kpi, figure in figures_of(sweep).items()}
    return page_html(
        f"{name}{', changed' if asked_in(manifest).words else ''}, a sweep of {', '.join(sweep.design.paths)}",
        [
            _header(sweep, manifest),
            section("Where it breaks", findings_list(sweep)),
            section("Figures, with 95 % intervals", figures_html(figures)) if figures else "",
            section("Cells", cells_table(sweep)),
            section("Manifest", manifest_folded(manifest, "sweep")),
        ],
    )


def _header(sweep: Sweep, manifest: Mapping[str, Any]) -> str:
    scenario = sweep.cells[0].cell.scenario
    profiles = ", ".join(dict.fromkeys(cell["profile"] for cell in manifest["cells"]))
    line = (
        f"{cells_text(sweep)} · {plural(len(sweep.seeds), 'replication')} each on common random numbers · "
        f"seed {sweep.seeds[0]} · profile {profiles} · {manifest['created']}"
    )
    varied = "".join(f"<code>{escape(text)}</code> " for text in parameters_text(sweep.design))
    note = " ".join(filter(None, (rounding_note(sweep.design), interval_note(sweep))))
    return (
        f"<header>\n{named(scenario, asked_in(manifest), 'swept')}\n"
        f"<p>Swept over {varied}{escape(note)}</p>\n<p>{escape(line)}</p>\n"
        f"{headline_box(sweep)}\n</header>"
    )


def headline_box(sweep: Sweep) -> str:
    """How many cells hold, in a frame."""
    verdicts = {cell.outcome for cell in sweep.cells}
    holds = verdicts.pop() if len(verdicts) == 1 else None
    sign = "" if holds is None else mark(holds)
    return f'<div class="verdict{" holds" if holds else ""}"><p>{sign} {escape(headline(sweep))}</p></div>'


def findings_list(sweep: Sweep) -> str:
    """Where each service level breaks, a line each."""
    return card(f"<ul>{''.join(f'<li>{escape(text[0].upper() + text[1:])}.</li>' for text in findings(sweep))}</ul>")


def cells_table(sweep: Sweep) -> str:
    """Every cell with its service levels."""
    paths, levels = sweep.design.paths, levels_shown(sweep)
    rows = []
    for cell in sweep.cells:
        figures = (
            f'<span class="{"" if row.met else "bad"}">{escape(interval_text(row))}</span>'
            for row in map(cell.level, levels)
        )
        rows.append((mark(cell.outcome), *(escape(value_text(cell.cell.point[path])) for path in paths), *figures))
    titles = ("", *paths, *(level_title(sweep, level) for level in levels))
    return card(table(titles, rows, ("mark", *["number"] * (len(titles) - 1))))
