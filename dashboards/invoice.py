"""The bill of a run in words: rows of text that the terminal and the report lay out, each in its way."""

from __future__ import annotations

from collections.abc import Iterator

from models.documents.sourced import Number
from models.judge.invoice import Invoice
from models.judge.wording import NOTHING, number, with_unit
from models.results.cost import PARTS, CostBreakdown, CostItem, PartCost

TITLES = ("part", "event, list", "event, talk", "month, list", "month, talk", "an event takes")
"""Of the columns of `part_rows`."""

ITEM_TITLES = ("part", "event", "month", "of", "list price", "rests on", "talk's price")
"""Of the columns of `item_rows`."""

CONFIDENCE_WORDS = {
    "high": "read at the source",
    "medium": "second hand",
    "low": "weak source",
    "from_memory": "remembered, not read",
    "assumption": "assumed",
}
"""How far to trust a price, as people read it."""

MOST_NAMED = 2
"""Lines of a part that are named; the rest are counted."""


def part_rows(invoice: Invoice) -> Iterator[tuple[str, ...]]:
    """One row for every part, and the sum last; a sum that lacks a price is a lower bound."""
    for listed, talk in zip(invoice.listed.parts, invoice.talk.parts, strict=True):
        yield (
            PARTS[listed.name],
            _usd(listed.event_usd, listed.unpriced),
            _usd(talk.event_usd, talk.unpriced),
            _usd(listed.month_usd, listed.unpriced),
            _usd(talk.month_usd, talk.unpriced),
            _taken(listed),
        )
    yield ("all", *_totals(invoice.listed, invoice.talk), "")


def _totals(listed: CostBreakdown, talk: CostBreakdown) -> tuple[str, ...]:
    gaps = [() if table.complete else ("something",) for table in (listed, talk)]
    return (
        _usd(listed.event_usd, gaps[0]),
        _usd(talk.event_usd, gaps[1]),
        _usd(listed.month_usd, gaps[0]),
        _usd(talk.month_usd, gaps[1]),
    )


def item_rows(invoice: Invoice) -> Iterator[tuple[str, ...]]:
    """One row for every line of the bill: how much of it, its price, and what that rests on."""
    talk = [item for part in invoice.talk.parts for item in part.items]
    listed = [item for part in invoice.listed.parts for item in part.items]
    for item, other in zip(listed, talk, strict=True):
        yield (
            PARTS[item.part],
            number(item.event),
            number(item.month),
            f"{item.unit} {item.what}",
            _price(item.price),
            _grounds(item.price),
            _price(other.price),
        )


def _usd(value: float | None, gaps: tuple[str, ...]) -> str:
    if value is None:
        return NOTHING
    return f"≥ {with_unit(value, 'usd')}" if gaps else with_unit(value, "usd")


def _taken(part: PartCost) -> str:
    used = sorted(part.items, key=lambda item: -(item.event_usd or 0.0))
    named = [_amount(item) for item in used if item.event][:MOST_NAMED]
    more = sum(1 for item in used if item.event) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _amount(item: CostItem) -> str:
    return f"{number(item.event)} {item.unit} {item.what}"


def _price(price: Number | None) -> str:
    return NOTHING if price is None else f"${price.value:.4g}"


def _grounds(price: Number | None) -> str:
    return NOTHING if price is None else f"{price.source}; {price.date}, {CONFIDENCE_WORDS[price.confidence]}"
