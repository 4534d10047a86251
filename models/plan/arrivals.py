"""When each client arrives: the inverse distribution functions of the arrival profiles.

Nothing is drawn here. The caller gives one uniform number per client, so the same client arrives at the same
quantile whatever else the scenario changes.
"""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.documents.csv_column import read_times_s
from models.documents.text import shown
from models.scenario.arrival import (
    ExponentialArrival,
    PiecewiseArrival,
    RushArrival,
    TraceArrival,
    UniformArrival,
    WeibullArrival,
)
from models.scenario.clients import Bots, Clients
from models.vocabulary.units import SECOND
from sim.errors import BadInput

Floats = NDArray[np.float64]

#: Later than any run ends (a run is a day at most); keeps the tail of a wide lognormal within 64 bits.
LATEST_S = 1e6


def arrival_times_ns(clients: Clients, opens_at_s: float, u: Floats, bot: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the arrival of every client in ns from the start of the run, LATEST_S at most.

    `u` (uniform in [0, 1)) and `bot` have one entry per client. Profiles count from `opens_at_s`, except a
    trace, whose times are those of the run, or of the clock and count from the first: its i-th earliest row is client
    i. In a rush a bot reacts as `clients.bots` says; otherwise bots arrive like everybody. Raises BadInput for an
    unusable trace.
    """
    arrival = clients.arrival
    if isinstance(arrival, TraceArrival):
        return _nanoseconds(_recorded(arrival, len(u)))
    if isinstance(arrival, RushArrival):
        delay_s = np.where(bot, _bot_reaction(clients.bots, u), _rush(arrival, u))
    elif isinstance(arrival, UniformArrival):
        delay_s = u * arrival.over_s
    elif isinstance(arrival, ExponentialArrival):
        delay_s = exponential_quantile(u, arrival.mean_s)
    elif isinstance(arrival, WeibullArrival):
        delay_s = weibull_quantile(u, arrival.shape, arrival.scale_s)
    elif isinstance(arrival, PiecewiseArrival):
        delay_s = piecewise_quantile(u, arrival.points)
    else:
        assert_never(arrival)
    return _nanoseconds(opens_at_s + delay_s)


def lognormal_quantile(u: Floats, median: float, sigma: float) -> Floats:
    """Return the quantiles `u` of a lognormal; sigma 0 is the constant `median`."""
    if sigma == 0:
        return np.full_like(u, median)
    return np.asarray(median * np.exp(sigma * ndtri(u)))


def exponential_quantile(u: Floats, mean: float) -> Floats:
    """Return the quantiles `u` of an exponential distribution."""
    return -mean * np.log1p(-u)


def weibull_quantile(u: Floats, shape: float, scale: float) -> Floats:
    """Return the quantiles `u` of a Weibull distribution: scale x (-ln(1 - u))^(1 / shape)."""
    return np.asarray(scale * (-np.log1p(-u)) ** (1 / shape))


def piecewise_quantile(u: Floats, points: Sequence[tuple[float, float]]) -> Floats:
    """Return the quantiles `u` of the distribution whose density is proportional to a piecewise-linear rate.

    `points` are (time, rate), times ascending, rates not negative and not all 0. Within a segment the count
    after x seconds is a = r x + s x^2 / 2, hence x = 2 a / (r + sqrt(r^2 + 2 s a)), which does not divide by
    the slope s, as that may be 0.
    """
    time, rate = np.asarray(points, dtype=np.float64).T
    length = np.diff(time)
    area = np.concatenate(([0.0], np.cumsum(length * (rate[:-1] + rate[1:]) / 2)))
    target = u * area[-1]
    # side="right": at the end of a segment go on to the next one with an area, past any pause
    segment = np.clip(np.searchsorted(area, target, side="right") - 1, 0, len(length) - 1)
    r, s = rate[segment], (np.diff(rate) / length)[segment]
    a = target - area[segment]
    root = r + np.sqrt(np.maximum(r * r + 2 * s * a, 0))
    x = np.divide(2 * a, root, out=np.zeros_like(a), where=root > 0)
    return np.asarray(time[segment] + np.minimum(x, length[segment]))


def _rush(arrival: RushArrival, u: Floats) -> Floats:
    """Return the delays of people: below waiting_share they react, above it they come late."""
    waits = u < arrival.waiting_share
    # the part of u on its side of the share is uniform again
    share = arrival.waiting_share
    reacting = np.divide(u, share, out=np.zeros_like(u), where=waits)
    late = np.divide(u - share, 1 - share, out=np.zeros_like(u), where=~waits)
    reaction_s = lognormal_quantile(reacting, arrival.reaction_median_s, arrival.reaction_sigma)
    return np.where(waits, reaction_s, exponential_quantile(late, arrival.late_mean_s))


def _bot_reaction(bots: Bots, u: Floats) -> Floats:
    return lognormal_quantile(u, bots.reaction_median_s, bots.reaction_sigma)


def _nanoseconds(seconds: Floats) -> NDArray[np.int64]:
    return np.rint(np.minimum(seconds, LATEST_S) * SECOND).astype(np.int64)


def _recorded(trace: TraceArrival, count: int) -> Floats:
    """Return the first `count` arrivals of the trace, in order of time."""
    path = "clients.arrival.file"
    times = read_times_s(trace.file, trace.column, path)
    if len(times) < count:
        raise BadInput(f"{path}: has {len(times):,} rows; must have one for each of clients.count = {count:,}")
    wrong = np.flatnonzero(~(np.isfinite(times) & (times >= 0) & (times <= LATEST_S)))
    if len(wrong):
        value = times[wrong[0]]
        raise BadInput(f"{path}: {shown(trace.column)} is {value:g} in row {wrong[0] + 1}; must be 0 to {LATEST_S:g}")
    return np.sort(times)[:count]
