"""A profile for a server that only its telemetry tells of: the same costs, all times one factor.

Each minute's CPU is predicted by the mechanism itself: the engine thread (`models.redis_costs.engine_thread.replay`)
under Poisson arrivals at the minute's rate, each with the minute's mean work, by the costs of a given profile times a
factor. The factor is that of least squares on the logarithms, robust (soft_l1), so that a minute of something else does
not pull. It scales what is CPU time: wake-up, pass, I/O, scripts, commands, replicas, and the work that warms the
caches. What is time or a ratio stays: how long caches last, how late the thread wakes, how much slower it is when they
are cold.

Intervals are a bootstrap over minutes in blocks, as one minute is much like the next (Künsch 1989; blocks of the cube
root of their number, Hall, Horowitz and Jing 1995). One factor is enough if what it leaves over does not go with the
rate: the trend is what a straight line through the residuals, over the logarithm of the rate, rises by.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import least_squares

from models.redis_costs.engine_thread import EngineThread, replay
from models.redis_costs.profile import Profile
from real_adapter.telemetry.load import Calls, Load
from real_adapter.telemetry.minutes import LEAST_MINUTES, Telemetry, Vector
from sim.errors import BadInput
from sim.estimate import Estimate

MOST_FACTOR = 30.0
"""Processors differ less; a larger factor is the telemetry of something else than the profile's requests."""
FAR_OFF = 2.0
"""Where half of the minutes are off by more than this factor, it is not the one that was looked for."""
COARSE, FINE = 13, 7
FINE_SPAN = 1.5
"""The second set of factors goes from the first one's best by this much down and up."""
MOST_REQUESTS, LEAST_REQUESTS = 20_000, 2_000
REPLAYED = 40_000_000
"""Requests replayed in all, at most, but for the least of each: some seconds."""
GROUPS, GROUP_FACTORS, GROUPS_REPLAYED = 24, 5, 480_000
"""For each draw of a profile, of which there are a hundred."""
ALIKE = 0.005
"""Minutes whose rate and work differ by less are replayed as one."""
SATURATED = 0.99
"""A thread that is always busy tells only a bound of its costs."""
OUTLIER = 0.1
"""Residuals above this, of logarithms, count by their size instead of its square."""
RESAMPLES = 200
SEED = 1
ONE_RATE = 1.1
"""Rates that differ by less show one point of the curve."""
NEGLIGIBLE = 0.02
"""A trend below this is within what the mechanism itself is known to (profiles' own residuals are larger)."""
FOLDS = 10
LEAST_RPS = 1 / 60
"""One request a minute: below that it is the server's own timer that is seen."""
MOST_REQUEST_US = 1e6


