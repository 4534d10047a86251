"""Whatever is given as a scenario, the answer is a valid scenario or one line that helps."""

import json
import math
import os
import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.scenario import Scenario, load_scenario, scenario_from_mapping, scenario_hash, scenario_names
from sim.errors import BadInput

SHIPPED = [load_scenario(name).model_dump(mode="json") for name, _ in scenario_names()]


def outcome(read) -> str | None:
    """Return the one line of refusal, or None for a scenario; anything else fails."""
    try:
        scenario = read()
    except BadInput as error:
        line = str(error)
        assert re.match(r".+: \S", line), line
        assert line.isprintable(), ascii(line)
        assert len(line) < 500
        assert not re.search(r"pydantic|Traceback|input_type|<class|object at", line), line
        return line
    assert isinstance(scenario, Scenario)
    assert scenario_from_mapping(json.loads(scenario.model_dump_json())) == scenario
    assert len(scenario_hash(scenario)) == 16
    assert is_consistent(scenario)
    return None


def is_consistent(s: Scenario) -> bool:
    """Say what must hold of a scenario that is let through, in other words than the checks."""
    sizes = s.clients.count <= 20_000_000 and s.waiting_room.events <= 1000 and s.gateway.pods <= 2000
    each = min(s.event.seats, s.admission.burst, s.admission.call_window) // s.waiting_room.events
    shares = math.isclose(sum(s.clients.tabs.values()), 1, abs_tol=1e-8)
    given = s.waiting_room.event_tags
    tags = given is None or len(set(given)) == s.waiting_room.events
    return sizes and each >= 1 and shares and tags and s.admission.rate_rps > 0


def paths(node, here=()):
    """Yield the path of everything in a nested scenario."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*here, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*here, key))


def value_at(node, path):
    for key in path:
        node = node[key]
    return node


def changed(node, path, change):
    """Return a copy of `node` with `change` applied to the container of the last key of `path`."""
    copy = dict(node) if isinstance(node, dict) else list(node)
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


words = st.sampled_from(
    [
        "rush",
        "uniform",
        "exponential",
        "weibull",
        "piecewise",
        "trace",
        "onsale",
        "open_loop",
        "closed_loop",
        "keys",
        "index",
        "reply",
        "pods",
        "events",
        "over_s",
        "stages",
        "mix",
        "tabs",
        "points",
        "true",
        "null",
        "yes",
        "1e3",
        "talk-m7g",
        "x86-measured",
        "cache.m5.large",
        "median_s",
        "file",
    ]
)
numbers = st.one_of(
    st.integers(-2, 12),
    st.integers(-(10**30), 10**30),
    st.sampled_from([0, 1, 100, 1000, 20_000, 10**6, 10**9, 2**63, 10**400]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1),
    st.sampled_from([1e-12, 0.5, 1.5, 1e9, -0.0, 5e-324]),
)
scalars = st.one_of(numbers, st.booleans(), st.none(), words, st.text(max_size=12), st.binary(max_size=3))
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(words | st.text(max_size=5) | st.integers(0, 9) | st.none(), inner, max_size=4)
    ),
    max_leaves=6,
)


@st.composite
def broken(draw):
    """A shipped scenario with one to three things replaced, removed or added."""
    data = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(data))))
        value = draw(junk)
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add", "copy"]))
        if kind == "copy":  # a value of the right type from somewhere else
            other = draw(st.sampled_from(list(paths(data))))
            value = value_at(data, other)
        name = draw(words | st.text(max_size=6))

        def change(box, key, kind=kind, value=value, name=name):
            if kind == "remove":
                del box[key]
            elif kind == "add" and isinstance(box, dict):
                box[name] = value
            else:
                box[key] = value

        data = changed(data, path, change)
    return data


@st.composite
def scaled(draw):
    """A shipped scenario with one to six of its numbers made smaller or larger: right types, odd sense."""
    data = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from([p for p in paths(data) if type(value_at(data, p)) in (int, float)]))
        factor = draw(st.sampled_from([0, 0.001, 0.1, 0.5, 2, 10, 1000]))
        old = value_at(data, path)
        new = type(old)(old * factor)
        data = changed(data, path, lambda box, key, new=new: box.__setitem__(key, new))
    return data


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
def test_broken_scenarios_are_refused_in_one_line_or_valid(data):
    outcome(lambda: scenario_from_mapping(data))


@settings(max_examples=500, deadline=None)
@given(scaled())
def test_scaled_scenarios_are_refused_in_one_line_or_valid(data):
    outcome(lambda: scenario_from_mapping(data))


@example({"[key]": None})
@example({"gateway": {"[key]": 1}})
@settings(max_examples=300, deadline=None)
@given(junk)
def test_junk_for_a_whole_scenario(data):
    if isinstance(data, dict):
        outcome(lambda: scenario_from_mapping(data))


known = [".".join(map(str, path)) for data in SHIPPED for path in paths(data)]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["onsale-small", "ladder-index"]),
    st.lists(
        st.tuples(st.sampled_from(known) | st.text(max_size=10), st.text(max_size=12) | numbers.map(str) | words),
        min_size=1,
        max_size=3,
    ),
)
def test_any_override(name, changes):
    outcome(lambda: load_scenario(name, [f"{path}={value}" for path, value in changes]))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30) | st.binary(max_size=30))
def test_any_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    outcome(lambda: load_scenario(path))


yaml_pieces = st.one_of(
    st.sampled_from(["gateway", "pods", "extends", "3", ".nan", "0o7", "2024-01-01", "~", "%YAML 1.1"]),
    st.sampled_from([": ", ":", "\n", "  ", "\t", "- ", "? ", ", ", "{", "}", "[", "]", "|", ">", "'", '"']),
    st.sampled_from(["&a", "*a", "!!set", "#", "---", "...", "<<"]),
)


@example("? - : ")
@example("%YAML 1.13\n---\n3")
@settings(max_examples=500, deadline=None)
@given(st.lists(yaml_pieces, max_size=14).map("".join))
def test_any_yaml(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "yaml.yaml"
    path.write_text(text)
    outcome(lambda: load_scenario(path))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_name(name):
    # no file has that name, nor can have it; and hypothesis also tries texts that stand in the sources
    if not os.path.exists(name) and name not in dict(scenario_names()):
        assert outcome(lambda: load_scenario(name)) is not None
