"""When requests are due, in ns from the start of a load (int64[n], ascending): fixed before it begins."""

import math

import numpy as np
from numpy.typing import NDArray

from models.arrivals import exponential_quantile
from models.columns import read_column
from models.scenario.messages import shown
from models.units import MILLISECOND, SECOND
from sim.draws import stream_starts, uniforms
from sim.errors import BadInput

Times = NDArray[np.int64]

UNITS_NS = {"_s": SECOND, "_ms": MILLISECOND, "_us": 1_000, "_ns": 1}
"""The end of a column's name, and what it stands for."""
LONGEST_S = 86_400.0
"""Of a recorded schedule: a day."""


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


def recorded_ns(file: str, column: str) -> Times:
    """Return the times in a *column* of a CSV or Parquet file, whose name ends with its unit: _s, _ms, _us or _ns.

    BadInput, naming the row, unless they are finite, ascending and from 0 to a day.
    """
    unit = next((end for end in UNITS_NS if column.endswith(end)), None)
    if unit is None:
        raise BadInput(f"schedule: column {shown(column)} must end with its unit, one of {', '.join(UNITS_NS)}")
    times = read_column(file, column, "schedule")
    most = LONGEST_S * SECOND / UNITS_NS[unit]
    wrong = ~((times >= 0) & (times <= most))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInput(f"schedule: {shown(column)} is {times[row]:g} in row {row + 1}; must be 0 to {most:g}")
    falls = np.flatnonzero(np.diff(times) < 0)
    if falls.size:
        row = int(falls[0]) + 1
        raise BadInput(f"schedule: {shown(column)} falls to {times[row]:g} in row {row + 1}; must be ascending")
    return np.rint(times * UNITS_NS[unit]).astype(np.int64)
