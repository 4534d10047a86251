"""The batch server against its exact law for Poisson arrivals, its limits and the plain FIFO server."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student_t

from sim.engine_thread import replay, wake_ns
from sim.stations import serve

WARM, COLD, TAU = 40_000, 160_000, 2_000_000
REQUEST = 20_000.0
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
        busy, slept, _, departures = replay(arrivals, work, WARM, COLD, TAU)
        utilisation.append(busy / departures[-1])
        sleeps.append(slept / REQUESTS)
    per_ns = rate_rps / 1e9
    wake = WARM + (COLD - WARM) / (1 + per_ns * TAU)
    truth = per_ns * (wake + REQUEST) / (1 + per_ns * wake)
    assert_in_interval(np.array(utilisation), truth, 0.02)
    assert_in_interval(np.array(sleeps), (1 - per_ns * REQUEST) / (1 + per_ns * wake), 0.05)


def test_with_hardly_any_load_every_request_pays_a_cold_wake_up():
    busy, sleeps, passes, _ = replay(np.arange(1, 101) * 1_000_000_000, fixed(100), WARM, COLD, TAU)
    assert sleeps == passes == 100
    assert busy == 100 * (COLD + int(REQUEST))


def test_overload_is_served_at_the_ceiling_without_sleep():
    arrivals = poisson(100_000.0, 1)
    busy, sleeps, passes, departures = replay(arrivals, fixed(), WARM, COLD, TAU)
    assert REQUESTS * 1e9 / departures[-1] == pytest.approx(1e9 / REQUEST, rel=0.01)
    assert busy == pytest.approx(departures[-1], rel=0.01)
    assert sleeps < 10
    assert passes < REQUESTS / 100


@pytest.mark.parametrize("together", [1, 4, 16, 64])
def test_requests_released_together_share_one_wake_up_and_one_pass(together):
    # The first of them ends the sleep and all are ready at that instant: b + a / k per request.
    arrivals = np.repeat(np.arange(1, 51) * 1_000_000_000, together)
    busy, sleeps, passes, departures = replay(arrivals, fixed(arrivals.size), WARM, COLD, TAU)
    assert sleeps == passes == 50
    assert busy / arrivals.size == pytest.approx(REQUEST + COLD / together)
    assert (departures == arrivals + COLD + together * int(REQUEST)).all()


def test_a_pass_takes_what_is_ready_when_it_starts_and_replies_at_its_end():
    # Sleeps until 100, wakes for 10 (warm = cold), serves the first: pass 100..130. Two came meanwhile:
    # 130..160, without a wake-up. The one at 160 is ready at the very instant of the next pass: 160..170.
    arrivals = np.array([100, 105, 129, 160])
    work = np.array([20, 10, 20, 10])
    busy, sleeps, passes, departures = replay(arrivals, work, 10, 10, 1)
    assert departures.tolist() == [130, 160, 160, 170]
    assert (busy, sleeps, passes) == (70, 1, 3)


def test_arrivals_see_as_many_in_the_system_as_little_says():
    # Poisson arrivals see time averages, so what they find must be the rate times the time in the system.
    found, product = [], []
    for seed in range(REPLICATIONS):
        arrivals = poisson(20_000.0, seed)
        departures = replay(arrivals, fixed(), WARM, COLD, TAU)[3]
        found.append((np.arange(REQUESTS) - np.searchsorted(departures, arrivals, side="right")).mean())
        product.append((departures - arrivals).mean() * 20_000 / 1e9)
    assert_in_interval(np.array(found) / np.array(product), 1.0, 0.03)


pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=40)  # gap, work


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_without_wake_ups_it_does_the_work_of_a_fifo_server_and_holds_replies_to_the_end_of_a_pass(rows):
    gaps, work = np.ascontiguousarray(np.array(rows, np.int64).T)
    arrivals = np.cumsum(gaps)
    busy, _, _, departures = replay(arrivals, work, 0, 0, 1)
    free_ns = np.zeros(1, np.int64)
    plain = np.array([serve(free_ns, a, w) for a, w in zip(arrivals, work, strict=True)])
    assert busy == work.sum()
    assert departures[-1] == plain[-1]
    assert (departures >= plain).all()


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_busy_time_is_the_work_and_the_wake_ups_and_replies_keep_their_order(rows):
    gaps, work = np.ascontiguousarray(np.array(rows, np.int64).T)
    arrivals = np.cumsum(gaps)
    busy, sleeps, passes, departures = replay(arrivals, work, 7, 7, 1)
    assert busy == work.sum() + 7 * sleeps
    assert sleeps <= passes <= len(rows)
    assert (np.diff(departures) >= 0).all()
    assert (departures >= arrivals + work).all()


def test_a_wake_up_goes_from_warm_to_cold_with_its_time_constant():
    assert wake_ns(WARM, COLD, TAU, 0) == WARM
    assert wake_ns(WARM, COLD, TAU, 10**15) == COLD
    assert wake_ns(WARM, COLD, TAU, TAU) == round(WARM + (COLD - WARM) * (1 - math.exp(-1)))
    # after a short sleep: the slope (cold - warm) / tau
    assert wake_ns(WARM, COLD, TAU, TAU // 1000) - WARM == pytest.approx((COLD - WARM) / 1000, abs=1)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 10**7),
    st.integers(1, 10**10),
    st.integers(0, 10**13),
    st.integers(0, 10**9),
)
def test_a_longer_sleep_never_wakes_cheaper(warm, more, tau, idle, longer):
    first = wake_ns(warm, warm + more, tau, idle)
    assert warm <= first <= wake_ns(warm, warm + more, tau, idle + longer) <= warm + more
