"""Scenarios: what is shipped, what a file can say, what a hash stands for."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import models.scenario
from models.plan.placement import place, tags_of
from models.scenario import (
    Scenario,
    json_schema,
    load_scenario,
    scenario_from_mapping,
    scenario_hash,
    scenario_names,
)
from models.vocabulary.streams import Stream
from sim.draws import stream_starts

STARTS = stream_starts(1, len(Stream))
NAMES = [name for name, _ in scenario_names()]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


class TestShipped:
    def test_names(self):
        assert set(NAMES) == {
            "onsale-300k",
            "onsale-300k-five",
            "waf-off",
            "waf-on",
            "waf-carrier-nat",
            "waf-tuned",
            "onsale-300k-spread",
            "onsale-300k-star",
            "primary-reads",
            "onsale-3m",
            "onsale-small",
            "ladder-index",
            "ladder-keys",
            "ladder-keys-closed",
            "ladder-scaling",
            "autoscale-from-3",
            "prewarmed-30",
            "pool-100",
            "readiness-5s",
            "spot-wave",
            "hot-slot",
            "spread-slots",
            "replica-reads",
            "three-shards",
            "failover-at-peak",
            "mesh-none",
            "mesh-ambient",
            "mesh-sidecar",
        }

    @pytest.mark.parametrize("name", NAMES)
    def test_is_valid_described_and_named_after_its_file(self, name):
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.description == dict(scenario_names())[name]
        assert len(scenario.description) > 40

    def test_the_default_is_the_talks_design(self):
        s = load_scenario("onsale-300k")
        assert (s.clients.count, s.event.seats, s.clients.poll_interval_s) == (300_000, 10_000, 5)
        assert (s.gateway.pods, s.redis.shards, s.redis.replicas_per_shard) == (30, 5, 1)
        assert (s.admission.rate_rps, s.redis.node_type) == (1000, "cache.m7g.xlarge")
        assert s.redis.profile == "talk-m7g"
        assert s.admission.call_window >= 2 * s.admission.rate_rps * s.clients.poll_interval_s

    def test_what_is_not_said_of_the_readiness_probe_is_as_in_the_talk(self):
        probe = load_scenario("readiness-5s").gateway.probes.readiness
        assert (probe.initial_delay_s, probe.period_s, probe.failure_threshold) == (5, 5, 3)
        probe = load_scenario("autoscale-from-3", ["gateway.probes.readiness.timeout_s=2"]).gateway.probes.readiness
        assert (probe.initial_delay_s, probe.period_s, probe.timeout_s) == (15, 5, 2)

    def test_the_fields_own_defaults_are_the_same_design(self):
        assert scenario_hash(Scenario()) == scenario_hash(load_scenario("onsale-300k"))

    def test_ladders_climb_the_talks_stages(self):
        for name in ("ladder-index", "ladder-keys"):
            load = load_scenario(name).clients.load
            assert [stage.rate_rps for stage in load.stages] == [1000, 5000, 10_000, 20_000, 30_000]
        assert load_scenario("ladder-keys").waiting_room.core == "keys"
        assert load_scenario("ladder-keys-closed").clients.load.mode == "closed_loop"

    def test_the_same_load_meets_one_shard_or_all_evenly(self):
        hot, spread, three = (load_scenario(name) for name in ("hot-slot", "spread-slots", "three-shards"))
        assert hot.clients == spread.clients
        assert sorted(place(hot, STARTS).event_node.tolist()) == [2]
        assert sorted(place(spread, STARTS).event_node.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        assert sorted(place(three, STARTS).event_node.tolist()) == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]

    def test_big_one_is_ten_times_the_talk_on_everything_that_counts(self):
        one, ten = load_scenario("onsale-300k"), load_scenario("onsale-3m")
        for path in ("clients.count", "event.seats", "admission.rate_rps", "redis.shards", "gateway.pods"):
            section, field = path.split(".")
            assert getattr(getattr(ten, section), field) == 10 * getattr(getattr(one, section), field)


class TestFile:
    def test_extends_merges_mappings_and_replaces_lists_and_kinds(self, tmp_path):
        write(tmp_path / "base.yaml", "extends: ladder-index\ndescription: base\nredis: {shards: 7}\n")
        path = write(
            tmp_path / "child.yaml",
            "extends: base.yaml\nredis: {replicas_per_shard: 2}\n"
            "clients: {load: {stages: [{rate_rps: 9, duration_s: 30}]}}\n",
        )
        s = load_scenario(path)
        assert (s.redis.shards, s.redis.replicas_per_shard) == (7, 2)
        assert [stage.rate_rps for stage in s.clients.load.stages] == [9]
        assert (s.name, s.description) == ("child", "")

    def test_another_kind_of_arrival_drops_the_settings_of_the_old_one(self, tmp_path):
        path = write(
            tmp_path / "a.yaml",
            "extends: onsale-small\nclients: {arrival: {profile: uniform, over_s: 9}}\n",
        )
        assert load_scenario(path).clients.arrival.model_dump() == {"profile": "uniform", "over_s": 9}

    def test_shares_of_a_whole_are_replaced_together(self, tmp_path):
        write(tmp_path / "a.yaml", "extends: onsale-small\nclients: {tabs: {1: 0.5, 2: 0.5}}\n")
        path = write(tmp_path / "b.yaml", "extends: a.yaml\nclients: {tabs: {3: 1.0}}\n")
        assert load_scenario(path).clients.tabs == {3: 1.0}

    def test_trace_is_found_beside_the_file_that_names_it(self, tmp_path, monkeypatch):
        (tmp_path / "deep").mkdir()
        trace = write(tmp_path / "deep" / "t.csv", "arrival_s\n1\n")
        write(
            tmp_path / "deep" / "a.yaml",
            "extends: onsale-small\nclients: {count: 1, arrival: {profile: trace, file: t.csv}}\n",
        )
        path = write(tmp_path / "b.yaml", "extends: deep/a.yaml\n")
        monkeypatch.chdir(tmp_path)
        assert load_scenario("b.yaml").clients.arrival.file == str(trace)
        overridden = load_scenario(path, ["clients.arrival.file=deep/t.csv"])
        assert overridden.clients.arrival.file == str(trace)

    def test_a_profile_is_found_beside_the_file_that_names_it_and_shown_as_it_was_given(self, tmp_path, monkeypatch):
        (tmp_path / "deep").mkdir()
        write(tmp_path / "deep" / "p.json", "{}")
        write(tmp_path / "p.json", "{}")
        write(tmp_path / "deep" / "a.yaml", "extends: onsale-small\nredis: {profile: p.json}\n")
        write(tmp_path / "b.yaml", "extends: deep/a.yaml\n")
        monkeypatch.chdir(tmp_path)
        assert load_scenario("b.yaml").redis.profile == "deep/p.json"
        assert load_scenario("deep/a.yaml").redis.profile == "deep/p.json"
        assert load_scenario("deep/a.yaml", ["redis.profile=p.json"]).redis.profile == "p.json"
        assert load_scenario("onsale-small", ["redis.profile=deep/p.json"]).redis.profile_file == "deep/p.json"
        assert load_scenario(tmp_path / "b.yaml").redis.profile == str(tmp_path / "deep" / "p.json")
        monkeypatch.chdir(tmp_path / "deep")
        assert load_scenario("../b.yaml").redis.profile == "../deep/p.json"
        assert load_scenario("onsale-small").redis.profile_file is None

    def test_utf8_with_a_byte_order_mark_is_fine(self, tmp_path):
        path = tmp_path / "bom.yaml"
        path.write_bytes(b"\xef\xbb\xbfextends: onsale-small\ndescription: f\xc3\xbcr alle\n")
        assert load_scenario(path).description == "für alle"


class TestOverrides:
    def test_values_are_yaml(self):
        s = load_scenario(
            "onsale-small",
            [
                "gateway.pods=7",
                "clients.poll_interval_s=2",
                "clients.poll_advised=[{up_to_position: 100, interval_s: 1}, {interval_s: 9}]",
                "clients.patience={median_s: 60}",
                "waiting_room.replica_reads=true",
            ],
        )
        assert (s.gateway.pods, s.clients.poll_interval_s) == (7, 2.0)
        assert s.clients.poll_advised[1].up_to_position is None
        assert s.clients.patience.median_s == 60
        assert s.waiting_room.replica_reads

    def test_one_item_of_a_list(self):
        stages = load_scenario("ladder-index", ["clients.load.stages.1.rate_rps=6e3"]).clients.load.stages
        assert [stage.rate_rps for stage in stages] == [1000, 6000, 10_000, 20_000, 30_000]

    def test_one_share_of_a_whole(self):
        s = load_scenario("onsale-small", ["clients.tabs={1: 1.0}", "clients.tabs.1=0.5", "clients.tabs.2=0.5"])
        assert s.clients.tabs == {1: 0.5, 2: 0.5}

    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_new_kind_and_its_settings_come_in_any_order(self, reverse):
        texts = ["clients.arrival.profile=exponential", "clients.arrival.mean_s=9"]
        s = load_scenario("onsale-small", texts[::-1] if reverse else texts)
        assert s.clients.arrival.model_dump() == {"profile": "exponential", "mean_s": 9}

    def test_later_ones_win(self):
        assert load_scenario("onsale-small", ["gateway.pods=3", "gateway.pods=4"]).gateway.pods == 4


class TestHash:
    def test_names_and_descriptions_do_not_count(self):
        a = load_scenario("onsale-small")
        b = load_scenario("onsale-small", ["name=other", "description=else"])
        assert scenario_hash(a) == scenario_hash(b)
        assert re.fullmatch("[0-9a-f]{16}", scenario_hash(a))

    def test_saying_a_default_or_an_integer_for_a_float_changes_nothing(self):
        plain = scenario_hash(load_scenario("onsale-small"))
        assert plain == scenario_hash(load_scenario("onsale-small", ["gateway.backlog=0"]))
        assert plain == scenario_hash(load_scenario("onsale-small", ["admission.rate_rps=100.0"]))
        assert plain == scenario_hash(load_scenario("onsale-small", ["clients.tabs={1: 1}"]))

    def test_equal_scenarios_read_equal(self):
        """What reads the shares in order must see the same order whenever the hash is the same."""
        a = load_scenario("onsale-small", ["clients.tabs={2: 0.5, 1: 0.5}"])
        assert list(a.clients.tabs) == [1, 2]

    def test_everything_else_counts(self):
        hashes = [scenario_hash(load_scenario(name)) for name in NAMES]
        for change in ("gateway.pods=3", "slo.mean_wait_s=1", "clients.tabs={2: 1}", "redis.shards=6"):
            hashes.append(scenario_hash(load_scenario("onsale-small", [change])))
        assert len(set(hashes)) == len(hashes)

    def test_a_trace_counts_by_content_not_by_path(self, tmp_path):
        one = write(tmp_path / "one.csv", "arrival_s\n1\n")
        two = write(tmp_path / "two.csv", "arrival_s\n1\n")
        three = write(tmp_path / "three.csv", "arrival_s\n2\n")
        hashes = [
            scenario_hash(load_scenario("onsale-small", [f"clients.arrival={{profile: trace, file: {path}}}"]))
            for path in (one, two, three)
        ]
        assert hashes[0] == hashes[1] != hashes[2]

    def test_a_profile_of_ones_own_counts_by_content_not_by_path(self, tmp_path):
        files = [write(tmp_path / f"{k}.json", text) for k, text in enumerate(("{}", "{}", "[]"))]
        hashes = [scenario_hash(load_scenario("onsale-small", [f"redis.profile={path}"])) for path in files]
        assert hashes[0] == hashes[1] != hashes[2]

    @pytest.mark.parametrize("name", NAMES)
    def test_survives_a_manifest(self, name):
        scenario = load_scenario(name)
        again = scenario_from_mapping(json.loads(scenario.model_dump_json()))
        assert again == scenario
        assert scenario_hash(again) == scenario_hash(scenario)


class TestSchema:
    def test_committed_file_is_current(self):
        committed = Path(models.scenario.__file__).with_name("schema.json")
        assert json.loads(committed.read_text()) == json_schema(), (
            "renew it: breakwater schema > models/scenario/schema.json"
        )

    def test_every_default_says_where_it_comes_from(self):
        """Not a section, a default: from the talk, from a named source, or an assumption."""
        schema = json_schema()
        fields = [
            (f"{section}.{name}", field)
            for section, node in schema["$defs"].items()
            for name, field in node["properties"].items()
        ]
        unsaid = [
            name
            for name, field in fields
            if "default" in field
            and "const" not in field
            and not isinstance(field["default"], dict)
            and not re.search(r"the talk|source: |assumption", field["description"])
        ]
        assert len(fields) > 90
        assert unsaid == []

    def test_every_setting_other_programs_rely_on_exists(self):
        s = load_scenario("onsale-300k")
        for path in (
            "clients.count",
            "clients.poll_interval_s",
            "event.seats",
            "admission.rate_rps",
            "admission.burst",
            "redis.shards",
            "redis.replicas_per_shard",
            "redis.node_type",
            "redis.profile",
            "gateway.pods",
            "waiting_room.core",
            "waiting_room.events",
            "waiting_room.ticket_order",
            "waiting_room.replica_reads",
        ):
            section, field = path.split(".")
            assert hasattr(getattr(s, section), field), path


def test_a_scenario_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load_scenario("onsale-small").gateway.pods = 3


def test_tags_default_to_one_per_event():
    s = load_scenario("onsale-small", ["waiting_room.events=3"])
    assert tags_of(s, STARTS) == ("onsale-1", "onsale-2", "onsale-3")


def test_drawn_tags_differ_by_seed_and_stay_when_events_are_added():
    three, seven = (load_scenario("onsale-300k-five", [f"waiting_room.events={n}"]) for n in (3, 7))
    assert tags_of(seven, STARTS)[:3] == tags_of(three, STARTS)
    by_seed = {tags_of(seven, stream_starts(seed, len(Stream))) for seed in range(20)}
    assert len(by_seed) == 20
    assert all(len(set(tags)) == 7 for tags in by_seed)


def test_drawn_tags_fall_on_five_shards_as_often_evenly_as_chance_has_it():
    five = load_scenario("onsale-300k-five")
    seeds = 2000
    even = sum(
        len(set(place(five, stream_starts(seed, len(Stream))).event_node.tolist())) == 5 for seed in range(seeds)
    )
    expected = 120 / 5**5  # 5! of 5^5 ways
    assert abs(even / seeds - expected) < 4 * (expected * (1 - expected) / seeds) ** 0.5


@pytest.mark.parametrize(
    ("changes", "reads", "why"),
    [
        ((), True, None),
        (("waiting_room.replica_reads=false",), False, None),
        (("redis.replicas_per_shard=0",), False, "replicas_per_shard"),
        (("waiting_room.core=keys",), False, "KEYS"),
        (("faults=[{kind: redis_failover, at_s: 9}]",), False, "not modelled"),
    ],
)
def test_status_is_read_from_replicas_where_there_are_any_and_that_is_modelled(changes, reads, why):
    s = load_scenario("onsale-small", changes)
    assert s.reads_replicas is reads
    assert place(s, STARTS).replicas == int(reads)
    assert (s.without_replica_reads is None) == (why is None)
    assert why is None or why in s.without_replica_reads


def test_reading_scenarios_needs_no_numpy():
    code = "import sys, models.scenario; sys.exit(any(m in sys.modules for m in ('numpy', 'pandas', 'numba')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
