"""The batch server against its exact law for Poisson arrivals, its limits and the plain FIFO server."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student_t

from models.redis_costs.engine_thread import GARBAGE_EVERY, EngineThread, cooled, garbage_ns, replay, wake_ns
from sim.servers import done_at

WARM, COLD, TAU = 40_000, 160_000, 2_000_000
REQUEST = 20_000.0
THREAD = EngineThread(WARM, COLD, TAU)
REPLICATIONS = 12
REQUESTS = 50_000


def poisson(rate_rps: float, seed: int, size: int = REQUESTS) -> NDArray[np.int64]:
    gaps = np.random.default_rng(seed).exponential(1e9 / rate_rps, size)
    return np.rint(np.cumsum(gaps)).astype(np.int64)


def fixed(size: int = REQUESTS) -> NDArray[np.int64]:
    return np.full(size, int(REQUEST))


def assert_in_interval(samples: NDArray[np.float64], truth: float, precision: float) -> None:
    half = student_t.ppf(0.9995, samples.size - 1) * samples.std(ddof=1) / math.sqrt(samples.size)
    assert abs(samples.mean() - truth) < half
    assert half < precision * truth


@pytest.mark.parametrize("rate_rps", [100.0, 1_000.0, 5_000.0, 20_000.0, 40_000.0])
@pytest.mark.parametrize("spread", [False, True], ids=["equal requests", "unequal requests"])
def test_poisson_arrivals_obey_the_exact_law(rate_rps, spread):
    utilisation, sleeps = [], []
    for seed in range(REPLICATIONS):
        arrivals = poisson(rate_rps, seed)
        work = fixed()
        if spread:
            work = np.rint(np.random.default_rng(1000 + seed).exponential(REQUEST, REQUESTS)).astype(np.int64)
        busy, slept, _, departures = replay(arrivals, work, THREAD)
        utilisation.append(busy / departures[-1])
        sleeps.append(slept / REQUESTS)
    per_ns = rate_rps / 1e9
    wake = WARM + (COLD - WARM) / (1 + per_ns * TAU)
    truth = per_ns * (wake + REQUEST) / (1 + per_ns * wake)
    assert_in_interval(np.array(utilisation), truth, 0.02)
    assert_in_interval(np.array(sleeps), (1 - per_ns * REQUEST) / (1 + per_ns * wake), 0.05)


def test_with_hardly_any_load_every_request_pays_a_cold_wake_up():
    busy, sleeps, passes, _ = replay(np.arange(1, 101) * 1_000_000_000, fixed(100), THREAD)
    assert sleeps == passes == 100
    assert busy == 100 * (COLD + int(REQUEST))


def test_overload_is_served_at_the_ceiling_without_sleep():
    arrivals = poisson(100_000.0, 1)
    busy, sleeps, passes, departures = replay(arrivals, fixed(), THREAD)
    assert REQUESTS * 1e9 / departures[-1] == pytest.approx(1e9 / REQUEST, rel=0.01)
    assert busy == pytest.approx(departures[-1], rel=0.01)
    assert sleeps < 10
    assert passes < REQUESTS / 100


@pytest.mark.parametrize("together", [1, 4, 16, 64])
def test_requests_released_together_share_one_wake_up_and_one_pass(together):
    # The first of them ends the sleep and all are ready at that instant: b + a / k per request.
    arrivals = np.repeat(np.arange(1, 51) * 1_000_000_000, together)
    busy, sleeps, passes, departures = replay(arrivals, fixed(arrivals.size), THREAD)
    assert sleeps == passes == 50
    assert busy / arrivals.size == pytest.approx(REQUEST + COLD / together)
    assert (departures == arrivals + COLD + together * int(REQUEST)).all()


def test_a_pass_takes_what_is_ready_when_it_starts_and_replies_at_its_end():
    # Sleeps until 100, wakes for 10 (warm = cold), serves the first: pass 100..130. Two came meanwhile:
    # 130..160, without a wake-up. The one at 160 is ready at the very instant of the next pass: 160..170.
    arrivals = np.array([100, 105, 129, 160])
    work = np.array([20, 10, 20, 10])
    busy, sleeps, passes, departures = replay(arrivals, work, EngineThread(10, 10, 1))
    assert departures.tolist() == [130, 160, 160, 170]
    assert (busy, sleeps, passes) == (70, 1, 3)


def test_arrivals_see_as_many_in_the_system_as_little_says():
    # Poisson arrivals see time averages, so what they find must be the rate times the time in the system.
    found, product = [], []
    for seed in range(REPLICATIONS):
        arrivals = poisson(20_000.0, seed)
        departures = replay(arrivals, fixed(), THREAD)[3]
        found.append((np.arange(REQUESTS) - np.searchsorted(departures, arrivals, side="right")).mean())
        product.append((departures - arrivals).mean() * 20_000 / 1e9)
    assert_in_interval(np.array(found) / np.array(product), 1.0, 0.03)


pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=40)  # gap, work


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_without_wake_ups_it_does_the_work_of_a_fifo_server_and_holds_replies_to_the_end_of_a_pass(rows):
    gaps, work = np.ascontiguousarray(np.array(rows, np.int64).T)
    arrivals = np.cumsum(gaps)
    busy, _, _, departures = replay(arrivals, work, EngineThread(0, 0, 1))
    free_ns = np.zeros(1, np.int64)
    plain = np.array([done_at(free_ns, a, w) for a, w in zip(arrivals, work, strict=True)])
    assert busy == work.sum()
    assert departures[-1] == plain[-1]
    assert (departures >= plain).all()


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_busy_time_is_the_work_and_the_wake_ups_and_replies_keep_their_order(rows):
    gaps, work = np.ascontiguousarray(np.array(rows, np.int64).T)
    arrivals = np.cumsum(gaps)
    busy, sleeps, passes, departures = replay(arrivals, work, EngineThread(7, 7, 1))
    assert busy == work.sum() + 7 * sleeps
    assert sleeps <= passes <= len(rows)
    assert (np.diff(departures) >= 0).all()
    assert (departures >= arrivals + work).all()


def test_a_wake_up_goes_from_warm_to_cold_with_its_time_constant():
    assert wake_ns(THREAD, 0) == WARM
    assert wake_ns(THREAD, 10**15) == COLD
    assert wake_ns(THREAD, TAU) == round(WARM + (COLD - WARM) * (1 - math.exp(-1)))
    # after a short sleep: the slope (cold - warm) / tau
    assert wake_ns(THREAD, TAU // 1000) - WARM == pytest.approx((COLD - WARM) / 1000, abs=1)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 10**7),
    st.integers(1, 10**10),
    st.integers(0, 10**13),
    st.integers(0, 10**9),
)
def test_a_longer_sleep_never_wakes_cheaper(warm, more, tau, idle, longer):
    thread = EngineThread(warm, warm + more, tau)
    first = wake_ns(thread, idle)
    assert warm <= first <= wake_ns(thread, idle + longer) <= warm + more


# -- what a delay of the wake-up does ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_rps", [1_000.0, 10_000.0, 30_000.0])
def test_a_delayed_wake_up_obeys_the_exact_law_too(rate_rps):
    delay, per_request, sleeps = 25_000, [], []
    for seed in range(REPLICATIONS):
        busy, slept, _, _ = replay(poisson(rate_rps, seed), fixed(), THREAD._replace(wake_delay=delay))
        per_request.append(busy / REQUESTS)
        sleeps.append(slept / REQUESTS)
    per_ns = rate_rps / 1e9
    wake = WARM + (COLD - WARM) / (1 + per_ns * TAU)
    truth = (1 - per_ns * REQUEST) / (1 + per_ns * (wake + delay))
    assert_in_interval(np.array(sleeps), truth, 0.05)
    assert_in_interval(np.array(per_request), REQUEST + wake * truth, 0.02)


def test_who_comes_while_the_thread_is_not_yet_running_joins_the_pass():
    arrivals, work = np.array([100, 104, 106]), np.array([20, 10, 10])
    busy, sleeps, passes, departures = replay(arrivals, work, EngineThread(10, 10, 1, wake_delay=5))
    # runs at 105 with two of them: wake 10 + 20 + 10 until 145; then the third until 155
    assert departures.tolist() == [145, 145, 155]
    assert (busy, sleeps, passes) == (50, 1, 2)


# -- caches -----------------------------------------------------------------------------------------------------------

CACHES = EngineThread(0, 0, 1, near_slow=2.0, near_lost=500_000, far_slow=14.0, far_lost=80_000_000, rewarm=90_000)


def test_a_pass_on_cold_caches_takes_as_long_as_its_rate_of_work_integrates_to():
    # dw/dt = 1 / (1 + slow x exp(-w / rewarm)), as an ordinary differential equation, in small steps
    work = 40_000
    busy, *_ = replay(np.array([10**12]), np.array([work]), CACHES)  # after so long a sleep all is cold
    steps = (np.arange(100_000) + 0.5) / 100_000 * work
    truth = (1 + 16.0 * np.exp(-steps / 90_000)).mean() * work
    assert busy == pytest.approx(truth, rel=1e-6)


def test_regular_arrivals_settle_where_a_sleep_cools_as_much_as_a_pass_warms():
    # alone in its pass, each meets the same coldness: x = 1 - (1 - x k) exp(-idle / lost) with k = exp(-w / rewarm)
    thread = CACHES._replace(far_slow=0.0)
    period, work = 400_000, 20_000
    arrivals = np.arange(1, 20_001) * period
    busy, sleeps, _, _ = replay(arrivals, np.full(20_000, work), thread)
    kept = math.exp(-work / 90_000)

    def cost(idle: float) -> float:
        left = math.exp(-idle / 500_000)
        coldness = (1 - left) / (1 - kept * left)
        return work + 2.0 * 90_000 * coldness * (1 - kept)

    truth = brentq(lambda c: cost(period - c) - c, work, period)
    assert sleeps == 20_000
    assert busy / 20_000 == pytest.approx(truth, rel=1e-3)


def test_caches_that_warm_at_once_are_a_wake_up():
    # the near layer, lost immediately, is the warm part, the far one what a longer sleep adds
    rewarm = 1
    as_caches = EngineThread(
        0, 0, 1, near_slow=WARM / rewarm, near_lost=1, far_slow=(COLD - WARM) / rewarm, far_lost=TAU, rewarm=rewarm
    )
    arrivals = poisson(5_000.0, 3)
    as_wake_up = replay(arrivals, fixed(), THREAD)
    found = replay(arrivals, fixed(), as_caches)
    assert found[0] == pytest.approx(as_wake_up[0], rel=1e-3)
    assert found[1] == pytest.approx(as_wake_up[1], rel=1e-2)


def test_a_saturated_thread_warms_up_and_then_works_at_its_ceiling():
    busy, sleeps, _, departures = replay(np.zeros(REQUESTS, np.int64) + 1, fixed(), CACHES)
    assert sleeps == 1
    assert busy - REQUESTS * REQUEST == pytest.approx(90_000 * 2.0 * cooled(1.0, 1, 1) + 90_000 * 14.0, rel=1e-6)
    assert departures[-1] == busy + 1


def test_the_warm_part_of_a_request_costs_what_it_does_on_warm_caches_whatever_has_been_lost():
    # of 40 us 15 meet warm caches in any case: 25 us of cold work, and 15 us as they are
    thread = CACHES._replace(request_warm=15_000)
    alone, *_ = replay(np.array([10**12]), np.array([25_000]), CACHES)
    busy, *_ = replay(np.array([10**12]), np.array([40_000]), thread)
    assert busy == pytest.approx(alone + 15_000, abs=1)
    # three that come together have three such parts, and a request cannot be warmer than it is long
    together, *_ = replay(np.full(3, 10**12), np.full(3, 40_000), thread)
    cold_alone, *_ = replay(np.array([10**12]), np.array([75_000]), CACHES)
    assert together == pytest.approx(cold_alone + 45_000, abs=1)
    short, *_ = replay(np.array([10**12]), np.array([10_000]), thread)
    assert short == 10_000


def test_every_fiftieth_script_collects_garbage_whose_data_have_been_leaving_the_caches():
    plain = EngineThread(0, 0, 1)
    arrivals = np.arange(1, 1_001) * 10_000_000
    work = np.full(1_000, 20_000)
    busy, _, _, departures = replay(arrivals, work, plain._replace(garbage=7_000))
    assert busy == work.sum() + 1_000 // GARBAGE_EVERY * 7_000
    pauses = departures - arrivals - 20_000
    assert (np.flatnonzero(pauses) % GARBAGE_EVERY == GARBAGE_EVERY - 1).all()
    # half a second between two of them: the near caches have lost all by then, the far ones what the law says
    cold = CACHES._replace(garbage=7_000)
    assert garbage_ns(cold, 500_000_000) == pytest.approx(7_000 * (3 + 14 * (1 - math.exp(-500 / 80))), abs=1)
    assert garbage_ns(cold, 0) == 7_000
    without, with_garbage = (replay(arrivals, work, thread)[3][-1] for thread in (CACHES, cold))
    assert with_garbage - without == pytest.approx(garbage_ns(cold, 500_000_000), rel=0.01)


def test_a_collection_warms_nothing_for_the_requests_of_its_pass():
    arrivals = np.full(GARBAGE_EVERY, 10**12)
    work = np.full(GARBAGE_EVERY, 2_000)
    without, *_ = replay(arrivals, work, CACHES)
    busy, *_ = replay(arrivals, work, CACHES._replace(garbage=7_000))
    assert busy - without == pytest.approx(7_000 * 17, abs=2)  # the first one ever: nothing of its data is near


def test_a_thread_that_is_always_busy_collects_a_fiftieth_for_each_script():
    busy, *_ = replay(np.ones(REQUESTS, np.int64), fixed(), CACHES._replace(garbage=7_000))
    without, *_ = replay(np.ones(REQUESTS, np.int64), fixed(), CACHES)
    each = garbage_ns(CACHES._replace(garbage=7_000), GARBAGE_EVERY * REQUEST) / GARBAGE_EVERY
    assert (busy - without) / REQUESTS == pytest.approx(each, rel=0.02)


def test_each_pass_costs_its_own():
    arrivals = np.array([100, 105, 200])
    busy, _, passes, _ = replay(arrivals, np.array([20, 10, 10]), EngineThread(0, 0, 1, per_pass=3))
    assert passes == 3
    assert busy == 40 + 3 * 3


@settings(max_examples=100, deadline=None)
@given(pairs, st.floats(0, 50), st.floats(0, 50), st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 1000))
def test_cold_caches_only_ever_add(rows, near_slow, far_slow, near_lost, far_lost, rewarm):
    gaps, work = np.ascontiguousarray(np.array(rows, np.int64).T)
    arrivals = np.cumsum(gaps)
    thread = EngineThread(0, 0, 1, 0, 0, near_slow, near_lost, far_slow, far_lost, rewarm)
    busy, _, passes, departures = replay(arrivals, work, thread)
    assert work.sum() <= busy <= work.sum() * (1 + near_slow + far_slow) + passes
    assert (np.diff(departures) >= 0).all()
