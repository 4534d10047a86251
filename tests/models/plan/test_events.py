"""Unequal events: whose event a token belongs to, what each of them has, and what a star does to its shard."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine.record import BUSY_NS, NODES, PER_NODE, Column
from models.plan.event_shares import most_tokens, room_rules, seats_of
from models.plan.events import event_cycle, event_of, events_of, first_tokens
from models.plan.making import make_plan
from models.plan.node_costs import node_costs
from models.redis_costs.parts import CommandCost
from models.results.facts import facts_of
from models.scenario import load_scenario, scenario_hash
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND
from sim.errors import BadInput
from tests.models.recordings import planned
from tests.models.runs import recording_of, total

STAR = "event.people_shares=[0.91, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]"
TEN = ("waiting_room.events=10", STAR)
TAGS = f"waiting_room.event_tags=[{', '.join(f'onsale-{k}' for k in (1, 2, 3, 4, 5, 7, 8, 10, 11, 12))}]"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_of_the_first_people_every_event_has_its_share_rounded_up_or_down(weights):
    cycle = event_cycle(tuple(weights))
    had = np.cumsum(cycle[:, None] == np.arange(len(weights)), axis=0)
    due = np.outer(np.arange(1, cycle.size + 1), weights) / sum(weights)
    assert (np.abs(had - due) < 1).all()
    assert had[-1].tolist() == weights


@given(st.integers(1, 40), st.integers(0, 10**9))
def test_equal_events_take_turns(events, token):
    cycle = event_cycle((1,) * events)
    assert event_of(cycle, token) == token % events
    assert first_tokens(cycle).tolist() == list(range(events))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.integers(0, 300))
def test_every_token_has_one_event_and_none_has_more_than_there_is_room_for(weights, tokens):
    cycle = event_cycle(tuple(weights))
    owners = events_of(cycle, tokens)
    assert owners.tolist() == [event_of(cycle, token) for token in range(tokens)]
    assert np.bincount(owners, minlength=len(weights)).max() <= most_tokens(tuple(weights), tokens)
    assert all(event_of(cycle, int(token)) == event for event, token in enumerate(first_tokens(cycle)))


def test_300_000_people_are_shared_exactly():
    plan = planned(name="onsale-300k-star")
    assert np.bincount(events_of(plan.params.waiting_room.event_cycle, 300_000)).tolist() == [273_000] + [3_000] * 9


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(400, 5000))
def test_all_seats_are_given_out_and_each_event_has_its_quota(weights, seats):
    shares = [weight / sum(weights) for weight in weights]
    found = seats_of(
        load_scenario(
            "onsale-300k",
            [f"waiting_room.events={len(weights)}", f"event.seats={seats}", f"event.seat_shares={shares}"],
        )
    )
    assert found.sum() == seats
    assert all(abs(its - seats * share) < 1 + seats / 10_000 for its, share in zip(found, shares, strict=True))


def test_the_rules_of_all_events_add_up_to_the_admission_settings():
    changes = ["waiting_room.events=3", "event.admission_shares=[0.7, 0.2, 0.1]"]
    rules = room_rules(load_scenario("onsale-300k", changes))
    assert [its.rate_micro_per_ms for its in rules] == [700_000, 200_000, 100_000]
    assert [its.call_window for its in rules] == [7000, 2000, 1000]
    assert [its.burst_micro for its in rules] == [3_500_000_000, 1_000_000_000, 500_000_000]


@pytest.mark.parametrize("name", ["people_shares", "seat_shares", "admission_shares"])
@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ("[0.5, 0.4]", "the shares sum to 0.9; they must sum to 1"),
        ("[0.5, 0.3, 0.2]", "3 shares are not allowed; must be as many as waiting_room.events = 2, or null"),
        ("[1]", "1 shares are not allowed; must be as many as waiting_room.events = 2, or null"),
    ],
)
def test_shares_that_are_none_are_refused_in_a_line(name, shares, told):
    with pytest.raises(BadInput) as refused:
        load_scenario("onsale-small", ["waiting_room.events=2", f"event.{name}={shares}"])
    assert str(refused.value).startswith(f"event.{name}: {told}")


@pytest.mark.parametrize("shares", ["[1, -0.5]", "[1, 0]"])
def test_an_event_for_which_nobody_comes_is_refused(shares):
    with pytest.raises(BadInput, match=r"event.people_shares.1: .* is not allowed; must be .* 0.0001 to 1"):
        load_scenario("onsale-small", ["waiting_room.events=2", f"event.people_shares={shares}"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["event.seat_shares=[0.999, 0.001]"], "event.seat_shares.1: 0.001 of event.seats = 300 is 0.3; every event"),
        (
            ["event.admission_shares=[0.999, 0.001]"],
            "event.admission_shares.1: 0.001 of admission.burst = 500 is 0.5; every event needs at least 1",
        ),
        (
            ["event.admission_shares=[0.9999, 0.0001]", "admission={rate_rps: 1, burst: 10000, call_window: 10000}"],
            "event.admission_shares.1: 0.0001 of admission.rate_rps = 1 is 0.0001; every event needs at least 0.001",
        ),
    ],
)
def test_shares_too_small_for_the_totals_are_refused(changes, told):
    with pytest.raises(BadInput) as refused:
        load_scenario("onsale-small", ["waiting_room.events=2", *changes])
    assert str(refused.value).startswith(told)


def test_a_scenario_keeps_its_hash_until_it_has_shares():
    assert scenario_hash(load_scenario("onsale-small")) == "f80a198df146fad9"
    equal = load_scenario("onsale-small", ["waiting_room.events=2", "event.people_shares=[0.5, 0.5]"])
    assert scenario_hash(equal) != scenario_hash(load_scenario("onsale-small", ["waiting_room.events=2"]))


def test_equal_shares_do_what_none_do():
    shares = [f"event.{name}=[0.25, 0.25, 0.25, 0.25]" for name in ("people_shares", "seat_shares", "admission_shares")]
    changes = ("waiting_room.events=4", "clients.count=500", "run.duration_s=20")
    one, other = recording_of(planned(*changes)), recording_of(planned(*changes, *shares))
    assert np.array_equal(one.record.series, other.record.series)
    assert np.array_equal(one.record.counts, other.record.counts)


MOST_OF_A_WAKE_NS = 200_000


@pytest.fixture(scope="module")
def burst():
    """4,000 people join in the first instant, at a millisecond each and nothing else, and nobody polls in the run."""
    changes = (
        *("clients.count=4000", "run.duration_s=5", "clients.arrival={profile: uniform, over_s: 0}"),
        *("clients.poll_interval_s=60", "clients.bots.poll_interval_s=60"),
        *(
            "clients.timeout_s=30",
            "waiting_room.replica_reads=false",
            "gateway.pods=4",
            "backend.reservation_capacity_rps=9",
        ),
        *("waiting_room.heartbeat_ttl_s=300", "waiting_room.expire_every_s=3600", "admission.call_window=1000"),
        *(TEN[0], TEN[1], TAGS),
    )
    scenario = load_scenario("onsale-small", changes)
    profile = node_costs(scenario.redis)
    free = dict.fromkeys(profile.commands, CommandCost(call_us=0, element_us=0, depth_us=0))
    profile = profile.model_copy(update={"commands": free, "script_overhead_us": 1000.0})
    plan = make_plan(scenario, profile, 1)
    return plan, recording_of(plan)


def test_a_share_of_the_joins_takes_that_share_of_the_work_of_one_primary(burst):
    """91 % of 4,000 joins at b each are 3,640 b of one engine thread, which no other shard takes off it."""
    plan, recording = burst
    b_ns = plan.params.redis.costs.io + int(plan.params.redis.costs.script[Op.JOIN])
    star = int(plan.placement.event_node[0])
    busy = [recording.column(NODES + PER_NODE * node + BUSY_NS) for node in range(plan.params.redis.shards)]
    assert total(recording, Column.JOINED) == 4000
    on_star = np.bincount(plan.placement.event_node, weights=[3640] + [40] * 9, minlength=plan.params.redis.shards)
    for node in range(plan.params.redis.shards):
        work = on_star[node] * b_ns
        assert work <= busy[node].sum() <= work + on_star[node] * MOST_OF_A_WAKE_NS
    full = int(on_star[star] * b_ns // SECOND)
    assert (busy[star][:full] > 0.95 * SECOND).all()
    assert max(busy[node].sum() for node in range(plan.params.redis.shards) if node != star) < 0.1 * busy[star].sum()


def test_the_last_of_the_stars_people_is_in_line_when_its_primary_has_worked_them_all_off(burst):
    plan, recording = burst
    b_ns = plan.params.redis.costs.io + int(plan.params.redis.costs.script[Op.JOIN])
    joined = recording.column(Column.ANSWERED + Op.JOIN).cumsum()
    last_s = int(np.argmax(joined == 4000))
    assert last_s == math.floor(3680 * b_ns / SECOND)


def test_the_shipped_stars_shard_is_full_while_the_others_idle():
    """91 % of 300,000 joins and their polls are one engine thread's: 10 s of it, of which the others see a fifth."""
    plan = planned("run.duration_s=11", name="onsale-300k-star")
    recording = recording_of(plan)
    star = int(plan.placement.event_node[0])
    busy = [recording.column(NODES + PER_NODE * shard + BUSY_NS) for shard in range(plan.params.redis.shards)]
    assert (busy[star][1:9] > 0.99 * SECOND).all()
    assert max(its.max() for shard, its in enumerate(busy) if shard != star) < 0.25 * SECOND


def test_events_stay_apart_in_the_facts_and_add_up():
    """Each event's people are its share of them, and each event's stock is its own."""
    stock = ("event.seat_shares=[0.5, 0.3, 0.2]", "event.admission_shares=[0.6, 0.3, 0.1]")
    people = "event.people_shares=[0.8, 0.1, 0.1]"
    plan = planned(
        "waiting_room.events=3", people, *stock, "clients.count=1000", "event.seats=100", "run.duration_s=60"
    )
    facts = facts_of(plan, recording_of(plan))
    rows = facts["events_apart"]
    assert [row["came"] for row in rows] == [800, 100, 100]
    assert [row["seats"] for row in rows] == [50, 30, 20] == [row["sold"] for row in rows]
    assert [row["without_seat"] for row in rows] == [750, 70, 80]
    assert max(row["sold_out_s"] for row in rows) == facts["sold_out_s"]
    assert [row["rate_rps"] for row in rows] == [60, 30, 10]
    assert "events_apart" not in facts_of(planned("clients.count=10"), recording_of(planned("clients.count=10")))
