"""FIFO stations, in both forms, against closed forms of queueing theory and the definition of a multi-server queue.

Where a closed form is met by chance only, 16 seeded runs give an interval that holds the truth in 999 of 1,000 such
sets of seeds; these are always the same, so a test that passes goes on to pass.
"""

import math
from collections import deque
from collections.abc import Callable

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student_t

from sim import servers as stations
from sim.queues import LENGTH
from sim.servers import BUSY, IN_LINE, NOBODY, REFUSED, SERVED, UNLIMITED, done_at, new_stations

MEAN_NS = 1_000_000.0  # mean service time; rounding to the nanosecond is a millionth of it
REPLICATIONS = 16
CUSTOMERS = 200_000
WARM_UP = 10_000
LOST = -1
NEVER = np.iinfo(np.int64).max

Waits = NDArray[np.int64]


@numba.njit
def by_arithmetic(count: int, limit: int, arrivals_ns: Waits, services_ns: Waits) -> Waits:
    """How long each customer waits at a station that turns nobody away."""
    free_ns = np.zeros(count, np.int64)
    waits = np.empty(arrivals_ns.size, np.int64)
    for i in range(arrivals_ns.size):
        waits[i] = done_at(free_ns, arrivals_ns[i], services_ns[i]) - services_ns[i] - arrivals_ns[i]
    return waits


@numba.njit
def by_events(count: int, limit: int, arrivals_ns: Waits, services_ns: Waits) -> Waits:
    """The same, or LOST, with an event for each arrival and each departure; of one instant departures come first."""
    station, follower = np.zeros((1, 4), np.int64), np.zeros(arrivals_ns.size, np.int64)
    ends_ns, waits = np.full(count, NEVER), np.full(arrivals_ns.size, LOST)
    coming = 0
    while coming < arrivals_ns.size or station[0, BUSY] > 0:
        server = ends_ns.argmin()
        if coming < arrivals_ns.size and arrivals_ns[coming] < ends_ns[server]:
            now, coming = arrivals_ns[coming], coming + 1
            served = coming - 1
            server = ends_ns.argmax()  # one that is free, if any is
            if stations.arrive(station, 0, count, limit, follower, served) != SERVED:
                continue
        else:
            now, ends_ns[server] = ends_ns[server], NEVER
            served = stations.leave(station, 0, follower)
            if served == NOBODY:
                continue
        waits[served] = now - arrivals_ns[served]
        ends_ns[server] = now + services_ns[served]
    return waits


FORMS = pytest.mark.parametrize("form", [by_arithmetic, by_events], ids=["by arithmetic", "by events"])


