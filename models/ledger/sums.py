"""A sum of the talk's, redone: what it comes to, what of its claim follows, and at which input that changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from models.catalogues.prices import HOME, PriceTable, list_prices
from models.documents.sourced import Number
from models.ledger.claims import Claim, ClaimVerdict
from models.ledger.entry import Flip
from models.ledger.flips import bisected
from sim.estimate import Estimate

STATED = "the talk's own inputs"
ROUNDING = 0.05
"""Share by which a published sum may be off and still count as rounded."""
PRICE = 0.1
"""Share by which a published price may be off: lists change."""


@dataclass(frozen=True, slots=True)
class Redone:
    """One claim, recomputed: `found` in `unit`; the range of a claim about a range, or of several prices or readings.

    `flips`, `no_flip` and `later` are those of an `Entry`.
    """

    claim: Claim
    found: Estimate
    verdict: ClaimVerdict
    why: str
    rests_on: tuple[str, ...]
    flips: tuple[Flip, ...] = ()
    no_flip: str = ""
    later: str = ""
    measured_in: str | None = None

    @property
    def unit(self) -> str | None:
        """Return the unit of `found`: the claim's own, where it is not about something else."""
        return self.measured_in or self.claim.unit


@dataclass(frozen=True, slots=True)
class Vary:
    """An input that the talk states, its name as a setting, and the ends to which it is varied."""

    name: str
    setting: str
    ends: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """How a claim is recomputed, and which of its inputs are varied to see where its verdict flips."""

    judge: Callable[[Claim], Redone]
    varied: tuple[Vary, ...] = ()

    def redone(self, claim: Claim) -> Redone:
        """Return the claim, recomputed, with the flips of its inputs found by bisection."""
        own = self.judge(claim)
        found = [
            flip
            for vary in self.varied
            for flip in bisected(vary.setting, self._verdict_at(claim, vary), claim.number(vary.name), *vary.ends)
        ]
        flips = tuple(flip for flip in (*own.flips, *found) if flip.verdict != own.verdict)
        return replace(own, flips=flips)

    def _verdict_at(self, claim: Claim, vary: Vary) -> Callable[[float], ClaimVerdict]:
        def verdict_at(value: float) -> ClaimVerdict:
            return self.judge(claim.model_copy(update={"given": claim.given | {vary.name: value}})).verdict

        return verdict_at


def listed() -> PriceTable:
    """Return what AWS asks for in the home region."""
    return list_prices(HOME)


def known(price: Number | None) -> Number:
    """Return a price that must be there. ValueError if it is null."""
    if price is None:
        raise ValueError("a list price that this sum needs is null")
    return price


def priced_by(price: Number) -> str:
    """Return in words where a price is from."""
    return f"{price.source} ({price.date})"
