"""The costs of a scenario's nodes: the profile, read in one of the ways that its source leaves open."""

import numpy as np
import pytest

from models.experiments.replication import ScenarioTask, share_of
from models.plan.node_costs import node_costs
from models.redis_costs.engine_thread import replay
from models.redis_costs.profile import Profile, load_profile
from models.redis_costs.scale import dilated
from models.scenario import load_scenario
from models.scenario.redis import Redis
from sim.errors import BadInput

PUBLISHED = {1_000: 10, 10_000: 40, 20_000: 70, 30_000: 90}
"""Engine CPU in percent by requests per second, as the talk publishes it."""
REQUEST_US = 29.2
"""What a request of the published mix costs in talk-m7g (its `fit`)."""


def costs(reading: str | None = None, profile: str = "talk-m7g") -> Profile:
    return node_costs(Redis(profile=profile, profile_reading=reading))


def utilisation_percent(profile: Profile, request_us: float, rate_rps: float, requests: int = 100_000) -> float:
    """Replay the engine thread itself under Poisson arrivals."""
    arrivals = np.cumsum(np.random.default_rng(1).exponential(1e9 / rate_rps, requests)).astype(np.int64)
    busy, *_ = replay(arrivals, np.full(requests, round(request_us * 1e3)), profile.engine_thread())
    return 100 * busy / int(arrivals[-1])


@pytest.mark.parametrize(
    ("reading", "threads"), [("one_primary", 1), ("primary_and_replica", 2), ("five_primaries", 5)]
)
def test_every_reading_meets_the_published_load_on_the_engine_threads_that_it_says_shared_it(reading, threads):
    profile = costs(reading)
    found = [utilisation_percent(profile, REQUEST_US * threads, rate / threads) for rate in PUBLISHED]
    assert found == pytest.approx(list(PUBLISHED.values()), rel=0.04)
    assert profile.engine.io_us == pytest.approx(threads * load_profile("talk-m7g").engine.io_us)
    assert profile.commands["ZRANK"].call_us == pytest.approx(
        threads * load_profile("talk-m7g").commands["ZRANK"].call_us
    )


def test_unasked_the_costs_are_those_of_one_primary_and_the_profile_says_that_it_assumes_so():
    assert costs() == costs("one_primary") == load_profile("talk-m7g")
    assert any("one_primary" in line for line in costs().fit.assumed)


def test_no_reading_changes_the_cost_of_a_key_which_the_published_load_does_not_tell():
    assert costs("five_primaries").commands["KEYS"].per_key_us == costs().commands["KEYS"].per_key_us


def test_replications_draw_what_the_fit_leaves_open_within_the_reading():
    one, five = (
        ScenarioTask.of(load_scenario("onsale-small", settings), "kernel", drawn=True)
        for settings in ((), ("redis.profile_reading=five_primaries",))
    )
    assert one.key != five.key
    ratios = []
    for seed in range(1, 6):
        mine, other = one.profile_of(seed), five.profile_of(seed)
        assert other.engine.io_us == pytest.approx(5 * mine.engine.io_us, rel=1e-4)
        assert other.engine.wake_cold_us == pytest.approx(5 * mine.engine.wake_cold_us, rel=1e-4)
        assert other.commands["ZADD"].depth_us == pytest.approx(5 * mine.commands["ZADD"].depth_us, rel=1e-4)
        ratios.append(other.engine.io_us / five.profile.engine.io_us)
        assert 0 <= share_of(seed) < 1
    assert len(set(ratios)) > 1


def test_an_unknown_reading_is_told_those_there_are():
    with pytest.raises(BadInput, match=r"^redis\.profile_reading: 'six' is not one of profile talk-m7g; it has one_pr"):
        costs("six")
    with pytest.raises(BadInput, match=r"profile x86-valkey; it has none: leave this out$"):
        costs("one_primary", profile="x86-valkey")


def test_slower_in_all_its_times_a_thread_is_as_busy_at_a_rate_as_much_lower():
    measured = load_profile("x86-valkey")  # with warm-up of caches, a delay of the wake-up and a cost of a pass
    slow = dilated(measured, 3.0)
    for rate_rps in (500, 5_000, 20_000):
        own, other = utilisation_percent(measured, 20, rate_rps), utilisation_percent(slow, 60, rate_rps / 3)
        assert other == pytest.approx(own, rel=0.005)


def test_what_is_beyond_a_profile_is_said():
    with pytest.raises(ValueError, match=r"^commands\.\w+\.call_us: .* is not allowed"):
        dilated(load_profile("x86-valkey"), 1e6)
