"""The engine thread's costs from many measured windows at once: the mechanism of `engine_thread`, by least squares.

What is fitted to what is in `real_adapter.fit.problem`. Intervals are a bootstrap over windows within each case, each
draw one Gauss-Newton step from the fit (a one-step bootstrap: Davison and Hinkley 1997, section 2.9), so that costs
which cannot be told apart move together in the draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from models.redis_costs.scale import log_factor
from real_adapter.fit.problem import CPU, FITTED, LATENCY, PATH, SLEEPS, SLOWED, FitProblem, Observation, Vector
from real_adapter.measure.work import IO, IO_WARM
from real_adapter.measure.yardstick import Speed

ROBUST_FROM = 0.03
"""Residuals above 3 % count less (soft L1): beyond that it goes by medians, as disturbed windows are all dearer."""


@dataclass(frozen=True, eq=False)
class EngineFit:
    """Fitted costs by dotted path (`names`), `draws` float64[B, P] of them jointly, and what came out for each case.

    Costs are those at `speed`, of a fit the median of its windows (None: none knows its speed); what came out, at the
    speeds of the case's own windows.
    """

    names: tuple[str, ...]
    best: Vector
    draws: Vector
    cases: tuple[str, ...]
    cpu_us: Vector
    sleeps: Vector
    p50_us: Vector
    covariance: Vector
    gradients: Vector
    speed: Speed | None = None

    def at(self, speed: Speed) -> "EngineFit":
        """Return the fit with its costs at another *speed* of the processor. ValueError if it knows none."""
        if self.speed is None:
            raise ValueError("no window of this fit knows how fast its processor ran")
        core, memory = np.log([speed.core_ns / self.speed.core_ns, speed.memory_ns / self.speed.memory_ns])
        moved = np.log(np.vstack([self.best, self.draws]))
        by_core, by_memory, cold = (np.exp(moved[:, self.names.index(name)]) for name in SLOWED)
        work = by_core * core + by_memory * memory
        for k, name in enumerate(self.names):
            if name not in (PATH, *SLOWED):
                moved[:, k] += [log_factor(name, *row) for row in zip(work, cold * memory, strict=True)]
        best, *draws = np.exp(moved)
        return replace(self, best=best, draws=np.array(draws), speed=speed)

    def value(self, name: str) -> float:
        """Return a fitted cost by its path."""
        return float(self.best[self.names.index(name)])

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a cost."""
        low, high = np.percentile(self.draws[:, self.names.index(name)], [2.5, 97.5])
        return float(min(low, self.value(name))), float(max(high, self.value(name)))


def fit_engine(observations: Sequence[Observation], draws: int = 100, seed: int = 1) -> EngineFit:
    """Fit all costs to *observations*, with *draws* of the bootstrap. ValueError if there are none."""
    if not observations:
        raise ValueError("there is no window to fit to")
    problem = FitProblem(observations)
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
    found_by_case = np.exp(problem.by_case(problem.in_windows(best)))
    cpu, p50 = found_by_case[CPU], found_by_case[LATENCY]
    sleeps = problem.predicted(best)[SLEEPS]
    gradients = problem.jacobian(best)[CPU]
    values = _with_parts(problem, np.exp(best)), _with_parts(problem, np.exp(np.clip(drawn, *problem.bounds)))
    covariance = inverse * max(noise, 0.02) ** 2
    return EngineFit(problem.names, *values, problem.cases, cpu, sleeps, p50, covariance, gradients, problem.speed)


def _with_parts(problem: FitProblem, values: Vector) -> Vector:
    """Return *values*, float64[..., parameters], with the warm part of I/O not above the whole of it, as it counted."""
    warm, whole = problem.names.index(IO_WARM), problem.names.index(IO)
    values[..., warm] = np.minimum(values[..., warm], values[..., whole])
    return values


def _bootstrap(
    problem: FitProblem, best: Vector, slopes: Vector, weight: Vector, inverse: Vector, draws: int, seed: int
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
        of_windows, of_prior = weight[: FITTED * size].reshape(FITTED, size), weight[FITTED * size :]
        moved = np.concatenate([*(part[chosen] for part in of_windows), of_prior])
        rows[i] = best - inverse @ (slopes.T @ (moved * problem.residuals(best, chosen)))
    return rows
