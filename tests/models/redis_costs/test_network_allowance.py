"""A node's network credits against the closed form of a token bucket under constant load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plan.node_network import network_allowance, network_gbps
from models.redis_costs.network_allowance import NetworkAllowance, full_again_at, leaves_at
from models.scenario import load_scenario
from models.vocabulary.units import SECOND
from sim.errors import BadInput

BASELINE, BURST = 1_000_000, 4_000_000
ALLOWANCE = NetworkAllowance(SECOND / BASELINE, SECOND / BURST, 10 * SECOND, SECOND, 1.0, 1.0)
"""Bytes a second; the credits are 10 s of the baseline, 10 MB."""


def sent(allowance: NetworkAllowance, packets: list[tuple[int, int]]) -> list[int]:
    """Return when each of the packets leaves, given as (instant in ns, bytes)."""
    credit = line = 0
    left = []
    for now, size in packets:
        credit = full_again_at(credit, now, float(size), allowance.baseline_ns)
        line = full_again_at(line, now, float(size), allowance.burst_ns)
        left.append(leaves_at(allowance, credit, line, now))
    return left


def steady(bytes_per_s: int, seconds: int, packet: int = 1000) -> list[tuple[int, int]]:
    gap = SECOND * packet // bytes_per_s
    return [(k * gap, packet) for k in range(seconds * bytes_per_s // packet)]


@pytest.mark.parametrize("load", [2_000_000, 3_000_000, 4_000_000])
def test_constant_load_is_held_up_from_the_second_in_which_the_credits_are_gone(load):
    packets = steady(load, 20)
    late = [left - now for (now, _), left in zip(packets, sent(ALLOWANCE, packets), strict=True)]
    depth = 10 * BASELINE
    first = next(now for (now, _), by in zip(packets, late, strict=True) if by > 0)
    assert first / SECOND == pytest.approx(depth / (load - BASELINE), abs=0.01)
    now = packets[-1][0] / SECOND
    assert late[-1] / SECOND == pytest.approx((now * load - depth) / BASELINE - now, abs=0.01)


def test_load_up_to_the_baseline_is_never_held_up():
    packets = steady(BASELINE, 60)
    assert sent(ALLOWANCE, packets) == [now for now, _ in packets]


def test_with_credits_no_more_leaves_than_the_burst_bandwidth_and_a_second_of_it():
    packets = [(0, 1000)] * 9_000
    left = sent(ALLOWANCE, packets)
    assert left[3_999] == 0
    assert left[-1] == pytest.approx((9_000 * 1000 - BURST) / BURST * SECOND, rel=1e-6)


def test_credits_come_back_at_the_baseline():
    spent = [(0, 1000)] * 4_000 + [(SECOND * k // 4, 1_000_000) for k in range(1, 9)]
    again = sent(ALLOWANCE, [*spent, (30 * SECOND, 4_000_000)])
    assert again[-1] == 30 * SECOND


@given(st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(0, 3_000_000)), max_size=60))
def test_what_has_left_by_any_instant_is_within_both_buckets_and_in_order(gaps):
    now, packets = 0, []
    for gap, size in gaps:
        now += gap
        packets.append((now, size))
    left = sent(ALLOWANCE, packets)
    assert left == sorted(left)
    assert all(out >= at for (at, _), out in zip(packets, left, strict=True))
    gone = 0
    for (_, size), out in zip(packets, left, strict=True):
        gone += size
        assert gone <= 10 * BASELINE + (out + len(packets)) * BASELINE / SECOND
        assert gone <= BURST + (out + len(packets)) * BURST / SECOND


def test_a_node_sends_its_replies_and_a_primary_its_copies_too():
    found = network_allowance(load_scenario("onsale-300k", ["redis.replicas_per_shard=2"]))
    assert (found.primary_bytes, found.replica_bytes) == (1200, 1000)
    assert found.baseline_ns == pytest.approx(8 / 1.876)
    assert found.credit == pytest.approx(300 * (12.5 / 1.876 - 1) * SECOND)


def test_what_is_asked_for_counts_where_it_is_more_than_what_goes_out():
    assert network_allowance(load_scenario("onsale-300k", ["redis.request_bytes=5000"])).replica_bytes == 5000


def test_of_a_node_whose_bandwidth_is_not_known_nothing_is_held_up():
    scenario = load_scenario("onsale-300k", ["redis.node_type=cache.m8g.large", "cost.redis_engine=valkey"])
    assert network_gbps(scenario) is None
    assert network_allowance(scenario).baseline_ns == 0


@pytest.mark.parametrize(
    ("changes", "gbps"),
    [
        ((), (1.876, 12.5)),
        (("redis.network_baseline_gbps=1",), (1, 12.5)),
        (("redis.network_baseline_gbps=20",), (20, 20)),
        (("redis.network_burst_gbps=1",), (1, 1)),
        (("redis.network_burst_gbps=3", "redis.network_baseline_gbps=2"), (2, 3)),
    ],
)
def test_a_bandwidth_that_is_stated_bounds_the_other(changes, gbps):
    assert network_gbps(load_scenario("onsale-300k", changes)) == gbps


def test_a_burst_below_the_baseline_is_refused():
    with pytest.raises(BadInput, match=r"^redis.network_burst_gbps: 1 is not allowed; must be at least redis.* = 2"):
        load_scenario("onsale-300k", ["redis.network_baseline_gbps=2", "redis.network_burst_gbps=1"])
