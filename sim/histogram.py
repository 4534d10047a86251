"""Log-linear histograms: the shape of HdrHistogram (Gil Tene, hdrhistogram.org), filled from compiled code.

Values are non-negative int64, nanoseconds by habit. Below 256 every value has its own bucket; above, each
power of two is cut into 128 equal buckets, so a bucket is narrower than 1/128 (0.8 %) of the values in it.
The number of buckets does not depend on how much is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bits import leading_zeros
from sim.jit import compiled

PRECISION_BITS = 7
"""Each power of two is cut into 2**7 buckets: relative width 1/128."""

RANGE_BITS = 47
"""Values below 2**47 ns (39 h) have a bucket of their own size: longer than the longest run, 24 h."""

BUCKETS = (RANGE_BITS - PRECISION_BITS + 1) << PRECISION_BITS
"""Length of every array of counts."""

_STORED_KEYS = {"precision_bits", "buckets", "counts", "total"}


@compiled
def bucket_of(value: int) -> int:
    """Index of the bucket that holds *value*, 0 to BUCKETS - 1.

    A value outside 0 to 2**47 - 1 gets the nearest bucket, so that compiled code never writes outside its
    array; `LogHistogram` then refuses the counts, because they contradict their total.
    """
    v = min(max(int(value), 0), (1 << RANGE_BITS) - 1)
    # `| 128`: values below 256 share the formula, with no shift
    leading: int = leading_zeros(v | (1 << PRECISION_BITS))
    shift = 63 - PRECISION_BITS - leading
    return (shift << PRECISION_BITS) + (v >> shift)


@compiled
def bucket_low(bucket: int) -> int:
    """Smallest value that *bucket* holds."""
    shift = max((int(bucket) >> PRECISION_BITS) - 1, 0)
    return (int(bucket) - (shift << PRECISION_BITS)) << shift


@compiled
def bucket_high(bucket: int) -> int:
    """Largest value that *bucket* holds."""
    return bucket_low(int(bucket) + 1) - 1


@compiled
def percentile_of(counts: NDArray[np.int64], percent: float) -> float:
    """Middle of the bucket that holds the value of rank ceil(percent / 100 x count), counted from 1.

    *counts* has BUCKETS elements, int32 or int64. NaN if nothing was recorded. The exact value of that rank
    (`numpy.percentile(..., method="inverted_cdf")`) lies in the same bucket, hence within 0.4 %.
    """
    recorded = np.int64(0)
    for bucket in range(counts.size):
        recorded += counts[bucket]
    if recorded == 0:
        return np.nan
    # rounded before the ceiling: 99.9 % of 1,000 is rank 999, not 1,000 by an error in the last bit
    rank = max(math.ceil(round(percent * recorded / 100.0, 6)), 1)
    seen = np.int64(0)
    bucket = -1
    while seen < rank:
        bucket += 1
        seen += counts[bucket]
    return (bucket_low(bucket) + bucket_high(bucket)) / 2


@dataclass(frozen=True, eq=False)
class LogHistogram:
    """What was recorded, as a value: *counts* per bucket (shape (BUCKETS,)), the exact *total* of all values.

    Histograms add with `+`. The counts are copied and made read-only. ValueError if the counts are negative,
    of another shape, or cannot have the stated total (a value was negative, or too large for the range).
    """

    counts: NDArray[np.int64]
    total: int

    def __post_init__(self) -> None:
        given = np.asarray(self.counts)
        if given.shape != (BUCKETS,) or given.dtype.kind not in "iu":
            raise ValueError(f"counts must be {BUCKETS} integers, not {given.dtype} of shape {given.shape}")
        counts = given.astype(np.int64)
        if counts.min() < 0:
            raise ValueError(f"counts must not be negative, but bucket {int(counts.argmin())} holds {counts.min()}")
        counts.flags.writeable = False
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "total", int(self.total))
        # Python integers: products of counts and 2**47 do not fit in 64 bits
        held = [(int(counts[b]), bucket_low(b), bucket_high(b)) for b in np.flatnonzero(counts).tolist()]
        least, most = sum(n * low for n, low, _ in held), sum(n * high for n, _, high in held)
        if not least <= self.total <= most:
            raise ValueError(f"the counts allow a total from {least} to {most}, not {self.total}")

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> LogHistogram:
        """The histogram of an array of integers. ValueError if one lies outside 0 to 2**47 - 1."""
        given = np.asarray(values).ravel()
        if given.dtype.kind not in "iu":
            raise ValueError(f"values must be integers, not {given.dtype}")
        counts = np.zeros(BUCKETS, np.int64)
        _record(counts, given.astype(np.int64))
        return cls(counts, sum(given.tolist()))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LogHistogram:
        """The inverse of `to_json`. ValueError if *document* is not what that writes."""
        if not isinstance(document, Mapping) or set(document) != _STORED_KEYS:
            raise ValueError(f"a stored histogram has the keys {', '.join(sorted(_STORED_KEYS))}")
        if document["precision_bits"] != PRECISION_BITS:
            raise ValueError(f"precision_bits is {document['precision_bits']!r}; must be {PRECISION_BITS}")
        buckets, held, total = document["buckets"], document["counts"], document["total"]
        if not (_are_counts(buckets) and _are_counts(held) and type(total) is int):
            raise ValueError("buckets and counts of a stored histogram are lists of int64, total is an integer")
        ordered = all(a < b for a, b in zip([-1, *buckets], [*buckets, BUCKETS], strict=True))
        if len(buckets) != len(held) or not ordered:
            raise ValueError(f"buckets of a stored histogram must ascend from 0 to {BUCKETS - 1}, one count each")
        counts = np.zeros(BUCKETS, np.int64)
        counts[np.array(buckets, np.int64)] = np.array(held, np.int64)
        return cls(counts, total)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and lists, only buckets that hold something: for a JSON file."""
        buckets = np.flatnonzero(self.counts)
        return {
            "precision_bits": PRECISION_BITS,
            "buckets": buckets.tolist(),
            "counts": self.counts[buckets].tolist(),
            "total": self.total,
        }

    @cached_property
    def count(self) -> int:
        """How many values were recorded."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Exact mean of the values recorded (not of the buckets); NaN if there are none."""
        return self.total / self.count if self.count else math.nan

    def percentile(self, percent: float) -> float:
        """As `percentile_of`, in the unit of the values. ValueError unless 0 <= percent <= 100."""
        if not 0 <= percent <= 100:
            raise ValueError(f"percent ({percent}) must be from 0 to 100")
        return percentile_of(self.counts, float(percent))

    def __add__(self, other: LogHistogram) -> LogHistogram:
        if not isinstance(other, LogHistogram):
            return NotImplemented
        return LogHistogram(self.counts + other.counts, self.total + other.total)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LogHistogram):
            return NotImplemented
        return self.total == other.total and np.array_equal(self.counts, other.counts)

    def __reduce__(self) -> tuple[type[LogHistogram], tuple[NDArray[np.int64], int]]:
        # a pickled array would come back writeable
        return type(self), (self.counts, self.total)

    __hash__ = None  # type: ignore[assignment]


@compiled
def _record(counts: NDArray[np.int64], values: NDArray[np.int64]) -> None:
    for i in range(values.size):
        counts[bucket_of(values[i])] += 1


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)