@dataclass(frozen=True, eq=False)
class Scale:
    """The factor, and what it leaves over.

    `draws` float64[RESAMPLES] of the factor; by minute used, float64[n]: `rate_rps`, `measured_us` and `fitted_us` of
    CPU per request, `sleeps` per request. Errors in percent, `left_out_percent` that of blocks that the fit was not
    shown. `trend_percent`: what the residual rises by from the lowest rate to the highest. `used` bool[minutes of the
    telemetry]; `dropped` counts the others, by reason.
    """

    factor: Estimate
    draws: Vector
    rate_rps: Vector
    measured_us: Vector
    fitted_us: Vector
    sleeps: Vector
    trend_percent: Estimate
    left_out_percent: float
    used: NDArray[np.bool_]
    dropped: Mapping[str, int]

    @property
    def residuals_percent(self) -> Vector:
        """Fitted over measured, less 100 %, of each minute."""
        return 100 * (self.fitted_us / self.measured_us - 1)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the telemetry does not show, or one factor does not hold: a line for each."""
        lines = []
        low, high = self.rate_rps.min(), self.rate_rps.max()
        if high < ONE_RATE * low:
            lines.append(f"the rate was {low:,.0f} to {high:,.0f}/s: one point, so nothing tells how it does at others")
        trend = self.trend_percent
        assert trend.low is not None
        assert trend.high is not None
        if trend.excludes(0) and abs(trend.best) > 100 * NEGLIGIBLE:
            what = f"the residual changes by {trend.best:+.0f} % from the lowest rate to the highest"
            lines.append(f"{what}: one factor is not enough")
        return tuple(lines)


def fit_scale(profile: Profile, telemetry: Telemetry, calls: Calls) -> Scale:
    """Return the factor for *profile* by *telemetry*, whose calls are *calls*.

    BadInput if fewer than 5 minutes tell anything, or no factor from 1/30 to 30 fits.
    """
    load = calls.load(profile)
    idle = (load.rate_rps < LEAST_RPS) | (telemetry.cpu <= 0)
    full = ~idle & (telemetry.cpu >= SATURATED)
    used = ~idle & ~full
    dropped = {**telemetry.dropped, "idle": int(idle.sum()), "saturated": int(full.sum())}
    if used.sum() < LEAST_MINUTES:
        told = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
        raise BadInput(f"{telemetry.source}: {used.sum()} minutes to fit to ({told}); allowed: {LEAST_MINUTES} or more")
    load = Load(load.rate_rps[used], load.request_us[used])
    if load.request_us.max() > MOST_REQUEST_US:
        raise BadInput(f"{telemetry.source}: {load.request_us.max() / 1e6:.3g} s of work in a request; allowed: 1 s")
    measured = np.log(telemetry.cpu[used])
    thread = calls.thread(profile)
    search = _Prediction(thread, load, np.geomspace(1 / MOST_FACTOR, MOST_FACTOR, COARSE))
    near = search.fit(measured)
    # where the thread would be busy all the time whatever the factor, none is better than another
    beside = float(np.median(np.abs(search.log_cpu(near) - measured)))
    if abs(near) > math.log(MOST_FACTOR) * 0.99 or beside > math.log(FAR_OFF):
        what = f"no factor from 1/30 to 30 on profile {profile.name} gives this CPU"
        raise BadInput(f"{telemetry.source}: {what}; check what the requests are")
    around = np.geomspace(1 / FINE_SPAN, FINE_SPAN, FINE) * math.exp(near)
    return _scale(_Prediction(thread, load, around), measured, load, used, dropped)


def relative_factors(
    profile: Profile, drawn: Sequence[Profile], telemetry: Telemetry, calls: Calls, scale: Scale
) -> Vector:
    """Return float64[len(drawn)]: what the factor is for each of *drawn* profiles, over that for *profile*.

    Some groups of minutes of like rates stand for all of them: both factors are of the same groups.
    """
    order = np.flatnonzero(scale.used)[np.argsort(scale.rate_rps, kind="stable")]
    groups = np.array_split(order, min(GROUPS, order.size))
    measured = np.array([np.log(telemetry.cpu[group]).mean() for group in groups])
    around = np.geomspace(0.4, 2.5, GROUP_FACTORS) * scale.factor.best

    def fitted(one: Profile) -> float:
        load = calls.load(one)
        means = Load(*(np.array([part[group].mean() for group in groups]) for part in load))
        return _Prediction(calls.thread(one), means, around, GROUPS_REPLAYED).fit(measured)

    best = fitted(profile)
    return np.exp(np.array([fitted(one) for one in drawn]) - best)


def scaled_thread(thread: EngineThread, factor: float) -> EngineThread:
    """Return *thread* with all that is CPU time times *factor*."""
    costs = {
        name: round(getattr(thread, name) * factor)
        for name in ("wake_warm", "wake_cold", "per_pass", "request_warm", "garbage")
    }
    return thread._replace(**costs, rewarm=max(1, round(thread.rewarm * factor)))


class _Prediction:
    """The logarithm of each minute's CPU as a function of the factor's, between *factors* that have been replayed."""

    def __init__(self, thread: EngineThread, load: Load, factors: Vector, in_all: int = REPLAYED) -> None:
        rounded = np.column_stack([np.round(np.log(np.maximum(part, 1e-9)) / ALIKE) for part in load])
        _, first, self._kind = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
        kinds = Load(load.rate_rps[first], load.request_us[first])
        requests = int(np.clip(in_all / (first.size * factors.size), LEAST_REQUESTS, MOST_REQUESTS))
        replayed = np.array([_replayed(scaled_thread(thread, f), kinds, f, requests) for f in factors])
        self._low, self._high = np.log(factors[[0, -1]])
        self._cpu = PchipInterpolator(np.log(factors), np.log(replayed[:, 0]))
        self._sleeps = PchipInterpolator(np.log(factors), replayed[:, 1])

    def log_cpu(self, x: float) -> Vector:
        """Return float64[n] at the factor exp(*x*)."""
        cpu: Vector = self._cpu(x)[self._kind.ravel()]
        return cpu

    def sleeps(self, x: float) -> Vector:
        """Return float64[n]: sleeps per request."""
        sleeps: Vector = self._sleeps(x)[self._kind.ravel()]
        return sleeps

    def fit(self, measured: Vector, chosen: NDArray[np.int64] | slice = slice(None)) -> float:
        """Return the logarithm of the factor for the *chosen* minutes, with repetition."""

        def residuals(x: Vector) -> Vector:
            return (self.log_cpu(float(x[0])) - measured)[chosen]

        middle = (self._low + self._high) / 2
        found = least_squares(residuals, [middle], bounds=(self._low, self._high), loss="soft_l1", f_scale=OUTLIER)
        return float(found.x[0])


def _replayed(thread: EngineThread, load: Load, factor: float, requests: int) -> tuple[Vector, Vector]:
    """Return CPU as a share and sleeps per request of each load, its work times *factor*."""
    # shuffled quantiles, as in `curve_fit`: gaps that have exactly their distribution leave less of a sampling error
    quantiles = (np.arange(requests) + 0.5) / requests
    unit = np.cumsum(np.random.Generator(np.random.PCG64(SEED)).permutation(-np.log1p(-quantiles)))
    cpu, sleeps = np.empty(load.rate_rps.size), np.empty(load.rate_rps.size)
    for i, (rate_rps, request_us) in enumerate(zip(*load, strict=True)):
        request_ns = np.full(requests, round(request_us * factor * 1e3), np.int64)
        busy_ns, slept, _, departures_ns = replay(np.rint(unit * (1e9 / rate_rps)).astype(np.int64), request_ns, thread)
        cpu[i], sleeps[i] = max(busy_ns, 1) / departures_ns[-1], slept / requests
    return cpu, sleeps


def _scale(
    prediction: _Prediction, measured: Vector, load: Load, used: NDArray[np.bool_], dropped: Mapping[str, int]
) -> Scale:
    best = prediction.fit(measured)
    generator = np.random.Generator(np.random.PCG64(SEED))
    log_rate = np.log(load.rate_rps)
    draws, trends = np.empty(RESAMPLES), np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        chosen = _blocks(measured.size, generator)
        draws[i] = prediction.fit(measured, chosen)
        trends[i] = _trend(log_rate, prediction.log_cpu(draws[i]) - measured, chosen)
    fitted = prediction.log_cpu(best)
    everything = np.arange(measured.size)
    left_out = np.empty(measured.size)
    for fold in np.array_split(everything, min(FOLDS, measured.size)):
        others = prediction.fit(measured, np.setdiff1d(everything, fold))
        left_out[fold] = prediction.log_cpu(others)[fold]
    return Scale(
        factor=_estimate(math.exp(best), np.exp(draws), measured.size),
        draws=np.exp(draws),
        rate_rps=load.rate_rps,
        measured_us=1e6 * np.exp(measured) / load.rate_rps,
        fitted_us=1e6 * np.exp(fitted) / load.rate_rps,
        sleeps=prediction.sleeps(best),
        trend_percent=_estimate(100 * _trend(log_rate, fitted - measured, everything), 100 * trends, measured.size),
        left_out_percent=100 * float(np.abs(np.expm1(left_out - measured)).mean()),
        used=used,
        dropped=dropped,
    )


def _blocks(size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return int64[size]: minutes drawn anew in blocks; the last one is followed by the first."""
    length = math.ceil(size ** (1 / 3))
    starts = generator.integers(0, size, math.ceil(size / length))
    return ((starts[:, None] + np.arange(length)) % size).ravel()[:size]


def _trend(log_rate: Vector, residuals: Vector, chosen: NDArray[np.int64]) -> float:
    """Return by how much the straight line through the *chosen* residuals rises over all rates."""
    spread = log_rate[chosen] - log_rate[chosen].mean()
    if not spread.any():
        return 0.0
    return float(spread @ residuals[chosen] / (spread @ spread) * np.ptp(log_rate))


def _estimate(best: float, draws: Vector, minutes: int) -> Estimate:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(min(float(low), best), best, max(float(high), best), minutes)
