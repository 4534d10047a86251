"""Profiles: what they give the engines, and one clear line for one that cannot be used."""

import copy
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.redis_costs.commands import FREE_LEVELS, Command, log2_1024
from models.redis_costs.parts import Draws
from models.redis_costs.profile import PROFILES, load_profile, parse_profile, profile_json, profile_names
from models.vocabulary.operations import Op
from sim.errors import BadInput
from tests.strategies.profiles import drawable

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
        part = part[int(step) if isinstance(part, list) else step]
    part[int(last) if isinstance(part, list) else last] = value
    return document


def test_both_profiles_are_shipped():
    assert {"talk-m7g", "x86-measured"} <= set(profile_names())


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_in_integer_nanoseconds_what_its_file_says_in_microseconds(name):
    profile = load_profile(name)
    document = json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))
    table, thread, request = profile.cost_table(), profile.engine_thread(), profile.request_ns()
    assert (table.dtype, table.shape) == (np.int64, (len(Command), 6))
    assert (request.dtype, request.shape) == (np.int64, (3,))
    for command in Command:
        cost = document["commands"][command.name]
        for column, key in enumerate(("call_us", "element_us", "depth_us", "per_key_us", "per_key_doubling_us")):
            assert table[command, column] / 1e3 == pytest.approx(cost[key], abs=0.00051)
        free = "keys_near" if command == Command.KEYS else "walks_from_members"
        assert table[command, FREE_LEVELS] == log2_1024(document.get(free, 0) + 1)
    costs = document["engine"]
    assert thread.wake_warm / 1e3 == pytest.approx(costs["wake_warm_us"], abs=0.00051)
    assert thread.wake_cold / 1e3 == pytest.approx(costs["wake_cold_us"], abs=0.00051)
    assert thread.wake_tau / 1e6 == pytest.approx(costs["wake_tau_ms"], abs=0.00051)
    assert request[0] / 1e3 == pytest.approx(costs["io_us"], abs=0.00051)
    assert request[1] / 1e3 == pytest.approx(document["script_overhead_us"], abs=0.00051)
    assert request[2] / 1e3 == pytest.approx(costs["replica_feed_us"], abs=0.00051)
    for field, key in (("wake_delay", "wake_delay_us"), ("per_pass", "pass_us")):
        assert getattr(thread, field) / 1e3 == pytest.approx(costs.get(key, 0.0), abs=0.00051)
    for field in ("near_lost", "far_lost", "rewarm"):
        assert getattr(thread, field) / 1e3 == pytest.approx(costs.get(f"{field}_us", 1.0), abs=0.00051)
    assert thread.near_slow == costs.get("near_slow", 0.0)
    assert thread.far_slow == costs.get("far_slow", 0.0)


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_says_what_it_is_and_adds_up(name):
    profile = load_profile(name)
    assert profile.source
    assert profile.caveat
    assert profile.fit.not_identifiable
    assert profile.fit.assumed
    if not profile.fit.cases:
        assert profile.kind == "derived"
        return
    errors = [abs(case.fitted_us / case.measured_us.best - 1) * 100 for case in profile.fit.cases]
    assert profile.fit.mean_error_percent == pytest.approx(np.mean(errors), abs=0.1)
    assert profile.fit.worst_error_percent == pytest.approx(max(errors), abs=0.1)
    if "wake_slope_us_per_ms" not in profile.fit.parameters:
        return  # calibrated: what a wake-up costs is work on cold caches
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


def test_a_profile_of_ones_own_is_a_file_by_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text(profile_json(load_profile("x86-measured")), encoding="utf-8")
    assert load_profile("mine.json") == load_profile(str(tmp_path / "mine.json")) == load_profile("x86-measured")


