import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.words import severity_of
from models.judge.finding import Severity
from models.judge.findings import findings_of
from models.judge.limit import FULL, SUSTAINED_S, first_sustained
from models.judge.limits import limits_of
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result, spell

QUIET = {"pool_waiting": 0.0, "failed_client_timeout": 0.0} | {f"shard_{k}_busy": 0.2 for k in range(5)}


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4))
@settings(max_examples=100)
def test_first_sustained_is_the_earliest_window_that_is_all_true(hits: list[bool], in_a_row: int) -> None:
    windows = [k for k in range(len(hits) - in_a_row + 1) if all(hits[k : k + in_a_row])]
    assert first_sustained(np.array(hits, bool), in_a_row) == (windows[0] if windows else None)


@pytest.mark.parametrize(("length", "bound"), [(SUSTAINED_S - 1, False), (SUSTAINED_S, True)])
def test_an_engine_thread_is_exhausted_after_three_full_seconds(length: int, bound: bool) -> None:
    scenario = load_scenario("onsale-300k")
    series = QUIET | {"shard_3_busy": spell(FULL, 50, length)}
    engine = next(
        limit for limit in limits_of(onsale_result(scenario, series=series), scenario) if limit.key == "engine"
    )
    assert engine.bound is bound
    assert engine.first_s == (50 if bound else None)


@pytest.mark.parametrize(("length", "since"), [(1, "never for 3 s in a row"), (3, "second 50")])
def test_a_capacity_that_single_seconds_reach_is_told_apart_from_one_that_they_do_not(length: int, since: str) -> None:
    """101 % of the Reservation API for a second is no exhaustion, and no reason for a tick either."""
    scenario = load_scenario("onsale-300k")
    much = 1.01 * scenario.backend.reservation_capacity_rps
    result = onsale_result(scenario, series=QUIET | {"answered_reserve": spell(much, 50, length)})
    limits = limits_of(result, scenario)
    backend = next(limit for limit in limits if limit.key == "backend")
    assert backend.touched is (length < SUSTAINED_S)
    assert backend.since_text == since
    assert severity_of(backend) == Severity.REMARK
    (first, *_) = findings_of(result, scenario, limits)
    assert ("Nothing is exhausted for 3 s in a row" in first.text) is backend.touched
    assert first.severity == Severity.REMARK


def test_a_capacity_that_is_not_reached_at_all_has_a_tick() -> None:
    scenario = load_scenario("onsale-300k")
    result = onsale_result(scenario, series=QUIET | {"answered_reserve": 10.0})
    backend = next(limit for limit in limits_of(result, scenario) if limit.key == "backend")
    assert (backend.since_text, severity_of(backend)) == ("never", Severity.GOOD)


def test_a_single_refusal_counts() -> None:
    scenario = load_scenario("onsale-300k")
    series = QUIET | {"failed_refused": spell(1, 70, 1), "backlog_full": spell(1, 70, 1)}
    first = limits_of(onsale_result(scenario, series=series), scenario)[0]
    assert (first.key, first.first_s, first.seconds) == ("workers", 70, 1)


def test_what_no_pod_was_there_for_is_not_the_backlog() -> None:
    """Requests of killed pods, and those that find none ready, are refused as well, with every queue empty."""
    scenario = load_scenario("prewarmed-30")
    pods = {"pods_ready": spell(30, 0, 70) + spell(30, 75, 255), "pods_running": 30.0, "nodes": 6.0}
    refused = {"failed_refused": spell(200, 68, 7), "backlog_full": 0.0}
    found = limits_of(onsale_result(scenario, series=QUIET | pods | refused), scenario)
    limit = {limit.key: limit for limit in found}
    assert not limit["workers"].bound
    assert (limit["pods"].first_s, limit["pods"].seconds) == (68, 7)
    told = "1,400 requests found no pod ready, or were in one that ended; nobody was ready for 5 s of that"
    assert limit["pods"].evidence == told
    assert not any(limit.fails for limit in found)


def test_the_limit_reached_first_comes_first() -> None:
    scenario = load_scenario("onsale-300k")
    cores = scenario.gateway.pods * scenario.gateway.cpu_cores
    series = QUIET | {
        "shard_3_busy": spell(1, 40, 10),
        "gateway_cpu_cores": spell(cores, 20, 10),
        "pool_waiting": spell(5, 60, 10),
        "answered_reserve": spell(scenario.backend.reservation_capacity_rps, 30, 10),
    }
    found = limits_of(onsale_result(scenario, series=series), scenario)
    assert [limit.key for limit in found if limit.bound] == ["gateway_cpu", "backend", "engine", "pool"]
    assert [limit.first_s for limit in found if limit.bound] == [20, 30, 40, 60]


