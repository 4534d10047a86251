"""The ledger in a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dashboards.terminal import bullets, grid
from models.judge.wording import plural
from models.ledger.entry import estimate_text
from models.ledger.evidence import ERROR, SPENT
from models.ledger.runs import FEW, MOST
from models.robustness.words import told

if TYPE_CHECKING:
    from models.ledger.answer import Answer
    from models.ledger.book import Ledger
    from models.ledger.claims import ClaimVerdict
    from models.ledger.entry import Entry, Flip
    from models.ledger.measured import Measured
    from models.robustness.stored import Stored

ORDER: tuple[ClaimVerdict, ...] = (
    "refuted",
    "inconsistent",
    "conditional",
    "confirmed",
    "fitted",
    "not_testable",
    "not_yet_modelled",
)
"""Verdicts as they are counted."""
STYLES = {
    "confirmed": "green",
    "refuted": "bold red",
    "inconsistent": "red",
    "conditional": "yellow",
    "fitted": "blue",
}
HANGS = "What survives the assumptions of"
"""Title of what a scenario's verdict depends on, before its name."""
T = TypeVar("T")
LISTED = 4
"""Grounds that are listed for a claim in a terminal; Markdown and JSON have all."""


def grounds_text(measured: Measured) -> str:
    """What all of the ledger rests on: measurements, and how its intervals are meant."""
    return (
        f"Real Redis: {measured.origin}. Intervals of runs hold one more on-sale, costs drawn anew, in "
        f"{100 * (1 - ERROR):.0f} % of cases or more, wherever the race for seeds stopped: with {FEW} seeds in "
        f"{100 * (1 - SPENT[0]):.0f} %, with {MOST} after a look at {FEW} in {100 * (1 - SPENT[1]):.0f} % (logarithms "
        "taken for normal)"
    )


def headline(ledger: Ledger) -> str:
    """How many claims there are, and how many of each verdict."""
    counts = ledger.count
    listed = ", ".join(f"{counts[verdict]} {words(verdict)}" for verdict in ORDER if counts[verdict])
    return f"{plural(len(ledger.entries), 'claim')}: {listed}"


def words(verdict: str) -> str:
    """A verdict as it is read."""
    return verdict.replace("_", " ")


def twin_text(entry: Entry) -> str:
    """The twin's number with its interval, or nothing."""
    if entry.twin is None:
        return ""
    text = estimate_text(entry.twin, entry.unit or "")
    return f"{text} (no interval: {entry.no_interval})" if entry.no_interval else text


def flip_text(flip: Flip) -> str:
    """Where a verdict becomes another."""
    return f"{words(flip.verdict)} if {flip.setting} is {flip.at} ({flip.found})"


def sentences(entry: Entry) -> list[str]:
    """Why, where it flips or why nowhere, what is still to be run, and with how many seeds it was."""
    found = [entry.why, *(f"{sentence(flip_text(flip))}." for flip in entry.flips)]
    found += [f"No flip: {entry.why_no_flip}."] if entry.why_no_flip else []
    found += [f"To come: {entry.later}."] if entry.later else []
    return [*found, *([f"Seeds: {entry.seeds}."] if entry.seeds else [])]


def sentence(text: str) -> str:
    """A text with a capital first letter, its other letters as they are."""
    return text[:1].upper() + text[1:]


def numbers_text(entry: Entry) -> str:
    """Published and found in one line."""
    parts = [("published", entry.published), ("twin", twin_text(entry))]
    return "; ".join(f"{name} {text}" for name, text in parts if text)


def ledger_view(ledger: Ledger, measured: Measured) -> Group:
    """Everything `breakwater validate` prints."""
    parts: list[RenderableType] = [Text(headline(ledger), style="bold"), Text(grounds_text(measured), style="dim")]
    for answer in ledger.answers:
        parts += [Text(), *_answer_view(answer)]
    hangs = [part for name, stored in ledger.robustness.items() for part in _hangs_view(name, stored)]
    entries = [Text(), *(part for entry in ledger.entries for part in _entry_view(entry))]
    return Group(*parts, *(part for group in in_order(ledger, hangs, entries) for part in group))


def in_order(ledger: Ledger, hangs: T, entries: T) -> tuple[T, T]:
    """What hangs on assumptions before all claims; where some were asked for, these before it."""
    return (hangs, entries) if ledger.answers else (entries, hangs)


def _hangs_view(name: str, stored: Stored) -> list[RenderableType]:
    return [Text(), Text(f"{HANGS} {name}", style="bold"), bullets(told(stored.table, stored.stale))]


def _answer_view(answer: Answer) -> Iterator[RenderableType]:
    yield Text(answer.question, style="bold")
    yield Padding(Text(answer.text), (0, 0, 1, 2))
    rows = grid(*((title, "left" if k == 0 else "right") for k, title in enumerate(answer.columns)))
    for row in answer.rows:
        rows.add_row(*row)
    yield Padding(rows, (0, 0, 1, 2))
    yield Padding(bullets(answer.notes), (0, 0, 0, 2))


def _entry_view(entry: Entry) -> Iterator[RenderableType]:
    line = Text(f"{words(entry.verdict):>16}  ", style=STYLES.get(entry.verdict, "dim"))
    line.append(entry.claim.id, style="bold")
    line.append(f"  {entry.claim.says}", style="default")
    yield line
    more = [text for text in (numbers_text(entry), *sentences(entry)) if text]
    yield Padding(Group(*(Text(text) for text in more)), (0, 0, 0, 18))
    grounds = "; ".join(entry.rests_on[:LISTED])
    if grounds:
        rest = len(entry.rests_on) - LISTED
        yield Padding(Text(f"rests on {grounds}{f'; {rest} more' if rest > 0 else ''}", style="dim"), (0, 0, 1, 18))
    else:
        yield Text()


def ledger_markdown(ledger: Ledger, measured: Measured) -> str:
    """The same as Markdown."""
    lines = ["# Claims ledger", "", f"{headline(ledger)}.", "", f"{grounds_text(measured)}."]
    for answer in ledger.answers:
        lines += ["", f"## {answer.question}", "", answer.text, ""]
        lines += [f"| {' | '.join(answer.columns)} |", f"|{'---|' * len(answer.columns)}"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in answer.rows]
        lines += ["", *(f"- {note}" for note in answer.notes)]
    hangs = []
    for name, stored in ledger.robustness.items():
        hangs += ["", f"## {HANGS} {name}", "", *(f"- {text}" for text in told(stored.table, stored.stale))]
    first, then = in_order(ledger, hangs, _claims_table(ledger))
    return "\n".join([*lines, *first, *then]) + "\n"


def _claims_table(ledger: Ledger) -> list[str]:
    """The lines of Markdown in which every claim has a row."""
    title = "Every claim" if ledger.answers else "Claims asked for"
    lines = [
        "",
        f"## {title}",
        "",
        "| claim | verdict | published | twin | why | rests on |",
        "|---|---|---|---|---|---|",
    ]
    for entry in ledger.entries:
        why = " ".join(sentences(entry))
        cells = (
            f"`{entry.claim.id}` {entry.claim.says}",
            f"**{words(entry.verdict)}**",
            entry.published,
            twin_text(entry),
            why,
            "; ".join(entry.rests_on),
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
