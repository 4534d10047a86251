"""What a user reads when a scenario is wrong: the field, the value, what is allowed."""

import pytest

from models.scenario import load_scenario
from sim.errors import BadInput


def refusal(*args) -> str:
    with pytest.raises(BadInput) as caught:
        load_scenario(*args)
    return str(caught.value)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("gateway.pods=0", "gateway.pods: 0 is not allowed; must be an integer from 1 to 2000"),
        ("gateway.pods=abc", "gateway.pods: 'abc' is not allowed; must be an integer from 1 to 2000"),
        (
            "clients.count=3e5",
            "clients.count: 300000.0 is not allowed; must be an integer from 1 to 20,000,000; write 300000",
        ),
        (
            "clients.poll_interval_s=.nan",
            "clients.poll_interval_s: nan is not allowed; must be a number from 0.1 to 3600",
        ),
        (
            "admission.rate_rps=0",
            "admission.rate_rps: 0 is not allowed; must be a number above 0, at most 10,000,000",
        ),
        ("architecture=direct", "architecture: 'direct' is not allowed; must be gateway_admission"),
        ("waiting_room.core=fast", "waiting_room.core: 'fast' is not allowed; must be one of index, keys"),
        ("redis.profile=no/such.json", "redis.profile: 'no/such.json' is not a file that can be read"),
        ("gateway.pod=3", "gateway.pod: unknown key; did you mean gateway.pods?"),
        ("pods=3", "pods: unknown key; did you mean gateway.pods?"),
        (
            "clients.poll_interval_ms=5",
            "clients.poll_interval_ms: unknown key; did you mean clients.poll_interval_s?",
        ),
        (
            "clients.arrival.profile=weibul",
            "clients.arrival.profile: 'weibul' is not allowed; must be one of ",
        ),
        (
            "clients.tabs={9: 1}",
            "clients.tabs: 9 is not allowed as a key; must be one of 1, 2, 3, 4, 5, 6, 7, 8",
        ),
        ("clients.tabs={1: 0.5}", "clients.tabs: the shares sum to 0.5; they must sum to 1"),
        ("redis.profile=talk", "redis.profile: 'talk' is not known; did you mean talk-m7g?"),
        (
            "redis.node_type=m7g.xlarge",
            "redis.node_type: 'm7g.xlarge' is not known; did you mean cache.m7g.xlarge?",
        ),
        ("gateway.pods", "--set: 'gateway.pods' is not allowed; must be PATH=VALUE, such as gateway.pods=60"),
        ("waiting_room.event_tags=drawn", "waiting_room.event_tags: 'drawn' is not allowed; must be a list of"),
        ("event.opens_at_s=120", "event.opens_at_s: 120 is not allowed; must be before the end of the run"),
        (
            "waiting_room.event_tags=[a, b]",
            "waiting_room.event_tags: 2 tags are not allowed; must be as many as",
        ),
        ("redis.shards=20000", "redis.shards: 20000 is not allowed; must be an integer from 1 to 500"),
        ("waiting_room.events=400", "event.seats: 300 is not allowed; it is split evenly over the events"),
        (
            "admission.call_window=99",
            "admission.call_window: 99 is not allowed; must be at least admission.rate_rps = 100",
        ),
        ("admission.rate_rps=1e-7", "admission.rate_rps: 1e-07 is not allowed; must be at least 0.001, a thousandth"),
        (
            "clients.backoff_base_s=9",
            "clients.backoff_max_s: 8 is not allowed; must be at least clients.backoff_base_s = 9",
        ),
    ],
)
def test_wording(override, line):
    assert refusal("onsale-small", [override]).startswith(line)


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        (["clients.load.settle_s=60"], "clients.load.stages.0.duration_s"),
        (["run.duration_s=299"], "run.duration_s"),
        (["event.seats=3", "event.seats_per_order=2", "waiting_room.events=2"], "event.seats"),
        (["clients.tabs={8: 1.0}", "clients.count=10000000"], "clients.tabs"),
        (["clients.load.mix.join=0.5"], "clients.load.mix"),
        ([f"clients.load.stages.{k}.rate_rps=0" for k in range(5)], "clients.load.stages"),
        (["clients.load.stages.0.rate_rps=9e6"], "clients.load.stages"),
        (
            ["clients.load={mode: closed_loop, think_s: 0, stages: [{users: 10000000, duration_s: 60}]}"],
            "clients.load.stages",
        ),
        (["clients.load={mode: onsale}", "clients.count=20000000", "run.duration_s=86400"], "clients.poll"),
    ],
)
def test_contradictions_name_the_field(overrides, field):
    said = refusal("ladder-index", overrides)
    assert said.startswith(field)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "s.yaml: empty"),
        (b"- 1\n", "s.yaml: must be a mapping"),
        (
            b"gateway: {pods: 1}\ngateway: {pods: 2}\n",
            's.yaml: line 2: not valid YAML: found duplicate key "gateway"',
        ),
        (b"\xff\xfe", "s.yaml: not UTF-8 text (byte 0)"),
        (b"a: &a [1, 1]\nb: [*a, *a]\n", "s.yaml: line 1: anchors and aliases (& and *) are not allowed"),
        (b"a: !!python/name:os.system\n", "s.yaml: line 1: tags (!) are not allowed"),
        (b"a: " + b"[" * 50_000, "s.yaml: line 1: nested too deeply; at most 20 levels"),
        (b"#" * 300_000, "s.yaml: too large; at most 262,144 bytes"),
        (b"gateway:\n\tpods: 3\n", "s.yaml: line 2: not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "s.yaml: line 2: not valid YAML"),
        (b"extends: s.yaml\n", "s.yaml: extends itself (s -> s)"),
        (b"extends: onsale-30k\n", "s.yaml: extends: 'onsale-30k' is not known; did you mean onsale-300k?"),
        (b"extends: gone.yaml\n", "s.yaml: extends: there is no file 'gone.yaml'"),
        (b"extends: 3\n", "s.yaml: extends: 3 is not allowed"),
        (
            b"event: {seats: " + b"9" * 5000 + b"}\n",
            "s.yaml: has an impossible date, or a number of thousands",
        ),
        (b"? [a]\n: 3\n", "scenario: a list of 1 is not allowed as a key"),
        (b'"a\\nb": 3\n', "'a\\nb': unknown key"),
        (b"gateway:\n", "gateway: null is not allowed; must be a mapping of pods, "),
        (b"clients: {arrival: {profile: trace, file: gone.csv}}\n", "clients.arrival.file: "),
    ],
)
def test_unusable_files(tmp_path, content, says):
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    said = refusal(path)
    assert said.startswith(says)


def test_a_circle_of_files_is_shown(tmp_path):
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {parent}.yaml\n")
    said = refusal(tmp_path / "a.yaml")
    assert said == "a.yaml: extends itself (a -> b -> c -> a)"


def test_the_number_of_further_errors_is_told():
    said = refusal("onsale-small", ["gateway.pods=0", "redis.shards=0", "slo.oversold=x"])
    assert said == "gateway.pods: 0 is not allowed; must be an integer from 1 to 2000 (and 2 more)"
