"""Where a verdict becomes another: found by bisection of the sum itself, or by the cases that a claim leaves open.

Pure. Flips that need runs are found elsewhere; each says by what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from models.judge.wording import number
from models.ledger.claims import ClaimVerdict
from models.ledger.entry import Flip

BISECTED = "bisection of this sum"
COMPUTED = "computed by the same sum"
STEPS = 80
"""Halvings of a span: more than a float can tell apart."""
RUN = "runs on both sides"
STEPPED = "runs on both sides, not bisected"
OPEN = "the interval spans the limit: no value of a setting decides it, a narrower interval would"


def edge(verdict_at: Callable[[float], ClaimVerdict], here: float, there: float) -> tuple[float, ClaimVerdict] | None:
    """Return where the verdict stops being that of *here* on the way to *there*, and what it then is; None if nowhere.

    Bisection: of several edges it finds one, and none at all if both ends are alike.
    """
    mine = verdict_at(here)
    if verdict_at(there) == mine:
        return None
    near, far = here, there
    for _ in range(STEPS):
        middle = (near + far) / 2
        near, far = (middle, far) if verdict_at(middle) == mine else (near, middle)
    return far, verdict_at(far)


def bisected(
    setting: str, verdict_at: Callable[[float], ClaimVerdict], here: float, *ends: float, unit: str = ""
) -> Iterator[Flip]:
    """Yield where a verdict flips on the way from *here* to each end of a setting."""
    for there in ends:
        if (found := edge(verdict_at, here, there)) is not None:
            at, verdict = found
            yield Flip(setting, f"{'above' if there > here else 'below'} {number(at)}{unit}", verdict, BISECTED)


def by_case(setting: str, cases: Mapping[str, ClaimVerdict], found: str = COMPUTED) -> tuple[Flip, ...]:
    """Return what follows in each of the cases that a claim does not tell apart."""
    return tuple(Flip(setting, at, verdict, found) for at, verdict in cases.items())


def stepped(setting: str, cases: Mapping[float, ClaimVerdict], here: float, unit: str = "") -> Iterator[Flip]:
    """Yield where a verdict flips on the way up and down from *here* through values that were run.

    The first value on either side with another verdict that is not open, and the last one before it; where one between
    them is open, that is said. KeyError if *here* was not run.
    """
    mine, ordered = cases[here], sorted(cases)
    for side in ([value for value in ordered if value > here], [value for value in reversed(ordered) if value < here]):
        last, open_ = here, False
        for value in side:
            if cases[value] == mine:
                last, open_ = value, False
            elif cases[value] == "conditional":
                open_ = True
            else:
                low, high = sorted((last, value))
                between = f"between {number(low)} and {number(high)}{unit}{', open in between' if open_ else ''}"
                way = "more" if value > here else "fewer" if not unit else "less"
                yield Flip(setting, f"{number(value)}{unit} or {way}: {between}", cases[value], STEPPED)
                break
