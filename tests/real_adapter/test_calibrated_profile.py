"""From a calibration to a profile: what was fitted, measured and missed is all in it, and it reads back."""

import pytest

from models.profile import Profile, parse_profile, profile_json
from real_adapter.calibrated_profile import profile_of
from tests.real_adapter.known_server import CASES, PATH_US, REFUSED, TRUE, calibration


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


def test_each_draw_is_another_profile(profile: Profile) -> None:
    drawn = [profile.drawn(k / 5).engine.io_us for k in range(5)]
    assert len(set(drawn)) == 5


def test_it_says_how_it_was_measured_and_what_was_missed(profile: Profile) -> None:
    assert profile.precision.not_reached == ("x: too wide", "KEYS: not measured")
    assert not profile.precision.reached
    assert profile.machine_state is not None
    assert profile.machine_state.windows_kept == 2 * len(CASES)
    assert profile.machine_state.windows_discarded == REFUSED
    assert [(case.name, case.windows) for case in profile.fit.cases] == [(case.name, 2) for case in CASES]
    assert profile.machine.startswith("not known: somebody's server, driven from ")
    assert profile.memory is None
