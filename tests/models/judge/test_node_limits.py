import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogues.redis_nodes import redis_catalogue
from models.judge.limit import Limit
from models.judge.limits import limits_of
from models.judge.node_limits import connections, memory, network
from models.judge.remedies import actions_for
from models.results.node_use import BURST_LASTS_S, trailing_means
from models.results.result import RunResult
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import SECONDS, onsale_result, spell


def network_of(requests: np.ndarray, *settings: str) -> tuple[Limit, Limit]:
    # no replicas, so that the bytes are the replies alone
    scenario = load_scenario("onsale-300k", ["redis.replicas_per_shard=0", *settings])
    return network(onsale_result(scenario, series={"shard_3_requests": requests}), scenario)


def test_the_talks_60_mb_a_second_are_a_twenty_sixth_of_a_burst_and_a_quarter_of_what_is_sustained() -> None:
    # 60,000 status requests x 1 KB; m7g.xlarge: 12.5 Gbps are 1562.5 MB/s, 1.876 Gbps are 234.5 MB/s
    sustained, burst = network_of(np.full(SECONDS, 60_000.0))
    assert burst.used_percent == pytest.approx(100 * 60 / 1562.5)
    assert sustained.used_percent == pytest.approx(100 * 60 / 234.5)
    assert not burst.bound
    assert not sustained.bound
    assert "credits" not in sustained.evidence
    assert "60 of 1,562 MB/s of cache.m7g.xlarge in the busiest second, at 1,000 bytes a reply" in burst.evidence


def test_a_burst_binds_after_three_seconds_what_is_above_the_baseline_after_five_minutes() -> None:
    _, burst = network_of(spell(1_600_000, 40, 3))
    assert (burst.first_s, burst.seconds) == (40, 3)
    above = spell(300_000, 0, SECONDS)
    sustained, burst = network_of(above)
    assert not burst.bound
    assert sustained.bound
    # 300 MB/s of 234.5: the mean of five minutes is there when 0.99 x 234.5 / 300 of them are over
    assert sustained.first_s == pytest.approx(0.99 * 234.5 / 300 * BURST_LASTS_S, abs=1)
    assert "330 s above it" in sustained.evidence


def test_a_minute_above_the_baseline_is_what_credits_are_for() -> None:
    sustained, _ = network_of(spell(300_000, 10, 60))
    assert not sustained.bound
    assert "60 s above it, on burst credits" in sustained.evidence


def throttled(*settings: str, from_s: float, requests: np.ndarray) -> tuple[Scenario, RunResult]:
    scenario = load_scenario("onsale-300k", ["redis.replicas_per_shard=0", *settings])
    rows = [{"node": "shard_3", "from_s": from_s, "late_at_most_s": 3.5, "replies": 1200}]
    return scenario, onsale_result(scenario, series={"shard_3_requests": requests}, facts={"throttled": rows})


def test_replies_that_the_network_held_up_exhaust_it_for_as_long_as_they_wait() -> None:
    # 2 MB/s of 1 for 10 s: a second's worth of credits is over in the first, and the 9 MB beyond them have to wait
    stated = ("redis.network_baseline_gbps=0.008", "redis.network_burst_gbps=0.016", "redis.network_credit_s=1")
    scenario, result = throttled(*stated, from_s=40.0501, requests=spell(2_000, 40, 10))
    sustained, burst = network(result, scenario)
    assert sustained.fails
    assert (sustained.first_s, sustained.seconds) == (40, 18)
    assert sustained.used_percent == pytest.approx(100 * 20 / 300)  # as its KPI has it
    assert sustained.evidence == (
        "shard 3 is throttled from second 40.1: 1,200 replies leave up to 3.5 s late; "
        "shard 3: 0.0667 of 1 MB/s as set in the busiest 5 min; 10 s above it"
    )
    assert "2 of 2 MB/s as set in the busiest second" in burst.evidence
    assert "leaves later" not in burst.evidence


def test_what_a_node_had_to_pass_on_may_be_more_than_what_left() -> None:
    _, burst = network_of(spell(2_000_000, 40, 3))
    assert "2,000 of 1,562 MB/s of cache.m7g.xlarge in the busiest second" in burst.evidence
    assert burst.evidence.endswith("; what is beyond leaves later")


def test_a_pool_that_fills_behind_a_throttled_node_is_a_consequence_and_wider_ones_no_remedy() -> None:
    stated = ("redis.network_baseline_gbps=0.008", "redis.network_burst_gbps=0.02")
    scenario, result = throttled(*stated, from_s=41.0, requests=spell(2_000, 40, 10))
    result.series["pool_waiting"], result.series["shard_3_busy"] = spell(5, 40, 10), 0.1
    limits = limits_of(result, scenario)
    assert [limit.key for limit in limits[:2]] == ["network_sustained", "pool"]
    tried = actions_for(result, scenario, limits)[0]
    assert tried.settings == (("redis.network_baseline_gbps", None), ("redis.network_burst_gbps", None))
    assert "redis.network_baseline_gbps=null" in tried.command


