"""What another speed of the processor makes of costs, against the engine thread's own formula."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.redis_costs.engine_thread import replay
from models.redis_costs.parts import MachineSpeed
from models.redis_costs.profile import Profile, load_profile
from real_adapter.fit.speed_law import at_speed
from real_adapter.measure.yardstick import Speed

OWN = MachineSpeed(core_ns=1.5, memory_ns=400.0, work_by_core=0.9, work_by_memory=0.3, cold_by_memory=1.6)
TIMES = st.floats(0.5, 3.0)


def known() -> Profile:
    measured = load_profile("x86-valkey")
    assert measured.machine_state is not None
    return measured.model_copy(update={"machine_state": measured.machine_state.model_copy(update={"speed": OWN})})


def of_one_request(profile: Profile, work_us: float) -> float:
    """CPU in us of one request that ends a very long sleep: everything is cold."""
    work_ns = np.array([round(1e3 * work_us)], np.int64)
    return replay(np.array([10**12], np.int64), work_ns, profile.engine_thread())[0] / 1e3


@given(core=TIMES, memory=TIMES)
def test_work_and_what_cold_caches_add_to_it_each_take_as_much_longer_as_the_exponents_say(
    core: float, memory: float
) -> None:
    own = known()
    slower = at_speed(own, Speed(1.5 * core, 400.0 * memory))
    work, cold = core**0.9 * memory**0.3, memory**1.6
    assert slower.script_overhead_us == pytest.approx(own.script_overhead_us * work)
    assert slower.engine.wake_delay_us == own.engine.wake_delay_us  # time that passes
    alone = 20.0 + own.engine.pass_us
    added = of_one_request(own, 20.0) - alone
    assert of_one_request(slower, 20.0 * work) == pytest.approx(alone * work + added * cold, rel=1e-3)


@given(core=TIMES, memory=TIMES)
def test_the_way_there_and_back_changes_nothing(core: float, memory: float) -> None:
    own, there = known(), Speed(1.5 * core, 400.0 * memory)
    moved = at_speed(own, there)
    assert moved.machine_state is not None
    state = moved.machine_state.model_copy(
        update={"speed": OWN.model_copy(update={"core_ns": there.core_ns, "memory_ns": there.memory_ns})}
    )
    back = at_speed(moved.model_copy(update={"machine_state": state}), Speed(1.5, 400.0))
    assert back.cost_table() == pytest.approx(own.cost_table(), abs=1)
    assert back.engine.near_slow == pytest.approx(own.engine.near_slow)


def test_without_a_speed_of_its_own_or_of_the_window_a_profile_stays_as_it_is() -> None:
    assert at_speed(known(), None) is not None
    assert at_speed(known(), None) == known()
    blind = load_profile("talk-m7g")
    assert at_speed(blind, Speed(3.0, 900.0)) == blind


def test_every_cost_is_multiplied_by_the_factor_of_its_path_alone() -> None:
    own = known()
    found = own.times(lambda path: 2.0 if path == "commands.ZRANK.call_us" else 1.0)
    assert found.commands["ZRANK"].call_us == 2 * own.commands["ZRANK"].call_us
    assert found.commands["ZRANK"].depth_us == own.commands["ZRANK"].depth_us
    assert found.engine == own.engine
    with pytest.raises(ValueError, match="io_us"):
        own.times(lambda path: math.inf if path == "engine.io_us" else 1.0)
