"""Predicted against measured: the table in a terminal and in Markdown, the figure, and the page of a verification."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from dashboards.figures.accuracy import METRICS, accuracy_figure, headline, is_loose
from dashboards.page import card, figures_html, mark, page_html, section, table
from dashboards.terminal import bullets, grid
from models.judge.wording import number

if TYPE_CHECKING:
    from real_adapter.calibrate.accuracy import Comparison, Verification
    from sim.estimate import Estimate

TITLES = ("case", "metric", "predicted", "measured", "error", "allowed")


def notes(found: Verification) -> Iterator[str]:
    """What a reader must know besides the table."""
    discarded = ", ".join(f"{count} {why}" for why, count in found.discarded.items()) or "none"
    yield f"Profile {found.profile}; {found.server}; {found.machine}."
    yield f"Windows that did not count: {discarded}."
    yield "Predicted intervals are the range over joint draws of the profile; measured ones are of the median, 95 %."
    if found.slower is not None:
        core, memory = found.slower
        yield (
            f"The processor was at {1 / core:.0%} of the speed that the costs are of, loads from memory at "
            f"{1 / memory:.0%} (two yardsticks beside the load); predictions are for that."
        )
    if found.state_percent is not None:
        yield _state(found, found.state_percent)
    for name in found.not_measured:
        yield f"Not measured: {name}."


def _state(found: Verification, change: Estimate) -> str:
    between = "" if change.low is None or change.high is None else f" ({change.low:+.1f} to {change.high:+.1f})"
    at = "" if found.slower is None else ", each at its speed of the processor"
    said = (
        f"Loads that the calibration measured too take {change.best:+.1f} % engine CPU{between} over what they took "
        f"then{at}"
    )
    if found.state_changed:
        return f"{said}: the machine is in another state, and errors of that size are its, not the model's."
    return f"{said}: the machine is in the same state."


def accuracy_view(found: Verification) -> Group:
    """Everything `breakwater verify-calibration` prints."""
    rows = grid(*((title, "left" if k < 2 else "right") for k, title in enumerate(TITLES)))
    for case in found.cases:
        *cells, error, allowed = _cells(case)
        rows.add_row(*cells, Text(error, style="" if case.met else "red"), allowed)
    style = "green" if found.within_bounds else "red"
    return Group(Text(headline(found), style=f"bold {style}"), Text(), rows, Text(), bullets(notes(found)))


def accuracy_markdown(found: Verification) -> str:
    """The table as Markdown."""
    lines = [f"| {' | '.join(TITLES)} |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(case))} |" for case in found.cases]
    return "\n".join([f"{headline(found)}.", "", *lines, "", *(f"- {note}" for note in notes(found))]) + "\n"


def accuracy_page(found: Verification) -> str:
    """The table and the figure as a page that needs nothing else."""
    return page_html(
        "Predicted against measured",
        [
            section("Predicted against measured", figures_html({"accuracy": accuracy_figure(found)})),
            section("Every comparison", accuracy_table(found)),
        ],
    )


def accuracy_table(found: Verification) -> str:
    """Every comparison, and what to know when reading them, as HTML."""
    rows = [(*map(escape, _cells(case)), mark(None if is_loose(case) else case.met)) for case in found.cases]
    body = table((*TITLES, ""), rows, ("", "dim", "number", "number", "number", "number", ""))
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(found))
    return card(f"{body}<ul>{said}</ul>")


def _cells(case: Comparison) -> tuple[str, ...]:
    return (
        case.name,
        METRICS[case.metric],
        _with_range(case.predicted),
        _with_range(case.measured),
        f"{case.error_percent:+.1f} %",
        f"{case.allowed_percent:.0f} %",
    )


def _with_range(estimate: Estimate) -> str:
    best = number(estimate.best)
    if estimate.low is None or estimate.high is None:
        return best
    return f"{best} ({number(estimate.low)} to {number(estimate.high)})"
