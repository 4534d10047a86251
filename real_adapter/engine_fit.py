"""The engine thread's costs from many measured windows at once: the mechanism of `sim.engine_thread`, by least squares.

A request is *work*: so much I/O, a script or none, and Redis calls with their elements and levels (`models.commands`).
Its cost b is linear in the costs that are sought. What a window shows is not b but what the event loop makes of it, so
each case is replayed through the engine thread itself, with the mean b: Poisson arrivals, bursts, or for a closed loop
that saturates the thread simply b and its share of a pass.

Fitted are the logarithms of CPU per request and, with Poisson arrivals, of the median latency and of the passes per
request (where the server counts them), which tell how late the thread wakes; so a window counts by its relative error
whatever its load. Sleeps per request are never fitted: they are for the reader to compare. The derivative with respect
to a cost is that with respect to b times the work.

Intervals are a bootstrap over windows within each case, each draw one Gauss-Newton step from the fit (a one-step
bootstrap: Davison and Hinkley 1997, section 2.9), so that costs which cannot be told apart move together in the draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from real_adapter.cases import Load
from sim.engine_thread import EngineThread, replay

Vector = NDArray[np.float64]

LOOP = {
    "engine.wake_delay_us": 10.0,
    "engine.pass_us": 2.0,
    "engine.near_slow": 2.0,
    "engine.near_lost_us": 500.0,
    "engine.far_slow": 10.0,
    "engine.far_lost_us": 50_000.0,
    "engine.rewarm_us": 100.0,
}
"""What the loop costs, and where the fit begins. An order of magnitude, as a first measurement gave it."""
PATH = "path_us"
"""The way between driver and server and back, outside the engine thread."""
START_PATH_US, START_COST_US = 15.0, 1.0
BOUNDS = {name: (value / 300, value * 300) for name, value in LOOP.items()}
LEAST, MOST = 1e-3, 1e4
"""Bounds of all other costs, us: a logarithm is never of nothing, and a cost that is nothing shows as the least."""
LOOSENESS = 1.5
"""The standard deviation, in natural logarithms, of a weak prior about the start of the loop's costs and 1 us."""
REPLAYED = 6000
LATENCY_WEIGHT = PASSES_WEIGHT = 0.4
STEP = 0.02
ROBUST_FROM = 0.03
"""Residuals above 3 % count less (soft L1): beyond that it goes by medians, as disturbed windows are all dearer."""


@dataclass(frozen=True)
class Observation:
    """One window of a case: `work` counts per request what each cost (dotted path into a profile) is charged for.

    `cpu_us` engine CPU per request, `p50_us` the median latency; `sleeps` and `loops` per request, None if not counted.
    """

    case: str
    load: Load
    work: dict[str, float]
    cpu_us: float
    p50_us: float
    sleeps: float | None = None
    loops: float | None = None


