"""The FIFO station against closed forms of queueing theory and the definition of a multi-server queue."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student_t

from sim.stations import serve

MEAN_NS = 1_000_000.0  # mean service time; rounding to the nanosecond is a millionth of it
REPLICATIONS = 16
CUSTOMERS = 200_000
WARM_UP = 10_000


@numba.njit
def waits_ns(servers: int, arrivals_ns: NDArray[np.int64], services_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    free_ns = np.zeros(servers, np.int64)
    waits = np.empty(arrivals_ns.size, np.int64)
    for i in range(arrivals_ns.size):
        waits[i] = serve(free_ns, arrivals_ns[i], services_ns[i]) - services_ns[i] - arrivals_ns[i]
    return waits


def constant(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return np.ones(size)


def exponential(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return generator.exponential(size=size)


def lognormal(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return generator.lognormal(-0.5 * 0.5**2, 0.5, size)


def simulated(law, servers: int, load: float) -> NDArray[np.float64]:
    """Mean wait and share of customers who wait, in mean service times, one row per replication."""
    rows = []
    for seed in range(REPLICATIONS):
        generator = np.random.default_rng(seed)
        gaps = generator.exponential(MEAN_NS / (load * servers), CUSTOMERS)
        arrivals_ns = np.rint(np.cumsum(gaps)).astype(np.int64)
        services_ns = np.rint(law(generator, CUSTOMERS) * MEAN_NS).astype(np.int64)
        waits = waits_ns(servers, arrivals_ns, services_ns)[WARM_UP:]
        rows.append((waits.mean() / MEAN_NS, (waits > 0).mean()))
    return np.array(rows)


def assert_in_interval(samples: NDArray[np.float64], truth: float) -> None:
    """The truth lies in the 99.9 % interval, and the interval is narrow enough to tell."""
    half = student_t.ppf(0.9995, samples.size - 1) * samples.std(ddof=1) / math.sqrt(samples.size)
    assert abs(samples.mean() - truth) < half
    assert half < 0.08 * truth


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c (Erlang 1917), by way of Erlang B's recursion."""
    offered = servers * load
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = offered * blocked / (c + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
@pytest.mark.parametrize(
    ("law", "squared_variation"),
    [(exponential, 1.0), (constant, 0.0), (lognormal, math.expm1(0.5**2))],
    ids=["M/M/1", "M/D/1", "M/G/1"],
)
def test_one_server_waits_as_pollaczek_and_khinchine_say(law, squared_variation, load):
    found = simulated(law, 1, load)
    assert_in_interval(found[:, 0], load / (1 - load) * (1 + squared_variation) / 2)
    assert_in_interval(found[:, 1], load)  # arrivals see time averages, so they wait as often as it is busy


@pytest.mark.parametrize(("servers", "load"), [(2, 0.7), (8, 0.8), (30, 0.85)])
def test_several_servers_wait_as_erlang_c_says(servers, load):
    found = simulated(exponential, servers, load)
    waiting = erlang_c(servers, load)
    assert_in_interval(found[:, 1], waiting)
    assert_in_interval(found[:, 0], waiting / (servers * (1 - load)))


def test_erlang_c_of_the_tables():
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 0.5) == pytest.approx(1 / 3)  # 2 rho^2 / (1 + rho)


customers = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50)), min_size=1, max_size=40)  # gap, service


def totalled(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    gaps, services = np.array(pairs, np.int64).T
    return np.cumsum(gaps), np.ascontiguousarray(services)


@settings(max_examples=100, deadline=None)
@given(customers, st.integers(1, 5))
def test_a_customer_starts_when_fewer_than_all_servers_are_held_by_those_before(pairs, servers):
    arrivals, services = totalled(pairs)
    starts = arrivals + waits_ns(servers, arrivals, services)
    ends = starts + services
    assert (np.diff(starts) >= 0).all()  # first come, first served
    for i in range(len(pairs)):
        before = ends[:i]
        assert (before > starts[i]).sum() < servers  # a server was free
        if starts[i] > arrivals[i]:  # and not a nanosecond earlier
            assert (before >= starts[i]).sum() >= servers


@settings(max_examples=50, deadline=None)
@given(customers, st.integers(1, 5))
def test_one_more_server_makes_nobody_wait_longer(pairs, servers):
    arrivals, services = totalled(pairs)
    assert (waits_ns(servers + 1, arrivals, services) <= waits_ns(servers, arrivals, services)).all()


def test_ties_go_to_the_lowest_server():
    free_ns = np.zeros(3, np.int64)
    assert serve(free_ns, 5, 10) == 15
    assert free_ns.tolist() == [15, 0, 0]
    assert serve(free_ns, 5, 10) == 15
    assert free_ns.tolist() == [15, 15, 0]
