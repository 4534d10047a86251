"""The robustness of a verdict, as a value: what was concluded, and what of it each varied assumption leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

FORMAT = 1
JOINS, RATE, HOLDS, FIRST, CAPACITY, BOTS, SOLD = "joins", "rate", "holds", "first", "capacity", "bots", "sold"
"""Keys of conclusions."""
LEVEL = "level."
"""Beginning of the keys of conclusions about service levels."""
SCOPE = {JOINS: ("waiting_room.events",)}
"""Settings that a conclusion is about, by its key: another value makes another sentence, not a contradiction."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What some replications conclude of one point: a sentence, and the least and greatest figure behind it.

    `says` is None where they do not agree: it is open. `low` and `high` are None where there is no figure.
    """

    says: str | None
    low: float | None
    high: float | None
    unit: str
    n: int


@dataclass(frozen=True, slots=True)
class Row:
    """An assumption with another value, and what is then concluded, by key; `skipped` says why nothing is, if so."""

    setting: str
    value: str
    about: str
    origin: str
    cells: Mapping[str, Cell]
    skipped: str = ""

    @property
    def n(self) -> int:
        """How many replications were run; none of a row that was skipped."""
        return max((cell.n for cell in self.cells.values()), default=0)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a table was made with, by which it is known whether it still holds: scenario, profile, sources, seeds."""

    scenario: str
    scenario_hash: str
    profile_hash: str
    sources: str
    seeds: tuple[int, ...]
    horizon_s: float
    made: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """Conclusions of a scenario by key, the firmest first, and the rows of what was varied."""

    origin: Origin
    base: Mapping[str, Cell]
    rows: tuple[Row, ...]

    @property
    def varied(self) -> tuple[Row, ...]:
        """The rows that were run."""
        return tuple(row for row in self.rows if not row.skipped)

    def counting(self, key: str) -> tuple[Row, ...]:
        """The rows that say whether a conclusion survives: those in which it is about the same."""
        return tuple(row for row in self.varied if row.setting not in SCOPE.get(key, ()) and key in row.cells)

    def against(self, key: str) -> tuple[Row, ...]:
        """The rows in which a conclusion is another, or open; none where it is open without any change."""
        says = self.base[key].says
        if says is None:
            return ()
        return tuple(row for row in self.counting(key) if row.cells[key].says != says)

    def survives(self, key: str) -> bool:
        """Whether all replications of the scenario, and of every row that counts, conclude the same."""
        return self.base[key].says is not None and not self.against(key)

    def span(self, key: str) -> tuple[float, float] | None:
        """The least and the greatest figure behind a conclusion, over the rows that count; None if there is none."""
        cells = [self.base[key], *(row.cells[key] for row in self.counting(key))]
        values = [value for cell in cells for value in (cell.low, cell.high) if value is not None]
        return (min(values), max(values)) if values else None

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it, with its format."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The inverse of `to_json`. ValueError, TypeError or LookupError if *document* is not what that writes."""
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} is not {FORMAT}")
        origin = {**document["origin"], "seeds": tuple(document["origin"]["seeds"])}
        rows = tuple(Row(**{**row, "cells": _cells(row["cells"])}) for row in document["rows"])
        return cls(Origin(**origin), _cells(document["base"]), rows)


def _cells(document: Mapping[str, Any]) -> dict[str, Cell]:
    return {key: Cell(**cell) for key, cell in document.items()}
