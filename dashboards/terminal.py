"""The pieces of what is printed in a terminal.

Made for 100 columns, on a screen and in a file alike; colour only where there is a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboards.words import SAID
from models.judge.finding import Severity

WIDTH = 100
"""Columns the layout is made for; wider terminals are not filled, lines would be hard to read."""

_MARK = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("·", "dim")}


def console() -> Console:
    """A console on standard output: as wide as the terminal up to 100 columns, exactly 100 when piped."""
    if not sys.stdout.isatty():
        return Console(width=WIDTH, highlight=False)
    screen = Console(highlight=False)
    return screen if screen.width <= WIDTH else Console(width=WIDTH, highlight=False)


def grid(*columns: tuple[str, str], header: bool = True) -> Table:
    """A table without outer frame; `columns` are (title, justification)."""
    table = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=header,
        header_style="dim",
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_edge=False,
    )
    for title, justify in columns:
        table.add_column(title, justify="right" if justify == "right" else "left", overflow="fold")
    return table


def mark(good: bool | None) -> Text:
    """A tick, a cross, or a dot for neither; told apart without colour."""
    symbol, style = _MARK[good]
    return Text(symbol, style=style)


def remark(severity: Severity) -> Text:
    """A cross for what breaks the design, an exclamation mark for what is worth knowing also of one that holds."""
    return Text("!", style="yellow") if severity is Severity.REMARK else mark(SAID[severity])


def bullets(lines: Iterable[str]) -> Table:
    """A list of lines that wrap well."""
    table = grid(("", "left"), ("", "left"), header=False)
    for line in lines:
        table.add_row(Text("·", style="dim"), Text(line))
    return table


def scenarios_view(scenarios: Iterable[tuple[str, str]]) -> Table:
    """Names and descriptions of the shipped scenarios."""
    table = grid(("", "left"), ("", "left"), header=False)
    table.columns[0].no_wrap = True
    for name, description in scenarios:
        table.add_row(Text(name, style="bold"), Text(description))
    return table
