"""A sweep in a terminal: what holds where, with intervals, and where it breaks."""

from __future__ import annotations

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

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
from dashboards.terminal import bullets, grid, mark
from models.experiments.sweep.cells import value_text
from models.experiments.sweep.run import Sweep
from models.judge.asked import Asked
from models.judge.slo_row import SloRow
from models.judge.wording import clock, plural

ROWS_SHOWN = 40
"""Rows of the table; the files have all cells."""


def sweep_view(sweep: Sweep, asked: Asked) -> Group:
    """Everything `breakwater sweep` prints of what was *asked* for."""
    each = f"{plural(len(sweep.seeds), 'replication')} each on common random numbers"
    name = sweep.cells[0].cell.scenario.name
    parts: list[Text | Padding] = [
        Text(f"{name}{', changed' if asked.words else ''}: {cells_text(sweep)}, {each}", style="bold"),
        Text(f"With {asked.words}.\n" if asked.words else ""),
        Padding(_table(sweep), (0, 0, 1, 2)),
        Text(headline(sweep), style="bold"),
    ]
    parts += [Padding(bullets(findings(sweep)), (0, 0, 1, 2)), Text(" ".join(_notes(sweep)), style="dim")]
    return Group(*parts)


def _notes(sweep: Sweep) -> list[str]:
    took = f"{plural(sweep.run, 'run')} in {clock(sweep.wall_s)}"
    if sweep.found:
        took += f"; {sweep.found:,} more were stored by an earlier start"
    notes = [rounding_note(sweep.design), f"{took}."]
    if len(sweep.seeds) == 1:
        notes.append("One replication: no interval. --replications 5 gives one.")
    notes.append(interval_note(sweep))
    return [note for note in notes if note]


def _table(sweep: Sweep) -> Table:
    paths, levels = sweep.design.paths, levels_shown(sweep)
    columns = [(title, "right") for title in short_names(paths)]
    heads = (level_title(sweep, level).replace(", ", "\n") for level in levels)
    table = grid(*columns, ("", "left"), *((head, "right") for head in heads))
    for column in table.columns:
        column.no_wrap = True
    for cell in sweep.cells[:ROWS_SHOWN]:
        values = [value_text(cell.cell.point[path]) for path in paths]
        table.add_row(*map(Text, values), mark(cell.outcome), *(_figure(cell.level(level)) for level in levels))
    if len(sweep.cells) > ROWS_SHOWN:
        table.add_row(f"and {len(sweep.cells) - ROWS_SHOWN:,} more", style="dim")
    return table


def _figure(row: SloRow) -> Text:
    """The value with its interval, in red and with a cross where it breaks the level."""
    if row.met:
        return Text(interval_text(row))
    return Text(f"✗ {interval_text(row)}", style="red")


def short_names(paths: tuple[str, ...]) -> list[str]:
    """The last word of each path, or the whole path where two end alike."""
    last = [path.rpartition(".")[2] for path in paths]
    return [word if last.count(word) == 1 else path for word, path in zip(last, paths, strict=True)]
