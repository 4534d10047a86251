"""Shares of the events in a total as whole weights."""

import math

STEPS = 10_000
"""A share counts in ten-thousandths, its least: then the events of 10,000 people in a row have the shares exactly."""


def weights_of(shares: tuple[float, ...] | None, events: int) -> tuple[int, ...]:
    """Return the weights of the events, without a common divisor; all are 1 where *shares* is None."""
    if shares is None:
        return (1,) * events
    steps = [round(share * STEPS) for share in shares]
    divisor = math.gcd(*steps)
    return tuple(step // divisor for step in steps)
