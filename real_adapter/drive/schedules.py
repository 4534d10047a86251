"""When requests are due, in ns from the start of a load (int64[n], ascending): fixed before it begins."""

import math

import numpy as np
from numpy.typing import NDArray

from models.plan.arrivals import exponential_quantile
from models.vocabulary.units import SECOND
from sim.draws import stream_starts, uniforms

Times = NDArray[np.int64]


def poisson_ns(rate_rps: float, duration_s: float, seed: int) -> Times:
    """Return the arrivals of a Poisson process of *rate_rps* within *duration_s*.

    The same seed gives the same gaps at any rate, in proportion.
    """
    if not (rate_rps > 0 and duration_s > 0):
        raise ValueError(f"rate_rps ({rate_rps}) and duration_s ({duration_s}) must be greater than 0")
    expected = rate_rps * duration_s
    # eight standard deviations more than is expected: short once in 10**15 times
    drawn = uniforms(stream_starts(seed, 1)[0], math.ceil(expected + 8 * math.sqrt(expected) + 32))
    arrivals_s = np.cumsum(exponential_quantile(drawn, 1 / rate_rps))
    return np.rint(arrivals_s[arrivals_s < duration_s] * SECOND).astype(np.int64)


def bursts_ns(together: int, every_s: float, duration_s: float) -> Times:
    """Return *together* requests at the same instant, from the start on *every_s* within *duration_s*."""
    if together < 1 or not (every_s > 0 and duration_s > 0):
        raise ValueError(f"together ({together}) must be at least 1, every_s ({every_s}) and duration_s greater than 0")
    instants_s = np.arange(math.ceil(duration_s / every_s)) * every_s
    return np.repeat(np.rint(instants_s * SECOND).astype(np.int64), together)
