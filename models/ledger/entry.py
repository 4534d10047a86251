"""What the ledger says of one claim, and the rules by which numbers become verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.judge.wording import number, with_unit
from models.ledger.claims import Claim, ClaimVerdict
from sim.estimate import Estimate, unvaried_text


@dataclass(frozen=True)
class Flip:
    """What decides: `verdict` where `setting` is as `at` says. `found`: how, and so by whom, that is known."""

    setting: str
    at: str
    verdict: ClaimVerdict
    found: str


@dataclass(frozen=True)
class Entry:
    """A claim with its verdict. `twin` is in `unit`; None where there is no number of the twin's to give.

    What holds under a condition has flips, or `no_flip` says why there is none. `later`: what is still to be run.
    `seeds`: how many the runs were made with, and why they are enough.
    ValueError for a verdict without grounds, a condition without a flip, and a flip that changes nothing.
    """

    claim: Claim
    verdict: ClaimVerdict
    twin: Estimate | None
    unit: str | None
    why: str
    rests_on: tuple[str, ...]
    flips: tuple[Flip, ...] = ()
    no_flip: str = ""
    later: str = ""
    seeds: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in ("not_yet_modelled", "not_testable") and not self.rests_on:
            raise ValueError(f"{self.claim.id}: {self.verdict} rests on nothing")
        if self.verdict == "conditional" and not self.flips and not self.no_flip:
            raise ValueError(f"{self.claim.id}: a condition without the value at which it flips")
        if any(flip.verdict == self.verdict for flip in self.flips):
            raise ValueError(f"{self.claim.id}: a flip that leaves it {self.verdict}")

    @property
    def no_interval(self) -> str:
        """Return why the twin's number has no interval; nothing where it has one, or where there is no number."""
        if self.twin is None or self.twin.low is not None:
            return ""
        if any(ground.startswith("breakwater run") for ground in self.rests_on):
            return "worked out from the means of runs"
        if any(ground.startswith("measured on") for ground in self.rests_on):
            return "counted or measured once"
        return "a sum of given figures: nothing in it is drawn"

    @property
    def why_no_flip(self) -> str:
        """Return why no flip is known of what holds under a condition; nothing where there is one, or no condition."""
        return self.no_flip if self.verdict == "conditional" and not self.flips else ""

    @property
    def published(self) -> str:
        """Return the published value in words."""
        value, unit = self.claim.value, self.claim.unit or ""
        if value is None:
            return ""
        if isinstance(value, tuple):
            return f"{with_unit(value[0], unit)} to {with_unit(value[1], unit)}"
        return with_unit(value, unit)


def exactly(value: float) -> Estimate:
    """Return a number without an interval."""
    return Estimate(None, value, None, 1)


def scaled(found: Estimate, factor: float) -> Estimate:
    """Return an estimate in another unit: times a *factor* above zero."""
    low, high = (None if bound is None else factor * bound for bound in (found.low, found.high))
    return Estimate(low, factor * found.best, high, found.n)


def at_most(found: Estimate, limit: float) -> ClaimVerdict:
    """Return what follows if a claim says that *found* is at most *limit*."""
    low, high = _bounds(found)
    return "confirmed" if high <= limit else "refuted" if low > limit else "conditional"


def at_least(found: Estimate, limit: float) -> ClaimVerdict:
    """Return what follows if a claim says that *found* is at least *limit*."""
    low, high = _bounds(found)
    return "confirmed" if low >= limit else "refuted" if high < limit else "conditional"


def about(found: Estimate, value: float, tolerance: float) -> ClaimVerdict:
    """Return what follows if a claim says that *found* is about *value*, give or take a share *tolerance* of it.

    Confirmed if the whole interval is that near, refuted if none of it is.
    """
    low, high = _bounds(found)
    least, most = sorted((value * (1 - tolerance), value * (1 + tolerance)))
    return "confirmed" if least <= low and high <= most else "refuted" if high < least or low > most else "conditional"


def weakest(verdicts: Sequence[ClaimVerdict]) -> ClaimVerdict:
    """Return what follows from several verdicts of one claim: all must be true for it to be."""
    order: tuple[ClaimVerdict, ...] = ("refuted", "inconsistent", "conditional", "fitted", "confirmed")
    return min(verdicts, key=order.index)


def in_every_case(cases: Sequence[ClaimVerdict]) -> ClaimVerdict:
    """Return what follows if a claim does not say which of several cases it means: conditional unless they agree."""
    return cases[0] if len(set(cases)) == 1 else "conditional"


def of_a_fit(verdict: ClaimVerdict) -> ClaimVerdict:
    """Return what follows by costs that were fitted to the talk: that they agree with it confirms nothing."""
    return "fitted" if verdict == "confirmed" else verdict


def that_change(verdict: ClaimVerdict, *flips: Flip) -> tuple[Flip, ...]:
    """Return those of *flips* by which a claim with this verdict gets another."""
    return tuple(flip for flip in flips if flip.verdict != verdict)


def interval_text(found: Estimate, unit: str) -> str:
    """Return the bounds of an estimate in words, such as `43.1 to 86.2 %`; its best value where it has none."""
    if found.low is None or found.high is None or found.unvaried:
        return with_unit(found.best, unit)
    return f"{_lower(found.low, unit)} to {with_unit(found.high, unit)}"


def estimate_text(found: Estimate, unit: str) -> str:
    """Return an estimate in words, such as `61.4 % (43.1 to 86.2 %)`, without an interval where it has none."""
    best = with_unit(found.best, unit)
    if found.low is None or found.high is None:
        return best
    if found.unvaried:
        return f"{best} ({unvaried_text(found.n)})"
    return f"{best} ({interval_text(found, unit)})"


def _lower(value: float, unit: str) -> str:
    """A lower bound, with its unit only where that is part of the number, as in `$8.00` and `2 min 8 s`."""
    return with_unit(value, unit) if unit == "s" or unit.startswith("usd") else number(value)


def _bounds(found: Estimate) -> tuple[float, float]:
    return (found.best if found.low is None else found.low), (found.best if found.high is None else found.high)