@dataclass(frozen=True, eq=False)
class EngineFit:
    """Fitted costs by dotted path (`names`), `draws` float64[B, P] of them jointly, and what came out for each case."""

    names: tuple[str, ...]
    best: Vector
    draws: Vector
    cases: tuple[str, ...]
    cpu_us: Vector
    sleeps: Vector
    p50_us: Vector
    covariance: Vector
    gradients: Vector

    def value(self, name: str) -> float:
        """Return a fitted cost by its path."""
        return float(self.best[self.names.index(name)])

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a cost."""
        low, high = np.percentile(self.draws[:, self.names.index(name)], [2.5, 97.5])
        return float(min(low, self.value(name))), float(max(high, self.value(name)))


class _Problem:
    """Windows by case, so that a fit replays each case once whatever the number of its windows."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        firsts = {o.case: o for o in observations}
        self.cases = tuple(firsts)
        self.loads = [o.load for o in firsts.values()]
        self.number = np.array([self.cases.index(o.case) for o in observations])
        self.costs = tuple(sorted({name for o in firsts.values() for name in o.work}))
        self.names = (*LOOP, PATH, *self.costs)
        self.work = np.array([[o.work.get(name, 0.0) for name in self.costs] for o in firsts.values()])
        loops = [[o.loops for o in observations if o.case == case and o.loops is not None] for case in self.cases]
        self.loops = [float(np.median(found)) if found else None for found in loops]
        self.open = np.array([load.rate_rps is not None and load.together == 1 for load in self.loads])
        self.log_cpu = np.log([o.cpu_us for o in observations])
        self.log_p50 = np.log([o.p50_us for o in observations])
        self.log_loops = np.log([o.loops or 1.0 for o in observations])
        counted = np.array([o.loops is not None for o in observations])
        self.weight_p50 = LATENCY_WEIGHT * self.open[self.number]
        self.weight_loops = PASSES_WEIGHT * (self.open[self.number] & counted)
        first = len(LOOP) + 1
        start = [*LOOP.values(), START_PATH_US, *np.full(len(self.costs), START_COST_US)]
        self.start = np.log(start)
        low = [*(low for low, _ in BOUNDS.values()), *np.full(len(start) - first + 1, LEAST)]
        high = [*(high for _, high in BOUNDS.values()), *np.full(len(start) - first + 1, MOST)]
        self.bounds = np.log(low), np.log(high)
        rng = np.random.default_rng(1)
        # shuffled quantiles: the gaps have exactly their distribution, and every case the same ones
        gaps = -np.log1p(-rng.permutation((np.arange(REPLAYED) + 0.5) / REPLAYED))
        self.unit_arrivals = np.cumsum(gaps)

    def predicted(self, logs: Vector) -> Vector:
        """Return float64[4, cases]: CPU in us, passes, median latency in us, and sleeps, per request."""
        values = np.exp(logs)
        b = self.work @ values[len(LOOP) + 1 :]
        return np.array([self._case(k, b[k], values) for k in range(len(self.cases))]).T

    def jacobian(self, logs: Vector) -> Vector:
        """Return float64[3, cases, parameters]: derivatives of the logarithms of CPU, passes and latency."""
        first, values = len(LOOP) + 1, np.exp(logs)
        cost = self.work @ values[first:]
        base = np.log(self.predicted(logs)[:3])
        found = np.zeros((3, len(self.cases), logs.size))
        for j in range(first):
            moved = logs.copy()
            moved[j] += STEP
            found[:, :, j] = (np.log(self.predicted(moved)[:3]) - base) / STEP
        dearer = logs.copy()
        dearer[first:] += STEP  # all costs at once: b grows by as much
        by_cost = (np.log(self.predicted(dearer)[:3]) - base) / STEP
        shares = self.work * values[first:] / cost[:, None]
        found[:, :, first:] = by_cost[:, :, None] * shares[None]
        return found

    def _case(self, k: int, b: float, values: Vector) -> tuple[float, float, float, float]:
        delay, per_pass, near_slow, near_lost, far_slow, far_lost, rewarm, path = values[: len(LOOP) + 1]
        load = self.loads[k]
        if load.rate_rps is None:
            counted = self.loops[k]
            loops = 1 / load.users if counted is None else counted
            return b + per_pass * loops, loops, path, 0.0
        thread = EngineThread(
            0, 0, 1, round(delay * 1e3), round(per_pass * 1e3), near_slow, max(1, round(near_lost * 1e3)),
            far_slow, max(1, round(far_lost * 1e3)), max(1, round(rewarm * 1e3)),
        )  # fmt: skip
        if load.together > 1:
            instants = 1 + np.arange(100) * (load.together / load.rate_rps * 1e9)
            arrivals = np.repeat(np.rint(instants).astype(np.int64), load.together)
        else:
            arrivals = np.rint(self.unit_arrivals[: max(1000, min(REPLAYED, int(load.rate_rps)))] / load.rate_rps * 1e9)
        arrivals = arrivals.astype(np.int64)
        busy, sleeps, passes, departures = replay(arrivals, np.full(arrivals.size, round(b * 1e3)), thread)
        latency = float(np.median(departures - arrivals)) / 1e3 + path
        return busy / arrivals.size / 1e3, passes / arrivals.size, latency, sleeps / arrivals.size

    def residuals(self, logs: Vector, chosen: NDArray[np.int64] | None = None) -> Vector:
        """Return the residuals of all windows, or of those *chosen* in their places, then those of the prior."""
        at = np.arange(self.number.size) if chosen is None else chosen
        cpu, loops, p50 = np.log(self.predicted(logs)[:3])[:, self.number]
        return np.concatenate(
            [
                cpu - self.log_cpu[at],
                self.weight_loops * (loops - self.log_loops[at]),
                self.weight_p50 * (p50 - self.log_p50[at]),
                (logs - self.start) * self._prior,
            ]
        )

    def derivatives(self, logs: Vector) -> Vector:
        """Return the Jacobian of `residuals`."""
        cpu, loops, p50 = self.jacobian(logs)[:, self.number]
        weighed = [cpu, self.weight_loops[:, None] * loops, self.weight_p50[:, None] * p50]
        return np.concatenate([*weighed, np.eye(logs.size) * self._prior])

    @property
    def _prior(self) -> float:
        """The weight of the prior: beside windows that repeat to some 5 %, a standard deviation of `LOOSENESS`."""
        return 0.05 / LOOSENESS


def fit_engine(observations: Sequence[Observation], draws: int = 100, seed: int = 1) -> EngineFit:
    """Fit all costs to *observations*, with *draws* of the bootstrap. ValueError if there are none."""
    if not observations:
        raise ValueError("there is no window to fit to")
    problem = _Problem(observations)
    found = least_squares(
        problem.residuals,
        problem.start,
        jac=problem.derivatives,
        bounds=problem.bounds,
        loss="soft_l1",
        f_scale=ROBUST_FROM,
        x_scale="jac",
        max_nfev=60,
    )
    best = found.x
    slopes = problem.derivatives(best)
    left = problem.residuals(best)
    weight: Vector = 1 / np.sqrt(1 + (left / ROBUST_FROM) ** 2)
    inverse = np.asarray(np.linalg.pinv(slopes.T @ (slopes * weight[:, None])), np.float64)
    drawn = _bootstrap(problem, best, slopes, weight, inverse, draws, seed)
    size = len(observations)
    noise = float(np.sqrt(np.average(left[:size] ** 2, weights=weight[:size])))
    cpu, _, p50, sleeps = problem.predicted(best)
    gradients = problem.jacobian(best)[0]
    values = np.exp(best), np.exp(np.clip(drawn, *problem.bounds))
    return EngineFit(
        problem.names, *values, problem.cases, cpu, sleeps, p50, inverse * max(noise, 0.02) ** 2, gradients
    )


def _bootstrap(
    problem: _Problem, best: Vector, slopes: Vector, weight: Vector, inverse: Vector, draws: int, seed: int
) -> Vector:
    """Return float64[draws, parameters] of logarithms, one step from *best* each."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(problem.number == k) for k in range(len(problem.cases))]
    rows = np.empty((draws, best.size))
    size = problem.number.size
    for i in range(draws):
        chosen = np.empty(size, np.int64)
        for group in groups:
            chosen[group] = rng.choice(group, group.size)
        moved = np.concatenate([*(part[chosen] for part in weight[: 3 * size].reshape(3, size)), weight[3 * size :]])
        rows[i] = best - inverse @ (slopes.T @ (moved * problem.residuals(best, chosen)))
    return rows