@pytest.mark.parametrize("name", ["talk-m7g.json", ".json", "/.json", "no/such.json", "\0.json", "x" * 5000 + ".json"])
def test_a_file_that_cannot_be_read_is_told_in_one_line(name):
    with pytest.raises(BadInput, match=r"^redis\.profile: .* cannot be read: ") as caught:
        load_profile(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_a_damaged_file_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text(json.dumps(changed("engine.io_us", -1)), encoding="utf-8")
    with pytest.raises(BadInput, match=r"^profile mine\.json: engine\.io_us: -1 is not allowed; must be greater than"):
        load_profile("mine.json")
    (tmp_path / "mine.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(BadInput, match=r"^redis\.profile: 'mine\.json' is too large; at most 1,000,000 bytes"):
        load_profile("mine.json")


@pytest.mark.parametrize("name", ["", "nope", "../profile", "curves"])
def test_an_unknown_name_is_told_the_known_ones(name):
    with pytest.raises(BadInput, match=r"redis\.profile: .* known are m7g-xlarge-derived, talk-m7g"):
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
        ("commands.LPUSH", SHIPPED["commands"]["SET"], "commands: 'LPUSH' is unknown; known are"),
        ("commands.ZADD.per_key_us", 0.1, "only KEYS"),
        ("commands.ZADD.per_key_doubling_us", 0.1, "commands.ZADD.per_key_doubling_us: only KEYS"),
        ("commands.ZADD", None, "commands.ZADD"),
        ("kind", "guessed", "kind"),
        ("schema_version", 1, "schema_version: 1 is not read any more; must be 2"),
        ("readings.one_primary.factor", 3.0, "readings: 0 have factor 1; it must be one"),
        ("readings.five_primaries.factor", 1.0, "readings: 2 have factor 1; it must be one"),
        ("readings.five_primaries.factor", 0.0, "readings.five_primaries.factor"),
        ("fit.cases", [], "fit: mean_error_percent: 1.4 does not go with 0 cases"),
        ("fit.mean_error_percent", None, "fit: mean_error_percent: None does not go with 4 cases"),
        ("fit.cases.0.measured_us.low", 99.0, "fit.cases.0.measured_us: low 99.0 and high None: both or neither"),
        ("fit.cases.0.rate_rps", 0.0, "fit.cases.0.rate_rps: 0.0 is not allowed; must be greater than 0"),
        ("engine.io_warm_us", 99.0, "engine: io_warm_us 99.0 is above io_us"),
        ("precision.reached", True, "precision: reached true does not go with 1 misses"),
        ("machine_state", {"steal_median_percent": 101}, "machine_state.steal_median_percent: 101 is not allowed"),
        (
            "machine_state",
            {
                "steal_median_percent": 0.0,
                "steal_worst_percent": 0.0,
                "windows_kept": 1,
                "windows_discarded": {},
                "speed": {"core_ns": 0.0},
            },
            "machine_state.speed.core_ns: 0.0 is not allowed; must be greater than 0 (and 4 more)",
        ),
        ("memory", {}, "memory.per_client_bytes: missing"),
        ("server", {"name": "redis", "version": 7, "settings": {}}, "server.version: 7 is not allowed"),
        ("draws.parameters.0", "engine.wake_hot_us", "draws.parameters.0: 'engine.wake_hot_us' is no cost"),
        ("draws.parameters.0", "engine.*", "draws.parameters.0: 'engine.*' is no cost"),
        ("draws.parameters.1", "engine.wake_warm_us", "draws: parameters: 'engine.wake_warm_us' stands there twice"),
        ("draws.values.7", [1.0, 2.0], "draws: values.7: 2 values; must be 5, one per parameter"),
        ("draws.values.7.0", -1.0, "draws.values.7.0: -1.0 is not allowed; must be greater than or equal to 0"),
        ("draws.values.7.0", 1e5, "draws.values.7: engine.wake_cold_us"),
        ("draws.values.7.4", 1e5, "draws.values.7: commands.HMGET.call_us: "),
        ("draws.values", [], "draws: 0 rows of values do not go with 5 parameters"),
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


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_profile_is_refused_in_one_line_or_is_a_profile(data):
    document = copy.deepcopy(SHIPPED)
    for _ in range(data.draw(st.integers(1, 3))):
        box, key = data.draw(st.sampled_from(list(places(document))))
        damage = data.draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if damage == "remove":
            del box[key]
        elif damage == "add" and isinstance(box, dict):
            box[data.draw(st.text(max_size=5))] = data.draw(JUNK)
        else:
            box[key] = data.draw(JUNK)
    line = None
    try:
        profile = parse_profile(json.dumps(document).encode(), "profile test")
    except BadInput as error:
        line = str(error)
    if line is None:
        assert parse_profile(profile_json(profile).encode(), "again") == profile
    else:
        assert re.match(r"profile test: \S", line)
        assert line.isprintable()
        assert len(line) < 500
        assert not re.search(r"pydantic|Input should|Value error", line)


def places(node):
    """Yield every container of a document with each of its keys."""
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from places(value)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.sampled_from([0, 0.0, 1, 1e5, 1e300, 5e-324, "measured", "derived", "engine.io_us", "commands.*"])
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30)
@given(drawable(load_profile("x86-measured")), st.floats(0, 1, exclude_max=True))
def test_every_row_of_draws_can_be_drawn_and_nothing_else(profile, u):
    rows = profile.draws.values
    every = [profile.drawn((k + 0.5) / len(rows)) for k in range(len(rows))]
    assert [found.engine.wake_warm_us for found in every] == [row[0] for row in rows]
    assert profile.drawn(u) in every
    assert (profile.drawn(0.0), profile.drawn(1 - 2**-53)) == (every[0], every[-1])
    for found in every:
        assert (found.cost_table() >= 0).all()
        assert (found.request_ns() >= 0).all()
        assert min(found.engine_thread()) >= 0
        assert found.engine.wake_cold_us >= found.engine.wake_warm_us


def test_without_draws_the_profile_itself_is_drawn():
    profile = load_profile("talk-m7g")
    none = profile.model_copy(update={"draws": Draws(parameters=(), values=())})
    assert none.drawn(0.3) is none


@pytest.mark.parametrize("u", [-0.1, 1.0, float("nan")])
def test_a_draw_is_picked_by_a_number_below_1(u):
    with pytest.raises(ValueError, match="must be at least 0 and below 1"):
        load_profile("talk-m7g").drawn(u)


def test_what_is_drawn_replaces_a_cost_or_scales_those_of_commands_but_not_the_cost_per_key():
    best = load_profile("x86-measured")
    draws = Draws(
        parameters=("commands.*", "commands.ZADD.*", "commands.GET.call_us", "engine.io_us"),
        values=((2.0, 1.5, 7.0, 9.0),),
    )
    drawn = best.model_copy(update={"draws": draws}).drawn(0.5)
    assert drawn.engine == best.engine.model_copy(update={"io_us": 9.0})
    assert drawn.script_overhead_us == best.script_overhead_us
    for name, cost in drawn.commands.items():
        factor = {"ZADD": 3.0}.get(name, 2.0)
        was = best.commands[name]
        assert cost.call_us == pytest.approx(7.0 if name == "GET" else was.call_us * factor)
        assert cost.element_us == pytest.approx(was.element_us * factor)
        assert cost.depth_us == pytest.approx(was.depth_us * factor)
        assert (cost.per_key_us, cost.per_key_doubling_us) == (was.per_key_us, was.per_key_doubling_us)


def test_a_script_that_was_measured_by_itself_has_its_own_overhead_also_in_draws():
    document = changed("scripts", {"join": {"overhead_us": 7.5}})
    document["draws"] = {"parameters": ["scripts.join.overhead_us"], "values": [[9.25]]}
    profile = parse_profile(json.dumps(document).encode(), "test")
    own = profile.script_ns()
    assert own[Op.JOIN] == 7500
    assert set(np.delete(own, Op.JOIN).tolist()) == {round(document["script_overhead_us"] * 1e3)}
    assert profile.drawn(0.5).script_ns()[Op.JOIN] == 9250
    assert (profile.times(lambda path: 2.0).script_ns() == 2 * own).all()


def test_an_overhead_of_what_no_script_does_is_refused():
    told = rejected(changed("scripts", {"reserve": {"overhead_us": 7.5}}))
    assert "scripts: 'reserve' is unknown; known are enter, expire, join, leave, status, status_read" in told
    assert "scripts.join.overhead_us" in rejected(changed("scripts", {"join": {"overhead_us": -1.0}}))


def test_an_older_file_is_refused_with_what_to_do():
    document = changed("schema_version", 1)
    document["fit"]["points"] = document["fit"].pop("cases")
    assert "schema_version: 1 is not read any more; must be 2: calibrate anew" in rejected(document)


def test_a_profile_derived_from_others_needs_no_cases_of_its_own():
    document = changed("fit.cases", [])
    document["fit"] |= {"mean_error_percent": None, "worst_error_percent": None, "leave_one_out_percent": None}
    assert "fit.cases: none; a profile that is fitted to a published projection must have" in rejected(document)
    document["kind"] = "derived"
    assert parse_profile(json.dumps(document).encode(), "test").fit.cases == ()


def test_a_text_is_kept_as_it_is_where_rows_of_numbers_are_put_on_one_line():
    profile = load_profile("talk-m7g").model_copy(update={"source": "[1,  2]\n[\n 3\n]"})
    assert parse_profile(profile_json(profile).encode(), "test") == profile


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_can_be_read_by_people(name):
    text = (PROFILES / f"{name}.json").read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert text.count("\n") < 2_500
    assert len(load_profile(name).draws.values) == 100


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_what_is_not_json_is_refused_in_one_line(text):
    with pytest.raises(BadInput) as caught:
        parse_profile(text, "profile test")
    assert "\n" not in str(caught.value)
