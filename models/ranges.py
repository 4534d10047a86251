"""Which costs of a profile a run used outside of what they were measured or fitted over."""

from collections.abc import Mapping
from typing import NamedTuple

from models.profile_parts import Quantity, Range


class Outside(NamedTuple):
    """A quantity of which a run *used* more than costs were measured up to, `high`; None: nobody says up to what."""

    quantity: Quantity
    used: float
    high: float | None


def outside(measured_over: Mapping[Quantity, Range], used: Mapping[Quantity, float]) -> tuple[Outside, ...]:
    """Return what was *used*, the most of each quantity, beyond the ranges of a profile, in the order of *used*.

    Only upwards: every run passes through short lines and low rates on its way, and what is short costs little.
    """
    found = []
    for quantity, most in used.items():
        known = measured_over.get(quantity)
        if known is None or most > known.high:
            found.append(Outside(quantity, most, None if known is None else known.high))
    return tuple(found)
