"""First-come-first-served stations as arithmetic: no events inside, one call per customer.

A station of c servers is an array of c instants, each the time at which that server has finished all it was
given. A customer takes the server that frees first. If customers are put in by time of arrival, that is
exactly the FIFO multi-server queue (Kiefer and Wolfowitz 1955, there for waiting times, here with absolute
times), so waits obey M/M/1, M/D/1, M/G/1 and, with several servers, Erlang C.
"""

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled


@compiled
def serve(free_ns: NDArray[np.int64], arrival_ns: int, service_ns: int) -> int:
    """Give one customer to the station and return when its service is done, in ns.

    *free_ns*, int64[c] with c >= 1, holds when each server is next free and is updated in place; all zeros
    is an empty station at time 0. The customer goes to the server free earliest, the lowest index of
    several, and starts at the later of *arrival_ns* and that instant. Calls must come by non-decreasing
    *arrival_ns*; *service_ns* >= 0.
    """
    server = 0
    for candidate in range(1, free_ns.size):
        if free_ns[candidate] < free_ns[server]:
            server = candidate
    done_ns = int(max(arrival_ns, free_ns[server])) + service_ns
    free_ns[server] = done_ns
    return done_ns
