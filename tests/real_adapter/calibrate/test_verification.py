"""What windows show is compared at the one speed of the processor that is predicted for."""

import numpy as np
import pytest

from models.redis_costs.parts import MachineSpeed
from models.redis_costs.profile import load_profile
from models.results.result import Stage
from real_adapter.calibrate.accuracy import CPU, P50
from real_adapter.calibrate.prediction import predicted
from real_adapter.calibrate.trials import Trial
from real_adapter.calibrate.verification import _correction, _seen, _speed
from real_adapter.fit.speed_law import at_speed
from real_adapter.measure.cases import poisson
from real_adapter.measure.window import Window
from real_adapter.measure.yardstick import Speed

CASE = poisson("status", 100_000, 4_000.0)
PATH_US = 5.0
OWN = MachineSpeed(core_ns=1.5, memory_ns=400.0, work_by_core=1.0, work_by_memory=0.2, cold_by_memory=1.7)


def window(stage: Stage, speed: Speed | None) -> Window:
    """What a server that does just what is predicted shows."""
    busy = stage.engine_cpu_percent / 100
    assert stage.status_p50_ms is not None
    us = 1e3 * stage.status_p50_ms
    return Window("x", 1000, 0.3, 1e6 * busy / 4_000, busy, 0.5, 0.6, 1.0, us, 2 * us, 4_000.0, 0.0, speed, "")


def test_windows_at_many_speeds_agree_once_they_are_brought_to_their_median() -> None:
    shipped = load_profile("x86-valkey")
    assert shipped.machine_state is not None
    profile = shipped.model_copy(update={"machine_state": shipped.machine_state.model_copy(update={"speed": OWN})})
    speeds = [Speed(1.5 * core, 400.0 * memory) for core, memory in ((1, 1), (1.5, 1.1), (1.2, 1.2), (1.1, 1.05))]
    windows = [window(predicted(CASE, at_speed(profile, speed), PATH_US), speed) for speed in speeds]
    raw = np.array([w.utilisation for w in windows])
    assert raw.max() / raw.min() > 1.25
    found = _seen(Trial(CASE, None, None), profile, PATH_US, windows, _speed(windows))  # type: ignore[arg-type]
    assert found.measured[CPU] == pytest.approx([found.best.engine_cpu_percent] * 4, rel=0.03)
    assert found.measured[P50] == pytest.approx([1e3 * (found.best.status_p50_ms or 0)] * 4, rel=0.05)


def test_where_no_speed_is_known_windows_are_compared_as_they_are() -> None:
    profile = load_profile("talk-m7g")
    windows = [window(predicted(CASE, profile, PATH_US), None)]
    found = _seen(Trial(CASE, None, None), profile, PATH_US, windows, _speed(windows))  # type: ignore[arg-type]
    assert found.measured[CPU] == pytest.approx([100 * windows[0].utilisation])
    assert _correction(None, Speed(1.0, 1.0), [1.0, 1.0]) == 1.0
