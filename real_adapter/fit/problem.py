"""The engine thread's costs as a problem of least squares: many measured windows, and what costs predict of them.

A request is *work*: so much I/O, a script or none, and Redis calls with their elements and levels
(`models.redis_costs.commands`). Its cost b is linear in the costs that are sought. What a window shows is not b but
what the event loop makes of it, so each case is replayed through the engine thread itself, with the mean b: Poisson
arrivals, bursts, or for a closed loop that saturates the thread simply b and its share of a pass.

Fitted are the logarithms of CPU per request and, with Poisson arrivals, of the median latency and of the passes per
request (where the server counts them), which tell how late the thread wakes, and of the tail of scripts like the status
(where it is seen), which is the collection of garbage; so a window counts by its relative error whatever its load.
Sleeps per request are never fitted: they are for the reader to compare. The derivative with respect to a cost is that
with respect to b times the work.

Every window met the processor at a speed of its own (`real_adapter.measure.yardstick`). Costs are those at the median
speed; work then takes core^p memory^q as long, and what cold caches add to it memory^r, where core and memory are the
times of the yardsticks over their medians, and p, q and r are fitted with the rest. To first order, by the derivatives
with respect to all CPU times together and to the slowness of cold caches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.engine_thread import GARBAGE_EVERY, EngineThread, garbage_ns, replay
from models.redis_costs.parts import ENGINE_CPU_TIMES
from models.redis_costs.scale import SLOWNESS
from real_adapter.measure.cases import Load
from real_adapter.measure.work import GARBAGE, IO, IO_WARM, SCRIPT, Work, runs_a_script
from real_adapter.measure.yardstick import Speed

Vector = NDArray[np.float64]

LOOP = {
    "engine.wake_delay_us": 10.0,
    "engine.pass_us": 2.0,
    "engine.near_slow": 2.0,
    "engine.near_lost_us": 500.0,
    "engine.far_slow": 10.0,
    "engine.far_lost_us": 50_000.0,
    "engine.rewarm_us": 100.0,
    IO_WARM: 2.0,
    GARBAGE: 10.0,
}
"""What the loop costs, and where the fit begins. An order of magnitude, as a first measurement gave it."""
PATH = "path_us"
"""The way between driver and server and back, outside the engine thread."""
SLOWED = {"speed.work_by_core": 1.0, "speed.work_by_memory": 0.3, "speed.cold_by_memory": 1.0}
"""The exponents p, q and r, and where the fit begins."""
START_PATH_US, START_COST_US = 15.0, 1.0
BOUNDS = {name: (value / 300, value * 300) for name, value in LOOP.items()}
LEAST, MOST = 1e-3, 1e4
"""Bounds of all other costs, us: a logarithm is never of nothing, and a cost that is nothing shows as the least."""
LOOSENESS = 1.5
"""The standard deviation, in natural logarithms, of a weak prior about the start of the loop's costs and 1 us."""
REPLAYED = 6000
LATENCY_WEIGHT = PASSES_WEIGHT = 0.4
LIKE_STATUS = 0.5
"""Scripts that leave about as much garbage: at least so much of the work is a status's."""
TAIL_WEIGHT = 0.2
"""Of the tail of scripts, which repeats worse than the rest."""
CPU, PASSES, LATENCY, TAIL, SLEEPS = range(5)
"""Rows of what is predicted per request; all but the last are fitted."""
FITTED = 4
STEP = 0.02


@dataclass(frozen=True)
class Observation:
    """One window of a case, each request of which is so much `work`.

    `cpu_us` engine CPU per request, `p50_us` the median latency; `sleeps` and `loops` per request, None if not counted;
    `speed` of the engine's processor meanwhile, and `tail_us` of its scripts (see `Window`), None if not seen.
    """

    case: str
    load: Load
    work: Work
    cpu_us: float
    p50_us: float
    sleeps: float | None = None
    loops: float | None = None
    speed: Speed | None = None
    tail_us: float | None = None


