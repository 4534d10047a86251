"""A single-threaded event loop as a batch server: Redis's engine thread.

A pass of the loop takes every request that is ready at the instant it starts, works through all of them and
lets all their replies out at its end. If nothing was ready the loop sleeps, and the request that ends the
sleep also pays for a wake-up, which costs more after a longer sleep because caches and predictors have been
lost:

    wake(idle) = warm + (cold - warm) (1 - exp(-idle / tau))
    pass       = wake, if the loop slept, + the sum of its requests

With Poisson arrivals at rate L, mean wake-up a over the idle gaps and mean request b, every busy period
starts with one wake-up and one request and each arrival during it adds b, whatever the batches. With Lb < 1
that gives exactly

    utilisation          U = L (a + b) / (1 + L a)
    sleeps per request       (1 - L b) / (1 + L a)
    where                a = warm + (cold - warm) / (1 + L tau)    as the gaps are exponential of mean 1 / L

and a ceiling of throughput of 1 / b: wake-ups vanish as load rises, which is what bends CPU against request
rate.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled


@compiled
def wake_ns(warm_ns: int, cold_ns: int, tau_ns: int, idle_ns: int) -> int:
    """Return the cost in ns of waking after *idle_ns* of sleep, rounded to the nanosecond.

    *warm_ns* is the cost after the shortest sleep, *cold_ns* after a very long one, *tau_ns* > 0 the time
    constant between them; *idle_ns* >= 0.
    """
    cooled = -math.expm1(-idle_ns / tau_ns)
    return warm_ns + math.floor((cold_ns - warm_ns) * cooled + 0.5)


@compiled
def replay(
    arrivals_ns: NDArray[np.int64], request_ns: NDArray[np.int64], warm_ns: int, cold_ns: int, tau_ns: int
) -> tuple[int, int, int, NDArray[np.int64]]:
    """Run recorded arrivals through an engine thread that went to sleep at time 0.

    *arrivals_ns*, int64[n], non-decreasing and >= 0, are the instants at which requests become ready;
    *request_ns*, int64[n], the work of each on the thread. The three wake-up costs are those of `wake_ns`.
    Returns the thread's busy time in ns, the number of sleeps, the number of passes, and int64[n] when each
    request's reply leaves.
    """
    count = arrivals_ns.size
    departures_ns = np.empty(count, np.int64)
    now_ns = 0
    busy_ns = 0
    sleeps = 0
    passes = 0
    first = 0
    while first < count:
        pass_ns = 0
        if arrivals_ns[first] > now_ns:
            pass_ns = wake_ns(warm_ns, cold_ns, tau_ns, int(arrivals_ns[first]) - now_ns)
            now_ns = int(arrivals_ns[first])
            sleeps += 1
        last = first
        while last < count and arrivals_ns[last] <= now_ns:
            pass_ns += int(request_ns[last])
            last += 1
        now_ns += pass_ns
        departures_ns[first:last] = now_ns
        busy_ns += pass_ns
        passes += 1
        first = last
    return busy_ns, sleeps, passes, departures_ns