@pytest.mark.parametrize(("short", "settings"), [("baseline", True), ("burst", False)])
def test_bandwidth_that_a_scenario_states_is_given_back_only_where_it_is_what_gives_way(
    short: str, settings: bool
) -> None:
    """Where the other one is stated too low, that is not why replies wait: a larger node is."""
    stated = f"redis.network_{short}_gbps={0.008 if short == 'baseline' else 3}"
    scenario, result = throttled(stated, from_s=41.0, requests=spell(2_000, 40, 10))
    result.series["pool_waiting"], result.series["shard_3_busy"] = 0.0, 0.1
    limits = limits_of(result, scenario)
    assert limits[0].key == "network_sustained"
    tried = dict(actions_for(result, scenario, limits)[0].settings)
    assert (tried == {"redis.network_baseline_gbps": None}) is settings
    assert ("redis.node_type" in tried) is not settings


def test_no_second_before_a_node_is_throttled_counts_as_one() -> None:
    """Requests count when a pass takes them, bytes when they leave: the sum of bytes may run out a second early."""
    stated = ("redis.network_baseline_gbps=0.008", "redis.network_burst_gbps=0.016", "redis.network_credit_s=1")
    scenario, result = throttled(*stated, from_s=42.2, requests=spell(2_000, 40, 10))
    sustained, _ = network(result, scenario)
    assert (sustained.first_s, sustained.seconds) == (42, 16)


def test_what_replicas_are_sent_counts_and_so_does_the_fuller_direction() -> None:
    scenario = load_scenario("onsale-300k", ["redis.replicas_per_shard=2", "redis.replicated_bytes=500"])
    _, burst = network(onsale_result(scenario, series={"shard_3_requests": np.full(SECONDS, 1000.0)}), scenario)
    assert burst.used_percent == pytest.approx(100 * 1000 * (1000 + 2 * 500) / 1562.5e6)
    requests = np.full(SECONDS, 1000.0)
    _, incoming = network_of(requests, "redis.request_bytes=3000")
    assert incoming.used_percent == pytest.approx(100 * 1000 * 3000 / 1562.5e6)


def test_the_talks_450_mb_of_places_fit_a_node() -> None:
    scenario = load_scenario("onsale-300k")
    found = memory(onsale_result(scenario, series={"waiting": 300_000.0, "called": 0.0}), scenario)
    assert found.used_percent == pytest.approx(100 * 450e6 / (0.75 * 12.93 * 2**30))
    assert not found.bound


def test_places_of_all_events_spread_over_the_shards_that_hold_them() -> None:
    scenario = load_scenario("onsale-300k")
    line = {"waiting": 300_000.0, "called": 0.0}
    one = memory(onsale_result(scenario, series=line), scenario)
    spread = memory(onsale_result(scenario, series=line, facts={"events_per_shard": [2, 2, 2, 2, 2]}), scenario)
    assert spread.used_percent == pytest.approx(one.used_percent / 5)


def test_memory_binds_when_the_line_outgrows_the_node() -> None:
    scenario = load_scenario("onsale-300k", ["redis.bytes_per_place=40000"])
    found = memory(onsale_result(scenario, series={"waiting": spell(300_000, 5, 100), "called": 0.0}), scenario)
    assert (found.first_s, found.seconds) == (5, 100)


def test_connections_are_the_open_ones_whether_or_not_anybody_waits_on_them() -> None:
    scenario = load_scenario("onsale-300k", ["gateway.pods=100"])
    open_ = {"shard_1_connections": spell(65_000, 7, 30), "shard_3_queue": 0.0}
    found = connections(onsale_result(scenario, series=open_), scenario)
    assert (found.first_s, found.seconds, found.used_percent) == (7, 30, pytest.approx(100))
    assert found.fails
    assert "up to 65,000 of 65,000 open to shard 1; all pools full are 100,000" in found.evidence


def test_what_a_node_accepts_is_a_setting() -> None:
    assert load_scenario("onsale-300k").redis.max_clients == redis_catalogue().max_connections.value
    own = load_scenario("onsale-300k", ["redis.max_clients=10000"])
    waiting = {"shard_3_connections": 9_000.0, "shard_3_queue": 9_000.0}
    found = connections(onsale_result(own, series=waiting), own)
    assert found.used_percent == pytest.approx(90)
    assert not found.fails


def test_what_is_not_known_never_binds_and_says_so() -> None:
    scenario = load_scenario("onsale-300k", ["redis.node_type=cache.m8g.large", "cost.redis_engine=valkey"])
    result = onsale_result(scenario, series={"shard_3_requests": np.full(SECONDS, 1e9), "waiting": 1e9})
    for limit in (*network(result, scenario), memory(result, scenario)):
        assert not limit.bound
        assert limit.used_percent is None
        assert "not known" in limit.evidence


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(1, 50))
@settings(max_examples=100)
def test_a_trailing_mean_counts_what_came_before_as_nothing(values: list[float], rows: int) -> None:
    padded = [0.0] * rows + values
    expected = [sum(padded[k + 1 : k + 1 + rows]) / rows for k in range(len(values))]
    assert trailing_means(np.array(values), rows) == pytest.approx(expected, abs=1e-6)