class FitProblem:
    """Windows by case, so that a fit replays each case once whatever the number of its windows."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        firsts = {o.case: o for o in observations}
        self.cases = tuple(firsts)
        self.loads = [o.load for o in firsts.values()]
        self.number = np.array([self.cases.index(o.case) for o in observations])
        self.costs = tuple(sorted({name for o in firsts.values() for name in o.work.counts}))
        self.names = (*LOOP, PATH, *SLOWED, *self.costs)
        self.first = len(self.names) - len(self.costs)
        self.speed, self.log_speed = _relative_speeds(observations)
        self.work = np.array([[o.work.counts.get(name, 0.0) for name in self.costs] for o in firsts.values()])
        self.repeated = np.array([[o.work.repeated.get(name, 0.0) for name in self.costs] for o in firsts.values()])
        loops = [[o.loops for o in observations if o.case == case and o.loops is not None] for case in self.cases]
        self.loops = [float(np.median(found)) if found else None for found in loops]
        self.open = np.array([load.rate_rps is not None and load.together == 1 for load in self.loads])
        self.log_cpu = np.log([o.cpu_us for o in observations])
        self.log_p50 = np.log([o.p50_us for o in observations])
        self.log_loops = np.log([o.loops or 1.0 for o in observations])
        self.log_tail = np.log([o.tail_us or 1.0 for o in observations])
        self.scripts = [runs_a_script(o.work) for o in firsts.values()]
        counted = np.array([o.loops is not None for o in observations])
        self.weight_p50 = LATENCY_WEIGHT * self.open[self.number]
        self.weight_loops = PASSES_WEIGHT * (self.open[self.number] & counted)
        like_status = np.array([o.work.counts.get(SCRIPT, 0.0) >= LIKE_STATUS for o in firsts.values()])
        tail_told = np.array([bool(o.tail_us) for o in observations])
        self.weight_tail = TAIL_WEIGHT * (like_status[self.number] & tail_told)
        start = [*LOOP.values(), START_PATH_US, *SLOWED.values(), *np.full(len(self.costs), START_COST_US)]
        self.start = np.log(start)
        low = [*(low for low, _ in BOUNDS.values()), *np.full(len(start) - len(LOOP), LEAST)]
        high = [*(high for _, high in BOUNDS.values()), *np.full(len(start) - len(LOOP), MOST)]
        if not self.weight_tail.any():  # nothing tells of a collection apart from what scripts cost anyhow
            k = self.names.index(GARBAGE)
            self.start[k] = np.log(LEAST)
            low[k], high[k] = LEAST / 2, LEAST * 2
        self.bounds = np.log(low), np.log(high)
        rng = np.random.default_rng(1)
        # shuffled quantiles: the gaps have exactly their distribution, and every case the same ones
        gaps = -np.log1p(-rng.permutation((np.arange(REPLAYED) + 0.5) / REPLAYED))
        self.unit_arrivals = np.cumsum(gaps)

    def predicted(self, logs: Vector) -> Vector:
        """Return float64[5, cases]: CPU in us, passes, median latency in us, tail of scripts in us, and sleeps."""
        values = np.exp(logs)
        b, again = (counts @ values[self.first :] for counts in (self.work, self.repeated))
        return np.array([self._case(k, b[k], again[k], values) for k in range(len(self.cases))]).T

    def jacobian(self, logs: Vector) -> Vector:
        """Return float64[4, cases, parameters]: derivatives of the logarithms of what is fitted."""
        first, values = self.first, np.exp(logs)
        cost = self.work @ values[first:]
        base = np.log(self.predicted(logs)[:FITTED])
        found = np.zeros((FITTED, len(self.cases), logs.size))
        for j in range(len(LOOP) + 1):
            found[:, :, j] = self._slope(logs, base, [j])
        by_cost = self._slope(logs, base, range(first, logs.size))  # all costs at once: b grows by as much
        shares = self.work * values[first:] / cost[:, None]
        found[:, :, first:] = by_cost[:, :, None] * shares[None]
        return found

    def _slope(self, logs: Vector, base: Vector, which: Sequence[int]) -> Vector:
        """Return float64[4, cases]: the derivatives of the logarithms with respect to some parameters together."""
        moved = logs.copy()
        moved[list(which)] += STEP
        found: Vector = (np.log(self.predicted(moved)[:FITTED]) - base) / STEP
        return found

    def _by_speed(self, logs: Vector, base: Vector) -> tuple[Vector, Vector]:
        """Return float64[4, cases] twice: the slopes with all CPU times together, and with the slowness of caches."""
        loop = [name.removeprefix("engine.") for name in LOOP]
        cpu_times = [*(loop.index(name) for name in loop if name in ENGINE_CPU_TIMES), *range(self.first, logs.size)]
        slowness = [loop.index(name) for name in SLOWNESS]
        return self._slope(logs, base, cpu_times), self._slope(logs, base, slowness)

    def in_windows(self, logs: Vector, at: NDArray[np.int64] | None = None) -> Vector:
        """Return float64[4, windows]: the logarithms of what is fitted at the speeds of windows *at*: all."""
        base = np.log(self.predicted(logs)[:FITTED])
        work_slope, slow_slope = self._by_speed(logs, base)
        core, memory = (self.log_speed if at is None else self.log_speed[at]).T
        by_core, by_memory, cold = np.exp(logs[len(LOOP) + 1 : self.first])
        work = by_core * core + by_memory * memory
        moved: Vector = base[:, self.number] + work_slope[:, self.number] * work
        return moved + slow_slope[:, self.number] * (cold * memory - work)

    def _case(self, k: int, b: float, again: float, values: Vector) -> tuple[float, ...]:
        delay, per_pass, near_slow, near_lost, far_slow, far_lost, rewarm, warm, garbage, path = values[: len(LOOP) + 1]
        load = self.loads[k]
        thread = EngineThread(
            0, 0, 1, round(delay * 1e3), round(per_pass * 1e3), near_slow, max(1, round(near_lost * 1e3)),
            far_slow, max(1, round(far_lost * 1e3)), max(1, round(rewarm * 1e3)),
            round((min(warm, values[self.names.index(IO)]) + again) * 1e3),
            round(garbage * 1e3) if self.scripts[k] else 0,
        )  # fmt: skip
        each_us = b if load.rate_rps is None else 1e6 / load.rate_rps
        tail = max(garbage_ns(thread, round(GARBAGE_EVERY * each_us * 1e3)), 1) / 1e3
        if load.rate_rps is None:
            counted = self.loops[k]
            loops = 1 / load.users if counted is None else counted
            return b + per_pass * loops + (tail / GARBAGE_EVERY if self.scripts[k] else 0.0), loops, path, tail, 0.0
        if load.together > 1:
            instants = 1 + np.arange(100) * (load.together / load.rate_rps * 1e9)
            arrivals = np.repeat(np.rint(instants).astype(np.int64), load.together)
        else:
            arrivals = np.rint(self.unit_arrivals[: max(1000, min(REPLAYED, int(load.rate_rps)))] / load.rate_rps * 1e9)
        arrivals = arrivals.astype(np.int64)
        busy, sleeps, passes, departures = replay(arrivals, np.full(arrivals.size, round(b * 1e3)), thread)
        latency = float(np.median(departures - arrivals)) / 1e3 + path
        return busy / arrivals.size / 1e3, passes / arrivals.size, latency, tail, sleeps / arrivals.size

    def by_case(self, windows: Vector) -> Vector:
        """Return float64[..., cases]: the medians of *windows*, float64[..., windows]."""
        return np.array([np.median(windows[..., self.number == k], axis=-1) for k in range(len(self.cases))]).T

    def residuals(self, logs: Vector, chosen: NDArray[np.int64] | None = None) -> Vector:
        """Return the residuals of all windows, or of those *chosen* in their places, then those of the prior."""
        at = np.arange(self.number.size) if chosen is None else chosen
        cpu, loops, p50, tail = self.in_windows(logs, at)
        return np.concatenate(
            [
                cpu - self.log_cpu[at],
                self.weight_loops * (loops - self.log_loops[at]),
                self.weight_p50 * (p50 - self.log_p50[at]),
                self.weight_tail[at] * (tail - self.log_tail[at]),
                (logs - self.start) * self._prior,
            ]
        )

    def derivatives(self, logs: Vector) -> Vector:
        """Return the Jacobian of `residuals`; with the speeds' slopes taken as they are."""
        slopes = self.jacobian(logs)[:, self.number]
        work_slope, slow_slope = self._by_speed(logs, np.log(self.predicted(logs)[:FITTED]))
        by_work, by_cold = (work_slope - slow_slope)[:, self.number], slow_slope[:, self.number]
        core, memory = self.log_speed.T
        by_speed = (by_work * core, by_work * memory, by_cold * memory)
        for k, slope in enumerate(by_speed, len(LOOP) + 1):
            slopes[:, :, k] = slope * np.exp(logs[k])
        cpu, loops, p50, tail = slopes
        weighed = [cpu, self.weight_loops[:, None] * loops, self.weight_p50[:, None] * p50]
        weighed.append(self.weight_tail[:, None] * tail)
        return np.concatenate([*weighed, np.eye(logs.size) * self._prior])

    @property
    def _prior(self) -> float:
        """The weight of the prior: beside windows that repeat to some 5 %, a standard deviation of `LOOSENESS`."""
        return 0.05 / LOOSENESS


def _relative_speeds(observations: Sequence[Observation]) -> tuple[Speed | None, Vector]:
    """Return the median speed, and float64[windows, 2] how much longer core and memory took, as logarithms."""
    known = np.array([[o.speed.core_ns, o.speed.memory_ns] for o in observations if o.speed is not None])
    relative = np.zeros((len(observations), 2))
    if not known.size:
        return None, relative
    median = np.median(known, axis=0)
    relative[[o.speed is not None for o in observations]] = np.log(known / median)
    return Speed(*median.tolist()), relative
