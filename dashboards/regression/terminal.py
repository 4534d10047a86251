"""What `breakwater regress` prints: the verdict, what moved and why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dashboards.regression.words import TITLES, cells, headline
from dashboards.terminal import bullets, grid, mark
from models.regression.baseline import Baseline
from models.regression.compare import Finding, Outcome, Regression

MOST_WITHIN = 20
"""Rows that moved within tolerance, which are there to see the effect beside the cause."""
ACCEPT = 'If it is meant: breakwater regress --update --reason "why", and commit the baselines'


def regression_view(found: Regression) -> Group:
    """The verdict as one renderable."""
    failing = found.with_outcome(Outcome.WORSE, Outcome.MOVED)
    better, within = found.with_outcome(Outcome.IMPROVED), found.with_outcome(Outcome.WITHIN)
    style = "bold green" if found.holds else "bold red"
    parts: list[Text | Padding] = [Text.assemble(mark(found.holds), " ", (headline(found), style))]
    parts += _section("Further than allowed", failing, False)
    parts += _section("Better than the baseline", better, None)
    hidden = len(within) - MOST_WITHIN
    title = "Within tolerance" + (f", the first {MOST_WITHIN} of {len(within)}" if hidden > 0 else "")
    parts += _section(title, within[:MOST_WITHIN], True)
    if found.notes:
        parts += [Text(), Padding(bullets(found.notes), (0, 0, 0, 2))]
    if failing or better:
        parts += [Text(), Text(ACCEPT, style="cyan")]
    return Group(*parts)


def update_view(found: Regression, written: Mapping[str, Baseline], folder: str) -> Group:
    """What an update changed, as one renderable."""
    moved = [finding for finding in found.findings if finding.outcome != Outcome.SAME]
    told = f"Baselines written to {folder}: {', '.join(written)}" if written else "Nothing has changed to be written"
    parts: list[Text | Padding] = [Text(told, style="bold")]
    parts += _section("Accepted", moved, None)
    return Group(*parts)


def _section(title: str, findings: Sequence[Finding], good: bool | None) -> list[Text | Padding]:
    if not findings:
        return []
    return [Text(), Text(title, style="bold"), Padding(_table(findings, good), (0, 0, 0, 2))]


def _table(findings: Sequence[Finding], good: bool | None) -> Table:
    table = grid(("", "left"), (TITLES[0], "left"), *((title, "right") for title in TITLES[1:-1]))
    for finding in findings:
        what, before, now, change, allowed, changed = cells(finding)
        since = (f"\n  changed: {changed}", "dim") if changed else ""
        table.add_row(mark(good), Text.assemble(what, since), before, Text(now, style="bold"), change, allowed)
    for column in table.columns[2:]:
        column.no_wrap = True
    return table
