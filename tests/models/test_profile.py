"""Profiles: what they give the engines, and one clear line for one that cannot be used."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.commands import Command
from models.profile import PROFILES, load_profile, parse_profile, profile_json, profile_names
from sim.errors import BadInput

SHIPPED = json.loads((PROFILES / "talk-m7g.json").read_text(encoding="utf-8"))


def rejected(document: object) -> str:
    with pytest.raises(BadInput) as caught:
        parse_profile(json.dumps(document).encode(), "profile test")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("profile test: ")
    return message


def changed(path: str, value: object) -> dict:
    document = copy.deepcopy(SHIPPED)
    *steps, last = path.split(".")
    part = document
    for step in steps:
        part = part[step]
    part[last] = value
    return document


def test_both_profiles_are_shipped():
    assert {"talk-m7g", "x86-measured"} <= set(profile_names())


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_in_integer_nanoseconds_what_its_file_says_in_microseconds(name):
    profile = load_profile(name)
    document = json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))
    table, thread, request = profile.cost_table(), profile.engine_thread(), profile.request_ns()
    assert (table.dtype, table.shape) == (np.int64, (len(Command), 4))
    assert (request.dtype, request.shape) == (np.int64, (3,))
    for command in Command:
        cost = document["commands"][command.name]
        for column, key in enumerate(("call_us", "element_us", "depth_us", "per_key_us")):
            assert table[command, column] / 1e3 == pytest.approx(cost[key])
    costs = document["engine"]
    assert thread.wake_warm / 1e3 == pytest.approx(costs["wake_warm_us"])
    assert thread.wake_cold / 1e3 == pytest.approx(costs["wake_cold_us"])
    assert thread.wake_tau / 1e6 == pytest.approx(costs["wake_tau_ms"])
    assert request[0] / 1e3 == pytest.approx(costs["io_us"])
    assert request[1] / 1e3 == pytest.approx(document["script_overhead_us"])
    assert request[2] / 1e3 == pytest.approx(costs["replica_feed_us"])
    for field, key in (("wake_delay", "wake_delay_us"), ("per_pass", "pass_us")):
        assert getattr(thread, field) / 1e3 == pytest.approx(costs.get(key, 0.0))
    for field in ("near_lost", "far_lost", "rewarm"):
        assert getattr(thread, field) / 1e3 == pytest.approx(costs.get(f"{field}_us", 1.0))
    assert thread.near_slow == costs.get("near_slow", 0.0)
    assert thread.far_slow == costs.get("far_slow", 0.0)


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_says_what_it_is_and_adds_up(name):
    profile = load_profile(name)
    assert profile.source
    assert profile.caveat
    assert profile.fit.not_identifiable
    assert profile.fit.assumed
    errors = [abs(point.fitted_us / point.measured_us - 1) * 100 for point in profile.fit.points]
    assert profile.fit.mean_error_percent == pytest.approx(np.mean(errors), abs=0.1)
    assert profile.fit.worst_error_percent == pytest.approx(max(errors), abs=0.1)
    slope = (profile.engine.wake_cold_us - profile.engine.wake_warm_us) / profile.engine.wake_tau_ms
    assert slope == pytest.approx(profile.fit.parameters["wake_slope_us_per_ms"].best, abs=0.01)


def test_a_fit_to_a_projection_calls_itself_one():
    profile = load_profile("talk-m7g")
    assert profile.kind == "fitted_to_projection"
    assert "not evidence" in profile.caveat
    assert load_profile("x86-measured").kind == "measured"


@pytest.mark.parametrize("name", profile_names())
def test_writing_and_reading_gives_the_same_profile(name):
    profile = load_profile(name)
    assert parse_profile(profile_json(profile).encode(), name) == profile
    assert (PROFILES / f"{name}.json").read_text(encoding="utf-8") == profile_json(profile)


@pytest.mark.parametrize("name", ["", "nope", "../profile", "talk-m7g.json", "curves"])
def test_an_unknown_name_is_told_the_known_ones(name):
    with pytest.raises(BadInput, match=r"redis\.profile: .* known are talk-m7g, x86-measured"):
        load_profile(name)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("engine.wake_warm_us", -1.0, "engine.wake_warm_us"),
        ("engine.wake_warm_us", float("nan"), "engine.wake_warm_us"),
        ("engine.wake_warm_us", float("inf"), "engine.wake_warm_us"),
        ("engine.wake_warm_us", "11", "engine.wake_warm_us"),
        ("engine.wake_cold_us", 0.0, "wake_cold_us 0.0 is below wake_warm_us"),
        ("engine.wake_tau_ms", 0.0, "engine.wake_tau_ms"),
        ("engine.surprise", 1.0, "engine.surprise"),
        ("commands.LPUSH", SHIPPED["commands"]["SET"], "LPUSH unknown"),
        ("commands.ZADD.per_key_us", 0.1, "only KEYS"),
        ("commands.ZADD", None, "commands.ZADD"),
        ("kind", "guessed", "kind"),
        ("schema_version", 2, "schema_version"),
        ("fit.points", [], "fit.points"),
        ("fit.parameters.request_us", {"low": 2.0, "best": 1.0, "high": 3.0}, "low 2.0 <= best 1.0"),
    ],
)
def test_an_unusable_value_is_named(path, value, told):
    assert told in rejected(changed(path, value))


def test_every_command_must_have_its_cost():
    document = copy.deepcopy(SHIPPED)
    del document["commands"]["ZRANK"]
    assert "no cost for ZRANK" in rejected(document)


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_other_json_is_refused_in_one_line(document):
    rejected(document)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_what_is_not_json_is_refused_in_one_line(text):
    with pytest.raises(BadInput) as caught:
        parse_profile(text, "profile test")
    assert "\n" not in str(caught.value)
