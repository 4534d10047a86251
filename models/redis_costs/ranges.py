"""Which costs of a profile a run used outside of what they were measured or fitted over."""

from collections.abc import Mapping
from typing import NamedTuple

from models.redis_costs.parts import Beyond, Quantity, Range


class Outside(NamedTuple):
    """A quantity of which a run *used* more than costs were measured up to, `high`; None: nobody says up to what.

    At `at` a request was seen to take `adds_us` more, which is in no cost; None where that was not seen.
    """

    quantity: Quantity
    used: float
    high: float | None
    at: float | None = None
    adds_us: float | None = None


def outside(
    measured_over: Mapping[Quantity, Range], used: Mapping[Quantity, float], beyond: Mapping[Quantity, Beyond]
) -> tuple[Outside, ...]:
    """Return what was *used*, the most of each quantity, outside of the ranges of a profile, in the order of *used*.

    *beyond* has what was seen there all the same.

    Only upwards: every run passes through short lines and low rates on its way, and what is short costs little.
    """
    found = []
    for quantity, most in used.items():
        known = measured_over.get(quantity)
        if known is None or most > known.high:
            seen = beyond.get(quantity)
            further = (None, None) if seen is None else (seen.at, seen.adds_us)
            found.append(Outside(quantity, most, None if known is None else known.high, *further))
    return tuple(found)
