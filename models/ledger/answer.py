"""What a central question is, what an answer to it has, and whether a run keeps its service levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.ledger.checks import Sources
from models.ledger.entry import at_most
from models.ledger.evidence import Evidence
from models.ledger.turn import Holds, all_hold, holds


@dataclass(frozen=True)
class Answer:
    """The answer to a question, the table it is read off, where it would be another, and with how many seeds."""

    question: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    flips: tuple[str, ...]
    rests_on: tuple[str, ...]
    seeds: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what stands under the table: where the answer would be another, and the seeds of its runs."""
        return (*self.flips, *([f"Seeds: {self.seeds}."] if self.seeds else []))


@dataclass(frozen=True)
class Question:
    """A question, the runs it is answered from, and how; the flips that are searched for it."""

    text: str
    runs: tuple[str, ...]
    find: Callable[[str, Sources], Answer]
    searches: tuple[str, ...] = ()

    def answer(self, sources: Sources) -> Answer:
        """Return the answer."""
        return self.find(self.text, sources)


def keeps(run: Evidence) -> Holds:
    """Whether every service level is met; None if the interval of one spans its limit and the others are."""
    return all_hold([holds(at_most(run.kpi(kpi), limit)) for kpi, limit in run.levels])


def word(kept: Holds) -> str:
    """Return yes, no or open."""
    return {True: "yes", False: "no", None: "open"}[kept]
