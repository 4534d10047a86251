"""A server whose costs are known: what its windows show, and a calibration of it, without a server or a clock."""

from collections import Counter
from functools import cache
from typing import Any, cast

import numpy as np

from models.redis_costs.engine_thread import GARBAGE_EVERY, EngineThread, garbage_ns, replay
from real_adapter.calibrate.calibration import Calibration, Measurements
from real_adapter.drive.schedules import bursts_ns, poisson_ns
from real_adapter.fit.engine_fit import fit_engine
from real_adapter.fit.problem import Observation
from real_adapter.measure.cases import Case, burst, poisson, saturated
from real_adapter.measure.counters import Spread
from real_adapter.measure.window import Gauge, Window
from real_adapter.measure.work import Work
from real_adapter.measure.yardstick import Speed
from real_adapter.server.facts import ServerFacts

TRUE = {
    "engine.io_us": 6.0,
    "script_overhead_us": 3.5,
    "commands.ZRANK.call_us": 2.0,
    "commands.ZADD.call_us": 4.0,
}
THREAD = EngineThread(0, 0, 1, 18_000, 1_000, 2.0, 300_000, 15.0, 100_000_000, 140_000, garbage=9_000)
PATH_US = 8.0
CALM = Speed(1.5, 400.0)
"""Of the processor; the true costs are at this speed."""
BY_CORE, BY_MEMORY, COLD_BY_MEMORY = 0.9, 0.4, 1.6
WORK = {
    "ping": Work({"engine.io_us": 1.0}),
    "nothing": Work({"engine.io_us": 1.0, "script_overhead_us": 1.0}),
    "rank": Work({"engine.io_us": 1.0, "script_overhead_us": 1.0, "commands.ZRANK.call_us": 1.0}),
    "add": Work({"engine.io_us": 1.0, "script_overhead_us": 1.0, "commands.ZADD.call_us": 2.0}),
}
CASES = [poisson(name, 0, rate) for name in WORK for rate in (100, 1_000, 5_000, 20_000)]
CASES += [burst("rank", 0, together) for together in (2, 20)]
CASES += [saturated(name, 0) for name in WORK]
FACTS = ServerFacts("valkey", "9.1.2", cluster=False, primary=True, settings={"hz": "10"})
REFUSED = Counter({"hypervisor steal": 3})


def observed(case: Case, seed: int, noise: float, speed: Speed | None = None) -> Observation:
    """What a server with the true costs shows in one window, while its processor has that *speed*: else `CALM`."""
    work_times, cold_times = _slowed(speed or CALM)
    work = WORK[case.operation]
    cost_us = work_times * sum(TRUE[name] * times for name, times in work.counts.items())
    blur = float(np.exp(np.random.default_rng(seed).normal(0, noise)))
    load = case.load
    scripted = case.operation != "ping"
    thread = THREAD._replace(
        garbage=round(THREAD.garbage * work_times) if scripted else 0,
        per_pass=round(THREAD.per_pass * work_times),
        rewarm=round(THREAD.rewarm * work_times),
        near_slow=THREAD.near_slow * cold_times / work_times,
        far_slow=THREAD.far_slow * cold_times / work_times,
    )
    each_us = cost_us if load.rate_rps is None else 1e6 / load.rate_rps
    pause_us = garbage_ns(thread, round(GARBAGE_EVERY * each_us * 1e3)) / 1e3
    tail_us = blur * pause_us if scripted and speed else None
    if load.rate_rps is None:
        cpu_us = blur * (cost_us + work_times / load.users + pause_us / GARBAGE_EVERY)
        return Observation(case.name, load, work, cpu_us, 500.0, 0.0, 1 / load.users, speed, tail_us)
    at = poisson_ns(load.rate_rps, 2.0, seed) if load.together == 1 else bursts_ns(load.together, 0.01, 1.0)
    busy, sleeps, passes, departures = replay(at + 1, np.full(at.size, round(cost_us * 1e3)), thread)
    p50_us = float(np.median(departures - at)) / 1e3 + PATH_US
    n = at.size
    cpu_us = busy / n / 1e3
    return Observation(case.name, load, work, blur * cpu_us, blur * p50_us, sleeps / n, passes / n, speed, tail_us)


def _slowed(speed: Speed) -> tuple[float, float]:
    """Return how many times as long work takes at *speed*, and what cold caches add to it."""
    core, memory = speed.core_ns / CALM.core_ns, speed.memory_ns / CALM.memory_ns
    return core**BY_CORE * memory**BY_MEMORY, memory**COLD_BY_MEMORY


@cache
def calibration(slowest: float | None = None) -> Calibration:
    """A calibration of that server over a network, two windows of each case, which were not enough for one of them.

    With *slowest* it is ours, six windows of each, and its processor takes up to so many times as long as when `CALM`.
    """
    found, rng = Measurements(), np.random.default_rng(1)
    for k, case in enumerate(CASES):
        found.cases[case.name], found.work[case.name] = case, WORK[case.operation]
        for i in range(2 if slowest is None else 6):
            times = (1.0, 1.0) if slowest is None else rng.uniform(1.0, slowest, 2)
            speed = None if slowest is None else Speed(CALM.core_ns * times[0], CALM.memory_ns * times[1])
            found.windows[case.name].append(_window(observed(case, 100 * k + i, 0.03, speed)))
    gauge = Gauge(cast(Any, None), None, 1, refusals=REFUSED)
    fit = fit_engine(found.observations(), draws=5)
    return Calibration(FACTS, fit, found, gauge, ("x: too wide",), ("KEYS",), seconds=60.0, ours=slowest is not None)


def _window(seen: Observation) -> Window:
    return Window(
        case=seen.case,
        requests=1_000,
        seconds=1.0,
        cpu_us=seen.cpu_us,
        utilisation=seen.cpu_us / 1e3,
        sleeps=seen.sleeps,
        loops=seen.loops,
        inside_us=1.0,
        p50_us=seen.p50_us,
        p99_us=2 * seen.p50_us,
        rate_rps=1_000.0,
        steal_percent=0.5,
        speed=seen.speed,
        refused="",
        spread=None if seen.tail_us is None else Spread(seen.tail_us, 0.2),
    )