def test_a_dead_primary_is_a_capacity_until_a_pod_knows_its_successor() -> None:
    scenario = load_scenario("onsale-300k")
    failover = {"shard": 3, "at_s": 20.0, "known_from_s": 50.4, "known_to_all_s": 59.5}
    series = QUIET | {"failed_connection": spell(100, 20, 30), "shard_3_busy": spell(1, 22, 10)}
    first = limits_of(onsale_result(scenario, series=series, facts={"failovers": [failover]}), scenario)[0]
    assert (first.key, first.first_s, first.seconds) == ("failover", 20, 30)
    assert first.evidence == "3,000 requests failed; all pods know its successor 39.5 s later"


def test_in_the_same_second_the_cause_stands_before_its_effect() -> None:
    scenario = load_scenario("onsale-300k")
    series = QUIET | {"shard_3_busy": spell(1, 40, 10), "pool_waiting": spell(5, 40, 10)}
    found = limits_of(onsale_result(scenario, series=series), scenario)
    assert [limit.key for limit in found if limit.bound] == ["engine", "pool"]


def test_within_three_seconds_the_cause_stands_before_what_seems_to_come_first() -> None:
    scenario = load_scenario("onsale-300k")
    series = QUIET | {"shard_3_busy": spell(1, 42, 10), "pool_waiting": spell(5, 40, 10)}
    found = limits_of(onsale_result(scenario, series=series), scenario)
    assert [limit.key for limit in found if limit.bound] == ["engine", "pool"]
    series |= {"shard_3_busy": spell(1, 43, 10)}
    found = limits_of(onsale_result(scenario, series=series), scenario)
    assert [limit.key for limit in found if limit.bound] == ["pool", "engine"]


def test_a_replica_can_be_the_engine_thread_that_binds() -> None:
    scenario = load_scenario("onsale-300k")
    replica = {"shard_1_replica_0_busy": spell(1, 20, 100), "shard_1_replica_0_queue": spell(77, 20, 100)}
    first = limits_of(onsale_result(scenario, series=QUIET | replica), scenario)[0]
    assert (first.key, first.name, first.first_s) == ("engine", "engine thread of replica 0 of shard 1", 20)
    assert "77 requests queued" in first.evidence


def test_a_figure_of_a_replica_is_told_from_the_higher_one_of_its_primary() -> None:
    scenario = load_scenario("onsale-300k")
    idle = {f"shard_{k}_busy": 0.0 for k in range(5)}
    busy = {"shard_3_busy": spell(0.13, 20, 1), "shard_3_replica_0_busy": 0.11}
    found = limits_of(onsale_result(scenario, series=QUIET | idle | busy), scenario)
    (engine,) = (limit for limit in found if limit.key == "engine")
    assert engine.name == "engine thread of replica 0 of shard 3"
    assert engine.evidence.startswith("11 % in its busiest second (13 % of the primary of shard 3 is the highest);")
    alone = limits_of(onsale_result(scenario, series=QUIET | idle | {"shard_3_busy": spell(0.13, 20, 9)}), scenario)
    assert "the highest" not in "".join(limit.evidence for limit in alone)


def test_of_the_threads_that_are_full_the_first_one_binds_whichever_works_most() -> None:
    """A primary full for 20 s does 20 s of work, its replica at a half for all of the run far more."""
    scenario = load_scenario("onsale-300k")
    series = QUIET | {"shard_3_busy": spell(1, 20, 20), "shard_3_replica_0_busy": 0.5}
    first = limits_of(onsale_result(scenario, series=series), scenario)[0]
    assert (first.key, first.name, first.first_s, first.seconds) == ("engine", "engine thread of shard 3", 20, 20)
    later = {"shard_1_replica_0_busy": spell(1, 40, 200)}
    first = limits_of(onsale_result(scenario, series=series | later), scenario)[0]
    assert (first.name, first.first_s) == ("engine thread of shard 3", 20)
    sooner = {"shard_4_busy": spell(1, 15, 3)}
    first = limits_of(onsale_result(scenario, series=series | later | sooner), scenario)[0]
    assert (first.name, first.first_s) == ("engine thread of shard 4", 15), "not of the hot shard alone"
    brief = QUIET | {"shard_3_busy": spell(1, 20, SUSTAINED_S - 1), "shard_3_replica_0_busy": 0.5}
    (engine,) = (each for each in limits_of(onsale_result(scenario, series=brief), scenario) if each.key == "engine")
    assert (engine.name, engine.bound) == ("engine thread of replica 0 of shard 3", False)


def test_plural_names_take_their_verb() -> None:
    scenario = load_scenario("onsale-300k")
    found = {each.key: each.end_text for each in limits_of(onsale_result(scenario, series=QUIET), scenario)}
    assert found["connections"] == "the Redis connections are exhausted"
    assert found["pool"] == "the Redis connection pool is exhausted"
