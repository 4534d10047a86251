"""The seeds of replications, derived from the one that a user gives."""

from collections.abc import Iterator
from itertools import count, islice

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def derived_seeds(seed: int, n: int) -> tuple[int, ...]:
    """Return *n* distinct seeds: *seed* itself, then such that follow from it by SplitMix64 (Steele, Lea, Flood 2014).

    They are below 2^31, so that a person can type them. The first of more are the same, so replications can be added;
    those of neighbouring seeds have nothing in common, as *seed*, *seed* + 1, ... would: a check with another seed is
    a check with other runs. ValueError for a negative seed or n.
    """
    if seed < 0 or n < 0:
        raise ValueError(f"seed ({seed}) and n ({n}) must not be negative")
    return tuple(islice(_distinct(seed), n))


def _distinct(seed: int) -> Iterator[int]:
    yield seed
    seen = {seed}
    for number in count(1):
        candidate = _mix64((_mix64(seed & MASK) + number * GOLDEN) & MASK) >> 33
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def _mix64(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)
