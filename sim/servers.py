"""First-come-first-served stations of equal servers, in the two forms in which a model needs them.

*By events*, where what happens to a customer is decided while it is served or waits: `arrive` and `leave`, and what may
happen to a line besides. A station does not know how long a service takes: whoever is let in schedules that, and calls
`leave` when it is over. Stations are the rows of one array, `follower[i]` links customer i to the one behind it; all
stations of a model can share it, as nobody stands in two lines (see `sim.queues`).

*By arithmetic*, where a customer's service is known when it comes: `done_at`, one call per customer, no events inside.

Both are the queue of Erlang 1917: waits obey M/M/1, M/D/1, M/G/1 and Erlang C, losses Erlang B and M/M/c/K.
"""

import numpy as np
from numpy.typing import NDArray

from sim import queues
from sim.jit import compiled, inlined
from sim.queues import FIRST, LAST, LENGTH

BUSY = 3
"""Column of a station behind those of its line (FIRST, LAST, LENGTH): how many of its servers are taken."""
COLUMNS = (FIRST, LAST, LENGTH, BUSY)
SERVED, IN_LINE, REFUSED = range(3)
"""What becomes of who arrives: it has a server; it stands in line; there is no room."""
NOBODY = -1
UNLIMITED = 1 << 62
"""A limit that no line reaches."""


def new_stations(count: int) -> NDArray[np.int64]:
    """Return so many stations that nobody has come to yet, int64[count, 4]."""
    return np.zeros((count, len(COLUMNS)), np.int64)


@inlined
def arrive(
    stations: NDArray[np.int64], which: int, servers: int, limit: int, follower: NDArray[np.int64], customer: int
) -> int:
    """Give a customer a server of station `which`, which has so many, or a place in line while that is below *limit*.

    Return SERVED, IN_LINE or REFUSED.
    """
    if enter(stations, which, servers):
        return SERVED
    if stations[which, LENGTH] >= limit:
        return REFUSED
    join(stations, which, follower, customer)
    return IN_LINE


@inlined
def enter(stations: NDArray[np.int64], which: int, servers: int) -> bool:
    """Take a free server, if there is one, for somebody who may do something else than stand in line; tell whether."""
    free = stations[which, BUSY] < servers
    stations[which, BUSY] += free
    return free


@inlined
def join(stations: NDArray[np.int64], which: int, follower: NDArray[np.int64], customer: int) -> None:
    """Stand in line, having found no free server."""
    queues.put(stations, which, follower, customer)


@inlined
def leave(stations: NDArray[np.int64], which: int, follower: NDArray[np.int64]) -> int:
    """Let a customer who has been served leave: return who was first in line and has the server now, or NOBODY."""
    if stations[which, LENGTH] == 0:
        stations[which, BUSY] -= 1
        return NOBODY
    return queues.take(stations, which, follower)


@inlined
def admit(stations: NDArray[np.int64], which: int, servers: int, follower: NDArray[np.int64]) -> int:
    """Give a server that became free otherwise to the first in line; return who that was, or NOBODY: none is free, or
    nobody waits."""
    if stations[which, LENGTH] == 0 or not enter(stations, which, servers):
        return NOBODY
    return queues.take(stations, which, follower)


@inlined
def renege(stations: NDArray[np.int64], which: int, follower: NDArray[np.int64]) -> int:
    """Let the first in line go without having been served; return who that was, or NOBODY."""
    return queues.take(stations, which, follower) if stations[which, LENGTH] > 0 else NOBODY


@inlined
def give_back(stations: NDArray[np.int64], which: int, servers: int) -> None:
    """Let so many servers be free that are not handed on: nobody waits for them."""
    stations[which, BUSY] -= servers


@inlined
def replace(stations: NDArray[np.int64], which: int) -> None:
    """Put new servers, all of them free, in the place of those that there were; who stands in line still does."""
    stations[which, BUSY] = 0


@inlined
def held(stations: NDArray[np.int64], which: int) -> int:
    """Return how many customers are at a station, served and in line."""
    return stations[which, BUSY] + stations[which, LENGTH]


@compiled
def done_at(free_ns: NDArray[np.int64], arrival_ns: int, service_ns: int) -> int:
    """Give one customer to a station by arithmetic, and return when its service is done, in ns.

    *free_ns*, int64[c] with c >= 1, holds when each server has finished all it was given, and is updated in place; all
    zeros is an empty station at time 0. The customer goes to the server free earliest, the lowest index of several,
    and starts at the later of *arrival_ns* and that instant (Kiefer and Wolfowitz 1955, there for waiting times, here
    with absolute times). Calls must come by non-decreasing *arrival_ns*; *service_ns* >= 0.
    """
    server = 0
    for candidate in range(1, free_ns.size):
        if free_ns[candidate] < free_ns[server]:
            server = candidate
    done_ns = int(max(arrival_ns, free_ns[server])) + service_ns
    free_ns[server] = done_ns
    return done_ns
