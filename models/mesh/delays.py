"""The delay that proxies add to a call: a lognormal, told by two percentiles or by what latencies become with it.

Published benchmarks give the percentiles of what is added. A system that was measured with and without a mesh gives
percentiles of two sums: what is added then follows if it is independent of the rest.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root
from scipy.special import ndtr, ndtri

P50, P90, P99 = 0.5, 0.9, 0.99
_CELLS = 20_000
_MIDDLES = (np.arange(_CELLS) + 0.5) / _CELLS
_NEVER = 1e-9


class Delay(NamedTuple):
    """A lognormal delay: its median in ms, and the standard deviation of its logarithm."""

    median_ms: float
    sigma: float

    def at(self, share: float) -> float:
        """Return the quantile of a *share* between 0 and 1, ms."""
        return float(self.median_ms * np.exp(self.sigma * ndtri(share)))


class Percentiles(NamedTuple):
    """What half of all requests, and what 99 % of them, do not exceed, ms."""

    p50_ms: float
    p99_ms: float


def through(low_share: float, low_ms: float, high_share: float, high_ms: float) -> Delay:
    """Return the lognormal with these two quantiles. ValueError if they are not above 0 or not in order."""
    if not 0 < low_ms <= high_ms or not 0 < low_share < high_share < 1:
        raise ValueError(f"no lognormal has {low_ms} ms at {low_share} and {high_ms} ms at {high_share}")
    sigma = float(np.log(high_ms / low_ms) / (ndtri(high_share) - ndtri(low_share)))
    return Delay(float(low_ms * np.exp(-sigma * ndtri(low_share))), sigma)


@cache
def added(plain: Percentiles, meshed: Percentiles) -> Delay:
    """Return the independent lognormal that turns a lognormal latency *plain* into one with the percentiles *meshed*.

    ValueError if there is none: both must be larger, and p99 by enough.
    """
    base = through(P50, plain.p50_ms, P99, plain.p99_ms)
    spread = base.median_ms * np.exp(base.sigma * ndtri(_MIDDLES))

    def off(logs: NDArray[np.float64]) -> list[float]:
        found = Delay(float(np.exp(logs[0])), float(np.exp(logs[1])))
        shares = (_share_within(limit, spread, found) for limit in meshed)
        return [float(ndtri(share) - ndtri(wanted)) for share, wanted in zip(shares, (P50, P99), strict=True)]

    more = meshed.p50_ms - plain.p50_ms
    if more <= 0 or meshed.p99_ms <= plain.p99_ms:
        raise ValueError(f"a delay cannot turn {plain} into {meshed}")
    found = root(off, [np.log(more), 0.0])
    if not found.success or max(map(abs, found.fun)) > 1e-6:
        raise ValueError(f"no independent lognormal turns {plain} into {meshed}")
    return Delay(float(np.exp(found.x[0])), float(np.exp(found.x[1])))


def _share_within(limit_ms: float, spread: NDArray[np.float64], delay: Delay) -> float:
    """Return the share of sums of a value of *spread*, equally likely each, and a *delay* that are within a limit."""
    left = limit_ms - spread[spread < limit_ms]
    share = float(ndtr((np.log(left) - np.log(delay.median_ms)) / delay.sigma).sum()) / spread.size
    return min(max(share, _NEVER), 1 - _NEVER)
