"""Units and constants of time that every part of the model uses."""

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
FOREVER = 2**62
HOURS_PER_MONTH = 730.0
"""Hours of a month as AWS reckons them."""
EPOCH_NS = 1_760_000_000 * SECOND
"""Second 0 of a run on the pods' clocks (9 October 2025). Scores and deadlines are times of the epoch, as in the real
system, where a float64 of nanoseconds is exact to 256 ns only."""


def ns(seconds: float) -> int:
    """Return seconds as whole nanoseconds."""
    return round(seconds * SECOND)
