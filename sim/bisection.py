"""Where something gives way: bisection of a setting, replication by replication on common random numbers.

With its random numbers fixed, a replication is a function of the setting, and each has a place of its own at which it
begins to exceed a limit. The places of several replications are a sample: their interval is that of the flip.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from sim.estimate import Estimate

Steps = Generator[float, bool, "Bracket"]
"""Yields the values to try, is sent whether the limit is kept there, and returns where that changes."""


@dataclass(frozen=True)
class Bracket:
    """Two values between which one replication flips: it keeps the limit at `kept` and not at `lost`.

    One of them is None where it does the same at both ends of the span.
    """

    kept: float | None
    lost: float | None

    @property
    def place(self) -> float | None:
        """The middle of the two; None if it does not flip."""
        return None if self.kept is None or self.lost is None else (self.kept + self.lost) / 2


def bisected(kept: float, lost: float, resolution: float, near: float | None = None, whole: bool = False) -> Steps:
    """Try values from *kept* to *lost* until the two between which it flips are at most *resolution* apart.

    Begins at both ends, or around *near* and outwards from there if it is known where others flip. *whole*: integers
    only. ValueError unless *resolution* > 0, at least 1 if *whole*, and the ends differ.
    """
    if resolution <= (0.999 if whole else 0) or kept == lost:
        raise ValueError(f"nothing to bisect from {kept} to {lost} by {resolution}")
    ends = kept, lost
    if near is None:
        if not (yield kept):
            return Bracket(None, kept)
        if (yield lost):
            return Bracket(lost, None)
    else:
        found = yield from _around(near, resolution, ends, whole)
        if found.place is None:
            return found
        assert found.kept is not None
        assert found.lost is not None
        kept, lost = found.kept, found.lost
    while abs(lost - kept) > resolution * (1 + 1e-9):
        middle = _rounded((kept + lost) / 2, whole)
        if (yield middle):
            kept = middle
        else:
            lost = middle
    return Bracket(kept, lost)


def _around(near: float, resolution: float, ends: tuple[float, float], whole: bool) -> Steps:
    """Find a bracket outwards from *near*, with steps that double; the ends are the last that are tried."""
    toward_lost = 1 if ends[1] > ends[0] else -1
    at = _within(_rounded(near, whole), ends)
    keeps, step = (yield at), resolution
    way = toward_lost if keeps else -toward_lost
    while at != (end := ends[1] if keeps else ends[0]):
        further = _within(_rounded(at + way * step, whole), ends)
        if (yield further) != keeps:
            return Bracket(at, further) if keeps else Bracket(further, at)
        at, step = further, 2 * step
        if at == end:
            break
    return Bracket(at, None) if keeps else Bracket(None, at)


def _rounded(value: float, whole: bool) -> float:
    return float(round(value)) if whole else value


def _within(value: float, ends: tuple[float, float]) -> float:
    return min(max(value, min(ends)), max(ends))


@dataclass(frozen=True)
class Crossing:
    """Where several replications flip, one bracket each. ValueError if there is none."""

    brackets: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        if not self.brackets:
            raise ValueError("a crossing needs at least one bracket")

    @property
    def places(self) -> list[float]:
        """Where they flip, of those that do."""
        return [bracket.place for bracket in self.brackets if bracket.place is not None]

    @property
    def every(self) -> bool:
        """Whether every replication flips within the span."""
        return len(self.places) == len(self.brackets)

    @property
    def estimate(self) -> Estimate | None:
        """The place with the interval that holds the flip of one more replication at 95 %.

        Half a bracket is added on either side, as nobody looked within. None unless every replication flips.
        """
        if not self.every:
            return None
        found = Estimate.of_one_more(self.places)
        if found.low is None or found.high is None:
            return found
        inside = max(abs((b.lost or 0.0) - (b.kept or 0.0)) for b in self.brackets) / 2
        return Estimate(found.low - inside, found.best, found.high + inside, found.n)

    def keeps_at(self, value: float, kept: float, lost: float) -> bool | None:
        """Whether the limit is kept at *value* of a span from *kept* to *lost*; None if the interval leaves it open."""
        found = self.estimate
        if found is None or found.low is None or found.high is None:
            return None
        if found.low <= value <= found.high:
            return None
        return (value < found.low) == (kept < lost)
