"""How each claim is judged: by whom, from which runs, and whether it needs measurements of a real Redis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from models.ledger.arithmetic import redone
from models.ledger.claims import Claim, How
from models.ledger.entry import Entry
from models.ledger.evidence import Evidence
from models.ledger.measured import Measured
from models.ledger.searches import FlipPlace
from models.redis_costs.profile import Profile, load_profile
from models.results.origins import profile_origin


@dataclass(frozen=True)
class Sources:
    """All evidence: runs by their name, what was measured, and flips that were searched, by their name."""

    runs: Mapping[str, Evidence]
    measured: Measured
    flips: Mapping[str, FlipPlace] = field(default_factory=dict)

    def __getitem__(self, run: str) -> Evidence:
        return self.runs[run]


@dataclass(frozen=True)
class Check:
    """The judge of one claim, the runs and searches it asks for, and the further ways by which it is judged."""

    judge: Callable[[Claim, Sources], Entry]
    runs: tuple[str, ...] = ()
    ways: tuple[How, ...] = ()
    searches: tuple[str, ...] = ()


def by_sum(claim: Claim, sources: Sources) -> Entry:
    """Return the verdict of a claim that stands on arithmetic and prices alone."""
    own = redone(claim)
    return Entry(claim, own.verdict, own.found, own.unit, own.why, own.rests_on, own.flips, own.no_flip, own.later)


@cache
def profile(name: str) -> Profile:
    """Return a shipped profile, read once. BadInput if it cannot be read."""
    return load_profile(name)


def rests_on(*evidence: Evidence) -> tuple[str, ...]:
    """Return what results of these runs rest on: what repeats them, and the profiles of their Redis."""
    found = [item.command for item in evidence]
    for item in evidence:
        origin = profile_origin(item.scenario, profile(item.scenario.redis.profile))
        if origin not in found:
            found.append(origin)
    return tuple(found)
