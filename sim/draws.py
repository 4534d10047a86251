"""Random numbers that are addressed, not drawn in sequence.

The value of a draw depends on four things only: the seed, the stream (what it is for), the entity (whose it is) and the
number of the draw. So any engine, any order of events and any number of processes gets the same numbers, and changing
one part of a model leaves the draws of all others alone (common random numbers).

The generator is SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), entered at a
position instead of stepped: position = entity << 30 | n, start = a mixed function of seed and stream.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
NUMBER_BITS = 30
"""Bits of an address that count the draws of one entity: 2**30 draws of each of 2**34 entities."""
CELLS = 1024
LARGEST = 2**47
"""Largest quantile a table holds: with 16 bits of fraction the interpolation stays within 63 bits."""


@inlined
def mix64(x: np.uint64) -> np.uint64:
    """Scramble 64 bits: the output function of SplitMix64 (variant 13 of Stafford's mixers)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def bits(start: np.uint64, entity: int, n: int) -> np.uint64:
    """Return the 64 random bits of draw `n` of `entity` in the stream that begins at `start`."""
    position = (np.uint64(entity) << np.uint64(NUMBER_BITS)) | np.uint64(n)
    return mix64(start + (position + np.uint64(1)) * GOLDEN)


@inlined
def uniform(start: np.uint64, entity: int, n: int) -> float:
    """Return a float in [0, 1) with 53 random bits."""
    return float(bits(start, entity, n) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined
def below(start: np.uint64, entity: int, n: int, limit: int) -> int:
    """Return an integer in [0, `limit`), for limits up to 2**31 (bias under 2**-1 of a 2**32nd)."""
    scaled = (bits(start, entity, n) >> np.uint64(32)) * np.uint64(limit)
    return int(np.int64(scaled >> np.uint64(32)))


@inlined
def from_table(table: NDArray[np.int64], start: np.uint64, entity: int, n: int) -> int:
    """Draw from the distribution whose quantiles are in `table` (made by `quantile_table`)."""
    x = bits(start, entity, n)
    cell = np.int64(x >> np.uint64(54))
    fraction = np.int64((x >> np.uint64(10)) & np.uint64(0xFFFF))
    if cell == CELLS - 1:
        cell = CELLS + 1 + np.int64((x >> np.uint64(44)) & np.uint64(0x3FF))
    low = table[cell]
    return low + (((table[cell + 1] - low) * fraction) >> 16)


@compiled
def uniforms(start: np.uint64, count: int) -> NDArray[np.float64]:
    """Return draw 0 of entities 0 to *count* - 1, float64[count] in [0, 1)."""
    values = np.empty(count)
    for entity in range(count):
        values[entity] = uniform(start, entity, 0)
    return values


@compiled
def table_draws(table: NDArray[np.int64], start: np.uint64, count: int) -> NDArray[np.int64]:
    """Return draw 0 of entities 0 to *count* - 1 from a quantile table, int64[count]."""
    values = np.empty(count, np.int64)
    for entity in range(count):
        values[entity] = from_table(table, start, entity, 0)
    return values


def stream_starts(seed: int, streams: int) -> NDArray[np.uint64]:
    """Return where each of `streams` streams of `seed` begins (uint64, one per stream)."""
    words = np.random.SeedSequence(seed).generate_state(streams, np.uint64)
    return np.asarray(words, dtype=np.uint64)


def quantile_table(quantile: Callable[[NDArray[np.float64]], NDArray[np.float64]], scale: float) -> NDArray[np.int64]:
    """Tabulate a distribution for `from_table`.

    *quantile* is its inverse distribution function (a scipy `ppf`), *scale* turns its unit into the integer unit of the
    draws (1e9 for seconds to nanoseconds). The body has 1,024 cells of equal probability; the last of them has 1,024
    cells of its own, so that the tail is cut at probability 2**-21. Within a cell values are spread evenly. Returns
    int64[2050]. Raises ValueError where a quantile is negative or over 2**47 (39 h in nanoseconds).
    """
    body = np.arange(CELLS + 1) / CELLS
    tail = 1.0 - (1.0 - np.arange(CELLS + 1) / CELLS) / CELLS
    body[-1] = tail[-1] = 1.0 - 2.0**-21
    values = np.rint(np.concatenate([quantile(body), quantile(tail)]) * scale)
    if not np.all(np.isfinite(values)) or values.min() < 0 or values.max() > LARGEST:
        raise ValueError(f"quantiles must be from 0 to 2**47 in the draw's unit, got {values.min()} to {values.max()}")
    return values.astype(np.int64)
