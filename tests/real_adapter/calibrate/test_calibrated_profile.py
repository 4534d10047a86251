"""From a calibration to a profile: what was fitted, measured and missed is all in it, and it reads back."""

from dataclasses import replace

import pytest

from models.redis_costs.profile import Profile, parse_profile, profile_json
from real_adapter.calibrate import experiment
from real_adapter.calibrate.profile import profile_of
from real_adapter.measure.counters import Spread
from tests.real_adapter.fit.known_server import CALM, CASES, PATH_US, REFUSED, TRUE, calibration


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of(calibration(), "mine")


def test_it_reads_back_as_it_was_written(profile: Profile) -> None:
    assert parse_profile(profile_json(profile).encode(), "mine") == profile


def test_the_costs_are_those_of_the_server(profile: Profile) -> None:
    found = {"engine.io_us": profile.engine.io_us, "script_overhead_us": profile.script_overhead_us}
    found |= {f"commands.{name}.call_us": profile.commands[name].call_us for name in ("ZRANK", "ZADD")}
    assert found == pytest.approx(TRUE, rel=0.15)
    assert profile.commands["XADD"].call_us == 0  # not measured
    interval = profile.fit.parameters["path_us"]
    assert interval.low <= interval.best <= interval.high
    assert interval.best == pytest.approx(PATH_US, rel=0.3)


def test_costs_are_told_for_the_calmest_windows_and_every_draw_with_them() -> None:
    profile = profile_of(calibration(1.6), "mine")
    assert profile.machine_state is not None
    speed = profile.machine_state.speed
    assert speed is not None
    assert (speed.core_ns, speed.memory_ns) == pytest.approx((CALM.core_ns, CALM.memory_ns), rel=0.1)
    found = {"engine.io_us": profile.engine.io_us, "script_overhead_us": profile.script_overhead_us}
    found |= {f"commands.{name}.call_us": profile.commands[name].call_us for name in ("ZRANK", "ZADD")}
    assert found == pytest.approx(TRUE, rel=0.25)
    drawn = [profile.drawn(k / 5).engine.io_us for k in range(5)]
    assert min(drawn) < 1.1 * profile.engine.io_us
    assert max(drawn) > 0.9 * profile.engine.io_us


def test_how_far_runs_that_list_keys_differ_is_the_median_of_their_windows(profile: Profile) -> None:
    assert profile.engine.listing_swing == 0  # none of them listed any
    base = calibration(1.6)
    case = experiment.key_cases()[0]
    some = base.measurements.windows[CASES[0].name][0]
    listing = [replace(some, case=case.name, spread=Spread(400.0, swing)) for swing in (0.1, 0.28, 0.9)]
    measured = replace(base.measurements, windows={**base.measurements.windows, case.name: listing})
    assert profile_of(replace(base, measurements=measured), "mine").engine.listing_swing == 0.28


def test_each_draw_is_another_profile(profile: Profile) -> None:
    drawn = [profile.drawn(k / 5).engine.io_us for k in range(5)]
    assert len(set(drawn)) == 5


def test_it_says_how_it_was_measured_and_what_was_missed(profile: Profile) -> None:
    assert profile.precision.not_reached == ("x: too wide", "KEYS: not measured")
    assert not profile.precision.reached
    assert [(case.name, case.windows) for case in profile.fit.cases] == [(case.name, 2) for case in CASES]
    assert profile.machine.startswith("somebody's server, on an unknown machine, driven from ")
    assert profile.memory is None


def test_the_state_of_a_machine_is_told_where_it_is_ours(profile: Profile) -> None:
    assert profile.machine_state is None
    ours = profile_of(replace(calibration(), ours=True), "ours").machine_state
    assert ours is not None
    assert ours.windows_kept == 2 * len(CASES)
    assert ours.windows_discarded == REFUSED


def test_it_says_over_what_it_was_measured(profile: Profile) -> None:
    over = profile.measured_over
    assert over["connections"].high == 100
    assert over["members"].high == max(1_000, *(case.members for case in CASES))
    assert "keys" not in over  # none of its cases listed any
    open_loops = [case.load.rate_rps for case in CASES if case.load.rate_rps]
    assert over["rate_rps"].high >= max(open_loops)
