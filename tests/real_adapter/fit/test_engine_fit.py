"""The fit against a synthetic server whose costs are known, and the choice of the next window."""

from dataclasses import replace

import numpy as np
import pytest

from models.redis_costs.parts import EngineCosts
from real_adapter.calibrate import experiment
from real_adapter.fit.engine_fit import EngineFit, fit_engine
from real_adapter.fit.problem import LOOP
from real_adapter.measure.cases import Load, saturated
from real_adapter.measure.work import MIX
from real_adapter.measure.yardstick import Speed
from tests.real_adapter.fit.known_server import BY_CORE, BY_MEMORY, CALM, CASES, COLD_BY_MEMORY, THREAD, TRUE, observed


@pytest.fixture(scope="module")
def fit() -> EngineFit:
    return fit_engine([observed(case, 100 * k + i, 0.03) for k, case in enumerate(CASES) for i in range(3)])


def test_the_costs_of_a_known_server_are_recovered(fit: EngineFit) -> None:
    for name, true in TRUE.items():
        assert fit.value(name) == pytest.approx(true, rel=0.15)
        low, high = fit.interval(name)
        assert low <= fit.value(name) <= high
    assert fit.value("engine.wake_delay_us") == pytest.approx(18.0, rel=0.3)
    assert fit.value("engine.near_slow") == pytest.approx(2.0, rel=0.4)


def test_what_it_says_of_each_case_is_what_the_server_does_sleeps_included_which_it_never_saw(fit: EngineFit) -> None:
    for k, case in enumerate(CASES):
        truth = observed(case, 9_999 + k, 0.0)
        at = fit.cases.index(case.name)
        assert fit.cpu_us[at] == pytest.approx(truth.cpu_us, rel=0.08)
        if case.load.rate_rps is not None and case.load.together == 1:
            assert fit.sleeps[at] == pytest.approx(truth.sleeps, abs=0.06)


def test_neighbours_that_disturb_two_windows_of_seven_move_the_fit_little() -> None:
    windows = [observed(case, 100 * k + i, 0.03) for k, case in enumerate(CASES) for i in range(7)]
    disturbed = [
        replace(window, cpu_us=1.8 * window.cpu_us, p50_us=1.8 * window.p50_us) if i % 7 < 2 else window
        for i, window in enumerate(windows)
    ]
    found = fit_engine(disturbed, draws=1)
    truth = [observed(case, 9_999 + CASES.index(case), 0.0).cpu_us for case in CASES]
    # means would be 23 % too dear
    assert np.median(found.cpu_us / truth) == pytest.approx(1.0, abs=0.05)
    assert found.cpu_us == pytest.approx(np.array(truth), rel=0.12)


def test_neighbours_that_slow_the_processor_down_in_every_window_are_seen_through() -> None:
    rng = np.random.default_rng(5)

    def some_speed() -> Speed:
        return Speed(CALM.core_ns * rng.uniform(1.0, 1.6), CALM.memory_ns * rng.uniform(1.0, 1.4))

    windows = [observed(case, 100 * k + i, 0.03, some_speed()) for k, case in enumerate(CASES) for i in range(6)]
    found = fit_engine(windows)
    assert found.speed is not None
    assert found.speed.core_ns > 1.2 * CALM.core_ns
    calm = found.at(CALM)
    for name, true in TRUE.items():
        assert calm.value(name) == pytest.approx(true, rel=0.2)
        low, high = calm.interval(name)
        assert low <= calm.value(name) <= high
    assert calm.value("engine.garbage_us") == pytest.approx(THREAD.garbage / 1e3, rel=0.25)
    assert found.value("speed.work_by_core") == pytest.approx(BY_CORE, rel=0.25)
    assert found.value("speed.work_by_memory") == pytest.approx(BY_MEMORY, rel=0.4)
    assert found.value("speed.cold_by_memory") == pytest.approx(COLD_BY_MEMORY, rel=0.25)
    # what is said of a case is at the speeds of its own windows, as what was measured in them
    for case, cpu_us in zip(found.cases, found.cpu_us, strict=True):
        assert cpu_us == pytest.approx(np.median([o.cpu_us for o in windows if o.case == case]), rel=0.1)
    blind = fit_engine([replace(window, speed=None) for window in windows], draws=1)
    assert blind.speed is None
    with pytest.raises(ValueError, match="how fast its processor ran"):
        blind.at(CALM)


def test_without_the_tail_of_scripts_no_collection_is_told_apart_from_what_scripts_cost_anyhow(fit: EngineFit) -> None:
    assert fit.value("engine.garbage_us") <= 0.002


def test_draws_are_as_many_as_asked_for_and_around_the_best(fit: EngineFit) -> None:
    assert fit.draws.shape == (100, len(fit.names))
    assert (fit.draws > 0).all()
    io = fit.draws[:, fit.names.index("engine.io_us")]
    assert io.min() < fit.value("engine.io_us") < io.max()


def test_more_windows_make_the_fit_narrower() -> None:
    few = fit_engine([observed(case, 7 * k + i, 0.05) for k, case in enumerate(CASES) for i in range(2)], draws=1)
    many = fit_engine([observed(case, 7 * k + i, 0.05) for k, case in enumerate(CASES) for i in range(8)], draws=1)
    a, b = (np.median(list(experiment.widths_percent(found).values())) for found in (few, many))
    assert b < a


def test_the_next_window_is_of_the_unknown_not_of_the_well_known() -> None:
    """ZADD is called in one case alone, of which there is one window; of all others there are six."""
    rare = saturated("add", 0)
    known = [case for case in CASES if case.operation != "add"]
    windows = [observed(case, 3 * k + i, 0.05) for k, case in enumerate(known) for i in range(6)]
    found = fit_engine([*windows, observed(rare, 1, 0.05)], draws=1)
    widths = experiment.widths_percent(found)
    assert max(widths, key=widths.__getitem__) == rare.name
    assert widths[rare.name] > experiment.NARROW_PERCENT
    assert experiment.most_useful(found, [*known, rare], {}) == rare


def test_no_window_is_no_fit() -> None:
    with pytest.raises(ValueError, match="no window"):
        fit_engine([])


def test_what_is_fitted_of_the_loop_has_a_place_in_a_profile_and_no_case_is_designed_twice() -> None:
    assert set(LOOP) <= {f"engine.{name}" for name in EngineCosts.model_fields}
    names = [case.name for case in (*experiment.load_cases(), *experiment.probe_cases(), *experiment.key_cases())]
    assert len(names) == len(set(names))
    assert sum(MIX.values()) == pytest.approx(1)


def test_a_load_is_open_or_closed() -> None:
    with pytest.raises(ValueError, match="must be given, and not both"):
        Load(1.0)
    with pytest.raises(ValueError, match="must be given, and not both"):
        Load(1.0, rate_rps=5.0, users=3)
