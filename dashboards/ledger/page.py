"""The ledger as a page that needs nothing else, and its parts for other pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dashboards.ledger_words import HANGS, grounds_text, headline, in_order, numbers_text, sentences, words
from dashboards.page import card, folded, page_html, section, table
from dashboards.robustness import robustness_html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.ledger.answer import Answer
    from models.ledger.book import Ledger
    from models.ledger.entry import Entry
    from models.ledger.measured import Measured

CLASSES = {"confirmed": "good", "refuted": "bad", "inconsistent": "bad"}
TITLES = ("claim", "verdict", "numbers", "why")


def ledger_page(ledger: Ledger, measured: Measured) -> str:
    """The whole page as text."""
    header = (
        f"<header>\n<h1>Claims ledger</h1>\n<p>{escape(headline(ledger))}</p>\n"
        f"<p>{escape(grounds_text(measured))}.</p></header>"
    )
    answers = [section(answer.question, answer_html(answer)) for answer in ledger.answers]
    hangs = [
        section(f"{HANGS} {name}", robustness_html(stored.table) if stored.table else f"<p>{escape(stored.stale)}</p>")
        for name, stored in ledger.robustness.items()
    ]
    title = "Every claim" if ledger.answers else "Claims asked for"
    first, then = in_order(ledger, hangs, [section(title, card(entries_html(ledger.entries)))])
    return page_html("Claims ledger", [header, *answers, *first, *then])


ONE_LINE = 30
"""Letters of a cell that stay on one line; columns with longer ones may break them."""


def answer_html(answer: Answer) -> str:
    """The answer to a central question, its table and where it would be another."""
    longest = [max((len(row[k]) for row in answer.rows), default=0) for k in range(1, len(answer.columns))]
    classes = ("key", *("number wide" if letters > ONE_LINE else "number" for letters in longest))
    rows = (tuple(map(escape, row)) for row in answer.rows)
    flips = "".join(f"<li>{escape(note)}</li>" for note in answer.notes)
    return f"<p>{escape(answer.text)}</p>" + card(f"{table(answer.columns, rows, classes)}<ul>{flips}</ul>")


def entries_html(entries: Iterable[Entry]) -> str:
    """A row for every claim: what it says, how it stands, the numbers, why, and what that rests on."""
    rows = (
        (
            f"<code>{escape(entry.claim.id)}</code><br>{escape(entry.claim.says)}",
            f'<span class="{CLASSES.get(entry.verdict, "dim")}">{escape(words(entry.verdict))}</span>',
            "<br>".join(map(escape, numbers_text(entry).split("; "))),
            _reasons(entry) + _grounds(entry),
        )
        for entry in entries
    )
    return table(TITLES, rows, ("", "key", "", ""))


def _reasons(entry: Entry) -> str:
    why, *more = sentences(entry)
    return "<br>".join([escape(why), *(f"<em>{escape(text)}</em>" for text in more)])


def _grounds(entry: Entry) -> str:
    if not entry.rests_on:
        return ""
    return folded("rests on", f'<ul class="dim">{"".join(f"<li>{escape(text)}</li>" for text in entry.rests_on)}</ul>')
