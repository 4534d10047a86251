"""What a run used beyond the ranges of its profile: found, and said in a sentence each."""

import pytest

from models.experiments.simulate import simulate
from models.judge.ranges import range_notes
from models.judge.verdict import judge
from models.redis_costs.parts import Beyond, Range
from models.redis_costs.profile import load_profile
from models.redis_costs.ranges import Outside, outside
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result

OVER = {"members": Range(low=1_000, high=100_000), "rate_rps": Range(low=20, high=30_000)}


def test_what_is_within_is_not_named_and_what_is_beyond_is_with_its_limit():
    assert outside(OVER, {"members": 100_000, "rate_rps": 1}, {}) == ()
    assert outside(OVER, {"members": 100_001, "rate_rps": 30_001}, {}) == (
        Outside("members", 100_001, 100_000),
        Outside("rate_rps", 30_001, 30_000),
    )


def test_a_range_that_nobody_states_is_not_taken_for_endless():
    assert outside({}, {"connections": 1}, {}) == (Outside("connections", 1, None),)


def test_what_was_seen_further_out_is_told_but_is_no_cost():
    assert outside(OVER, {"rate_rps": 40_000}, {"rate_rps": Beyond(at=50_000, adds_us=1.25)}) == (
        Outside("rate_rps", 40_000, 30_000, 50_000, 1.25),
    )
    found = [["connections", 30_000, 100.0, 19_700.0, 7.2]]
    (note,) = range_notes(onsale_result(load_scenario("onsale-300k"), facts={"outside_ranges": found}))
    assert note.endswith("; with 19,700 it was seen to take 7.2 us more, which is not in the costs.")


def test_each_is_a_sentence_of_the_verdict_and_the_unknown_are_one():
    scenario = load_scenario("onsale-300k")
    unknown = [["connections", 30_000, None, None, None], ["payload_bytes", 1_000, None, None, None]]
    found = [["members", 300_000, 10_000.0, None, None], *unknown]
    result = onsale_result(scenario, facts={"outside_ranges": found})
    notes = list(range_notes(result))
    assert notes == [
        "Outside of what was measured: 300,000 people in one line; what a walk through a line costs is known up to "
        "10,000 (profile talk-m7g).",
        "Profile talk-m7g does not say whether its costs hold for 30,000 open connections to a node and requests or "
        "replies of 1,000 bytes.",
    ]
    caveats = judge(result, scenario).caveats
    assert set(notes) < set(caveats)
    assert not any("Outside of" in note for note in judge(onsale_result(scenario), scenario).caveats)


def test_a_run_tells_the_most_it_used_and_what_of_it_its_profile_does_not_cover():
    settings = ("clients.count=3000", "run.duration_s=20", "redis.profile=x86-valkey")
    facts = simulate(load_scenario("onsale-small", settings)).facts
    used = facts["used_at_most"]
    assert 0 < used["members"] <= 3_000
    assert used["rate_rps"] > 100
    assert used["payload_bytes"] == 1_000
    assert "keys" not in used
    outside_of = [quantity for quantity, *_ in facts["outside_ranges"]]
    assert "members" not in outside_of
    assert {"connections", "payload_bytes"} <= set(outside_of)
    keys = simulate(load_scenario("onsale-small", (*settings, "waiting_room.core=keys"))).facts["used_at_most"]["keys"]
    assert 0 < keys <= 3_000


def test_a_node_of_which_nothing_is_known_leaves_the_headline_open_and_one_of_the_profile_does_not():
    settings = ("clients.count=300", "run.duration_s=10")
    own, other = (
        load_scenario("onsale-small", (*settings, *more)) for more in ((), ("redis.node_type=cache.m5.xlarge",))
    )
    known, unknown = judge(simulate(own), own), judge(simulate(other), other)
    assert not known.headline.startswith("Open")
    assert unknown.headline.startswith("Open for cache.m5.xlarge: nothing is known of its Redis CPU.")
    assert (known.outcome, unknown.outcome) == (known.holds, None)
    assert unknown.standing[0].startswith("Nothing is known of Redis CPU on cache.m5.xlarge: ")
    assert len(unknown.standing) == len(known.standing) + 1


def test_the_other_readings_of_a_profile_are_named_with_what_they_make_of_its_costs():
    scenario = load_scenario("onsale-small", ("clients.count=300", "run.duration_s=10"))
    (note,) = [
        note for note in judge(simulate(scenario), scenario).caveats if "read as" in note and "fit as well" in note
    ]
    assert "read as one_primary" in note
    assert "five_primaries (x 5)" in note
    assert "--set redis.profile_reading=primary_and_replica" in note


@pytest.mark.parametrize("name", ["talk-m7g", "x86-measured", "x86-valkey", "m7g-xlarge-derived"])
def test_every_shipped_profile_says_over_what_it_holds(name):
    assert {"members", "rate_rps"} <= load_profile(name).measured_over.keys()