def constant(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return np.ones(size)


def exponential(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return generator.exponential(size=size)


def lognormal(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    return generator.lognormal(-0.5 * 0.5**2, 0.5, size)


def simulated(
    form: Callable[..., Waits], law, servers: int, load: float, limit: int = UNLIMITED
) -> NDArray[np.float64]:
    """Of those served the mean wait, in mean service times, and the share who wait; of all the share who are lost.

    One row per replication; *load* is what is offered to each server.
    """
    rows = []
    for seed in range(REPLICATIONS):
        generator = np.random.default_rng(seed)
        gaps = generator.exponential(MEAN_NS / (load * servers), CUSTOMERS)
        arrivals_ns = np.rint(np.cumsum(gaps)).astype(np.int64)
        services_ns = np.rint(law(generator, CUSTOMERS) * MEAN_NS).astype(np.int64)
        waits = form(servers, limit, arrivals_ns, services_ns)[WARM_UP:]
        served = waits[waits != LOST]
        rows.append((served.mean() / MEAN_NS, (served > 0).mean(), (waits == LOST).mean()))
    return np.array(rows)


def assert_in_interval(samples: NDArray[np.float64], truth: float) -> None:
    """The truth lies in the 99.9 % interval, and the interval is narrow enough to tell."""
    half = student_t.ppf(0.9995, samples.size - 1) * samples.std(ddof=1) / math.sqrt(samples.size)
    assert abs(samples.mean() - truth) < half
    assert half < 0.08 * truth


def erlang_b(servers: int, load: float) -> float:
    """Probability of being lost in M/M/c/c (Erlang 1917), by the usual recursion."""
    offered = servers * load
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = offered * blocked / (c + offered * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c (Erlang 1917), by way of Erlang B."""
    blocked = erlang_b(servers, load)
    return blocked / (1 - load * (1 - blocked))


def held_in_m_m_c_k(servers: int, load: float, room: int) -> NDArray[np.float64]:
    """Probabilities that so many are there, 0 to *room*, from the balance of births and deaths."""
    weights = np.cumprod([1.0] + [servers * load / min(held, servers) for held in range(1, room + 1)])
    return weights / weights.sum()


@FORMS
@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
@pytest.mark.parametrize(
    ("law", "squared_variation"),
    [(exponential, 1.0), (constant, 0.0), (lognormal, math.expm1(0.5**2))],
    ids=["M/M/1", "M/D/1", "M/G/1"],
)
def test_one_server_waits_as_pollaczek_and_khinchine_say(form, law, squared_variation, load):
    found = simulated(form, law, 1, load)
    assert_in_interval(found[:, 0], load / (1 - load) * (1 + squared_variation) / 2)
    assert_in_interval(found[:, 1], load)  # arrivals see time averages, so they wait as often as it is busy


@FORMS
@pytest.mark.parametrize(("servers", "load"), [(2, 0.7), (8, 0.8), (30, 0.85)])
def test_several_servers_wait_as_erlang_c_says(form, servers, load):
    found = simulated(form, exponential, servers, load)
    waiting = erlang_c(servers, load)
    assert_in_interval(found[:, 1], waiting)
    assert_in_interval(found[:, 0], waiting / (servers * (1 - load)))


@pytest.mark.parametrize("law", [exponential, constant, lognormal], ids=["M/M/c/c", "M/D/c/c", "M/G/c/c"])
@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (5, 0.8), (20, 1.2)])
def test_without_a_line_as_many_are_lost_as_erlang_b_says_whatever_the_services_are_like(law, servers, load):
    """The loss depends on the mean service time alone (Sevastyanov 1957)."""
    found = simulated(by_events, law, servers, load, limit=0)
    assert_in_interval(found[:, 2], erlang_b(servers, load))
    assert (found[:, :2] == 0).all()


@pytest.mark.parametrize(("servers", "load", "limit"), [(1, 0.9, 4), (3, 1.1, 5), (8, 0.9, 12)])
def test_a_line_with_a_limit_loses_and_lets_wait_as_m_m_c_k_says(servers, load, limit):
    found = simulated(by_events, exponential, servers, load, limit)
    room = servers + limit
    there = held_in_m_m_c_k(servers, load, room)
    arriving = there[:room] / there[:room].sum()  # what those see who are let in
    ahead = np.maximum(np.arange(room) - servers + 1, 0)  # services that must end before one's own
    assert_in_interval(found[:, 2], there[room])
    assert_in_interval(found[:, 1], arriving[servers:].sum())
    assert_in_interval(found[:, 0], (arriving * ahead).sum() / servers)


def test_the_closed_forms_are_those_of_the_tables():
    assert erlang_b(1, 0.5) == pytest.approx(1 / 3)  # a / (1 + a)
    assert erlang_b(10, 0.5) == pytest.approx(0.0184, abs=5e-5)  # 5 erlangs on 10 lines, in any table
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 0.5) == pytest.approx(1 / 3)  # 2 rho^2 / (1 + rho)
    assert held_in_m_m_c_k(3, 0.7, 3)[3] == pytest.approx(erlang_b(3, 0.7))
    assert held_in_m_m_c_k(2, 0.5, 400)[2:].sum() == pytest.approx(erlang_c(2, 0.5))


customers = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50)), min_size=1, max_size=40)  # gap, service


def totalled(pairs: list[tuple[int, int]]) -> tuple[Waits, Waits]:
    gaps, services = np.array(pairs, np.int64).T
    return np.cumsum(gaps), np.ascontiguousarray(services)


@FORMS
@settings(max_examples=100, deadline=None)
@given(customers, st.integers(1, 5))
def test_a_customer_starts_when_fewer_than_all_servers_are_held_by_those_before(form, pairs, servers):
    arrivals, services = totalled(pairs)
    starts = arrivals + form(servers, UNLIMITED, arrivals, services)
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
    fewer = by_arithmetic(servers, UNLIMITED, arrivals, services)
    assert (by_arithmetic(servers + 1, UNLIMITED, arrivals, services) <= fewer).all()


def test_ties_go_to_the_lowest_server():
    free_ns = np.zeros(3, np.int64)
    assert done_at(free_ns, 5, 10) == 15
    assert free_ns.tolist() == [15, 0, 0]
    assert done_at(free_ns, 5, 10) == 15
    assert free_ns.tolist() == [15, 15, 0]


class Plain:
    """A station as two lists: who is served, and who stands in line."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self.line: deque[int] = deque()

    def next_in_line(self) -> int:
        return self.line.popleft() if self.line else NOBODY


COUNT, SERVERS, LIMIT = 2, 3, 2
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "arrive", "arrive", "enter", "leave", "leave", "renege", "replace"]),
        st.integers(0, COUNT - 1),
        st.integers(0, SERVERS - 1),
    ),
    max_size=80,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_happens_at_stations_that_share_their_links_happens_as_with_plain_lists(steps):
    array, follower = new_stations(COUNT), np.full(len(steps), -7, np.int32)
    plain = [Plain() for _ in range(COUNT)]
    for customer, (what, which, whose) in enumerate(steps):
        p = plain[which]
        if what == "arrive":
            free, room = len(p.served) < SERVERS, len(p.line) < LIMIT
            expected = SERVED if free else IN_LINE if room else REFUSED
            assert stations.arrive(array, which, SERVERS, LIMIT, follower, customer) == expected
            if expected != REFUSED:
                (p.served if free else p.line).append(customer)
        elif what == "enter":
            assert stations.enter(array, which, SERVERS) == (len(p.served) < SERVERS)
            if len(p.served) < SERVERS:
                p.served.append(customer)
        elif what == "leave" and whose < len(p.served):
            p.served.pop(whose)
            following = p.next_in_line()
            assert stations.leave(array, which, follower) == following
            p.served += [following] if following != NOBODY else []
        elif what == "renege":
            assert stations.renege(array, which, follower) == p.next_in_line()
        elif what == "replace":
            p.served.clear()
            stations.replace(array, which)
            while len(p.served) < SERVERS and p.line:
                p.served.append(p.line.popleft())
                assert stations.admit(array, which, SERVERS, follower) == p.served[-1]
            assert stations.admit(array, which, SERVERS, follower) == NOBODY
        assert array[:, BUSY].tolist() == [len(each.served) for each in plain]
        assert array[:, LENGTH].tolist() == [len(each.line) for each in plain]
        assert [stations.held(array, k) for k in range(COUNT)] == [len(each.served) + len(each.line) for each in plain]


def test_servers_that_are_given_back_are_free_and_nobody_gets_them():
    array, follower = new_stations(1), np.zeros(4, np.int64)
    for customer in range(3):
        assert stations.arrive(array, 0, 3, 0, follower, customer) == SERVED
    stations.give_back(array, 0, 2)
    assert array[0, BUSY] == 1
    assert stations.arrive(array, 0, 3, 0, follower, 3) == SERVED
