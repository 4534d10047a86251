"""The fit against a synthetic server whose costs are known, and the choice of the next window."""

import numpy as np
import pytest

from real_adapter import experiment
from real_adapter.cases import Case, Load, burst, poisson, saturated
from real_adapter.engine_fit import LOOP, EngineFit, Observation, fit_engine
from real_adapter.schedules import bursts_ns, poisson_ns
from real_adapter.work import MIX
from sim.engine_thread import EngineThread, replay

TRUE = {
    "engine.io_us": 6.0,
    "script_overhead_us": 3.5,
    "commands.ZRANK.call_us": 2.0,
    "commands.ZADD.call_us": 4.0,
}
THREAD = EngineThread(0, 0, 1, 18_000, 1_000, 2.0, 300_000, 15.0, 100_000_000, 140_000)
PATH_US = 8.0
WORK = {
    "ping": {"engine.io_us": 1.0},
    "nothing": {"engine.io_us": 1.0, "script_overhead_us": 1.0},
    "rank": {"engine.io_us": 1.0, "script_overhead_us": 1.0, "commands.ZRANK.call_us": 1.0},
    "add": {"engine.io_us": 1.0, "script_overhead_us": 1.0, "commands.ZADD.call_us": 2.0},
}
CASES = [poisson(name, 0, rate) for name in WORK for rate in (100, 1_000, 5_000, 20_000)]
CASES += [burst("rank", 0, together) for together in (2, 20)]
CASES += [saturated(name, 0) for name in WORK]


def window(case: Case, seed: int, noise: float) -> Observation:
    """What a server with the true costs shows in one window."""
    work = WORK[case.operation]
    cost_us = sum(TRUE[name] * times for name, times in work.items())
    blur = float(np.exp(np.random.default_rng(seed).normal(0, noise)))
    load = case.load
    if load.rate_rps is None:
        return Observation(case.name, load, work, blur * (cost_us + 1.0 / load.users), 500.0, 0.0, 1 / load.users)
    at = poisson_ns(load.rate_rps, 2.0, seed) if load.together == 1 else bursts_ns(load.together, 0.01, 1.0)
    busy, sleeps, passes, departures = replay(at + 1, np.full(at.size, round(cost_us * 1e3)), THREAD)
    p50_us = float(np.median(departures - at)) / 1e3 + PATH_US
    n = at.size
    return Observation(case.name, load, work, blur * busy / n / 1e3, blur * p50_us, sleeps / n, passes / n)


@pytest.fixture(scope="module")
def fit() -> EngineFit:
    return fit_engine([window(case, 100 * k + i, 0.03) for k, case in enumerate(CASES) for i in range(3)])


def test_the_costs_of_a_known_server_are_recovered(fit: EngineFit) -> None:
    for name, true in TRUE.items():
        assert fit.value(name) == pytest.approx(true, rel=0.15)
        low, high = fit.interval(name)
        assert low <= fit.value(name) <= high
    assert fit.value("engine.wake_delay_us") == pytest.approx(18.0, rel=0.3)
    assert fit.value("engine.near_slow") == pytest.approx(2.0, rel=0.4)


def test_what_it_says_of_each_case_is_what_the_server_does_sleeps_included_which_it_never_saw(fit: EngineFit) -> None:
    for k, case in enumerate(CASES):
        truth = window(case, 9_999 + k, 0.0)
        at = fit.cases.index(case.name)
        assert fit.cpu_us[at] == pytest.approx(truth.cpu_us, rel=0.08)
        if case.load.rate_rps is not None and case.load.together == 1:
            assert fit.sleeps[at] == pytest.approx(truth.sleeps, abs=0.06)


def test_draws_are_as_many_as_asked_for_and_around_the_best(fit: EngineFit) -> None:
    assert fit.draws.shape == (100, len(fit.names))
    assert (fit.draws > 0).all()
    io = fit.draws[:, fit.names.index("engine.io_us")]
    assert io.min() < fit.value("engine.io_us") < io.max()


def test_more_windows_make_the_fit_narrower() -> None:
    few = fit_engine([window(case, 7 * k + i, 0.05) for k, case in enumerate(CASES) for i in range(2)], draws=1)
    many = fit_engine([window(case, 7 * k + i, 0.05) for k, case in enumerate(CASES) for i in range(8)], draws=1)
    a, b = (np.median(list(experiment.widths_percent(found).values())) for found in (few, many))
    assert b < a


def test_the_next_window_is_of_the_noisy_unknown_not_of_the_well_known() -> None:
    observations = [window(case, 3 * k + i, 0.01) for k, case in enumerate(CASES) for i in range(6)]
    rare = saturated("add", 0)
    kept = [o for o in observations if "ZADD" not in str(o.work) or o.case == rare.name]
    lonely = [o for o in kept if o.case != rare.name] + [next(o for o in kept if o.case == rare.name)]
    found = fit_engine(lonely, draws=1)
    candidates = [case for case in CASES if case.name in found.cases]
    widest = max(experiment.widths_percent(found).items(), key=lambda item: item[1])
    assert widest[0] == rare.name or "add" in widest[0] or widest[1] < experiment.NARROW_PERCENT
    assert experiment.most_useful(found, candidates, {}) in candidates


def test_no_window_is_no_fit() -> None:
    with pytest.raises(ValueError, match="no window"):
        fit_engine([])


def test_the_design_has_every_constant_of_the_loop_and_the_shares_of_the_mix_add_up() -> None:
    assert sum(MIX.values()) == pytest.approx(1)
    names = [case.name for case in (*experiment.load_cases(), *experiment.probe_cases(), *experiment.key_cases())]
    assert len(names) == len(set(names))
    assert set(LOOP) <= {f"engine.{name}" for name in ("wake_delay_us", "pass_us", "near_slow", "near_lost_us",
                                                       "far_slow", "far_lost_us", "rewarm_us")}  # fmt: skip


def test_a_load_is_open_or_closed() -> None:
    with pytest.raises(ValueError, match="must be given, and not both"):
        Load(1.0)
    with pytest.raises(ValueError, match="must be given, and not both"):
        Load(1.0, rate_rps=5.0, users=3)
