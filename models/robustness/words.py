"""A robustness table in sentences: what survives every variation first, then what does not, with its condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from models.judge.robustness import FIRST, HOLDS, JOINS, LEVEL, RATE, Cell, Robustness, Row
from models.judge.wording import number, plural, with_unit

OPEN = "open"
TOLD = 4
"""Survivors that are told beside a headline; the others are counted."""
NAMED = 3
"""Settings that a headline names; the others are counted."""
HEADLINE = (HOLDS, RATE, f"{LEVEL}engine_cpu_percent", FIRST)
"""Conclusions that a headline states."""


def survives_text(table: Robustness) -> str:
    """Say what is concluded whatever of the assumptions is changed, with the range of the figures behind it."""
    kept, among = survivors(table), plural(len(settings_of(table.varied)), "assumption")
    if not kept:
        return f"No conclusion survives all of the {among} that were varied."
    more = f"; and {plural(len(kept) - TOLD, 'more conclusion')}" if len(kept) > TOLD else ""
    return f"Whichever of {among} is varied: {'; '.join(kept[:TOLD])}{more}."


def survivors(table: Robustness) -> tuple[str, ...]:
    """Return what is concluded whatever is varied, the firmest first, each with the range of the figures behind it."""
    return tuple(_with_span(table, key) for key in table.base if table.survives(key))


def told(table: Robustness | None, stale: str) -> tuple[str, ...]:
    """Return everything that is said of a table, and what its ranges are, or why it is not shown."""
    return (survives_text(table), *conditions(table), scope_text(table)) if table is not None else (stale,)


def conditions(table: Robustness) -> tuple[str, ...]:
    """Say what does not survive, one sentence for each: what is concluded here, and where it is not."""
    return tuple(_condition(table, key) for key in table.base if not table.survives(key))


def depends_text(table: Robustness) -> str:
    """Say in one sentence on which settings the headline depends, for the headline itself."""
    rows = [row for key in HEADLINE if key in table.base for row in table.against(key)]
    by_holds = [row for row in table.against(HOLDS)] if HOLDS in table.base else []
    settings = settings_of((*by_holds, *rows))
    if not settings and all(table.survives(key) for key in HEADLINE if key in table.base):
        return f"None of the {plural(len(settings_of(table.varied)), 'assumption')} that were varied changes that."
    if not settings:
        return "With other draws of the costs it is another."
    more = f" and {len(settings) - NAMED} more" if len(settings) > NAMED else ""
    return f"It depends on {', '.join(settings[:NAMED])}{more}."


def scope_text(table: Robustness) -> str:
    """Say how the table was made."""
    origin = table.origin
    counts = sorted(Counter(row.n for row in table.varied).items())
    few, *more = [f"{plural(n, 'replication')} of {plural(rows, 'variation')}" for n, rows in counts] or ["none"]
    because = (
        "; the fewest are of those in which each concludes as the scenario's with the same seed, and would by as "
        "much as the scenario's own draws are apart"
        if more
        else ""
    )
    return (
        f"Varied on common random numbers, the first {number(origin.horizon_s)} s after the opening, {origin.made}: "
        f"{len(origin.seeds)} replications of the scenario with costs drawn from its profile (seeds "
        f"{', '.join(map(str, origin.seeds))}), {', '.join([few, *more])}{because}. A conclusion survives if all of "
        "them come to it. Ranges are from the least to the greatest figure of so few replications: no intervals that "
        "hold one more on-sale."
    )


def value_words(row: Row) -> str:
    """The setting with its value, as after `--set`."""
    return f"{row.setting}={row.value}"


def cell_text(cell: Cell) -> str:
    """The figure behind a conclusion, one value or a range; the conclusion itself where there is none."""
    if cell.low is None or cell.high is None:
        return cell.says or OPEN
    return figures(cell.low, cell.high, cell.unit)


def figures(low: float, high: float, unit: str) -> str:
    """One figure, or from the least to the greatest."""
    least, most = with_unit(low, unit), with_unit(high, unit)
    return least if least == most else f"{least} to {most}"


def settings_of(rows: tuple[Row, ...] | list[Row]) -> list[str]:
    """The settings of rows, each once, in their order."""
    return list(dict.fromkeys(row.setting for row in rows))


def _with_span(table: Robustness, key: str) -> str:
    says, span = table.base[key].says or OPEN, table.span(key)
    if span is None or span == (0.0, 0.0):
        return says
    joined = "for" if key == JOINS else "at"
    return f"{says}, {joined} {figures(*span, table.base[key].unit)}"


def _condition(table: Robustness, key: str) -> str:
    base = table.base[key]
    whether = f"It is open whether {' or '.join(sorted(_sentences(table, key)))}"
    mine = f"{_capital(base.says) or whether}{_figure(base)}"
    others = [f"{said} with {', '.join(values)}" for said, values in _against(table, key)]
    return f"{mine}{'; but ' if others else ''}{'; '.join(others)}."


def _against(table: Robustness, key: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what is concluded instead, and with which values, a figure beside each that has one."""
    by_says: dict[str, list[str]] = {}
    for row in table.against(key):
        cell = row.cells[key]
        by_says.setdefault(cell.says or "it is open", []).append(f"{value_words(row)}{_figure(cell)}")
    yield from by_says.items()


def _figure(cell: Cell) -> str:
    """The figure behind a conclusion in brackets; nothing where there is none."""
    return "" if cell.low is None or cell.high is None else f" ({figures(cell.low, cell.high, cell.unit)})"


def _sentences(table: Robustness, key: str) -> set[str]:
    return {cell.says for row in table.counting(key) if (cell := row.cells[key]).says is not None}


def _capital(text: str | None) -> str:
    return "" if not text else text[0].upper() + text[1:]
