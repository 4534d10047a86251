"""A single-threaded event loop as a batch server: Redis's engine thread.

A pass of the loop takes every request that is ready at the instant it starts, works through all of them and
lets all their replies out at its end. If nothing was ready the loop sleeps. The request that ends a sleep has the
thread run again a little later (`wake_delay`, in which more requests may come and join the pass; the thread does not
run, so it is no CPU time), and pays for the wake-up, which costs more after a longer sleep:

    wake(idle) = warm + (cold - warm) (1 - exp(-idle / tau))
    work       = wake, if the loop slept, + the cost of a pass + the sum of its requests

With Poisson arrivals at rate L, delay d, mean wake-up a over the idle gaps and mean request b, but nothing for a pass
as such, every busy period starts with one wake-up and the requests of the delay, and each arrival during it adds b,
whatever the batches. With Lb < 1 that gives exactly

    sleeps per request       (1 - L b) / (1 + L (a + d))
    CPU time per request     b + a times that; so for d = 0 the utilisation is U = L (a + b) / (1 + L a)
    where                    a = warm + (cold - warm) / (1 + L tau)    as the gaps are exponential of mean 1 / L

and a ceiling of throughput of 1 / b: wake-ups vanish as load rises, which is what bends CPU against request
rate.

**Caches.** While the thread sleeps, others use the processor, and what it does next it does slowly until the caches
hold its code and data again. There are two layers: the core's own (near), lost within a millisecond, and what lies
behind it (far), lost over tens of them. Each has a coldness x from 0 to 1:

    a sleep                  x <- 1 - (1 - x) exp(-idle / lost)
    so much work w           costs w + rewarm (slow_near x_near + slow_far x_far) (1 - exp(-w / rewarm))
                             and leaves x <- x exp(-w / rewarm)

Some work meets warm caches in any case and rewarms nothing: what repeats what has just been done (the same call on the
same data), and a part of every request (code of the kernel that others keep warm). It counts in the cost, and not in
the w of the exponentials.

That is what a rate of work 1 / (1 + slow_near x_near + slow_far x_far) comes to. As rewarm goes to 0 with slow x rewarm
kept, it becomes a wake-up that is paid at once: the formula above, with warm from a layer that is lost immediately.

**Garbage.** With every 50th script the thread collects what Lua has left behind (`GARBAGE_EVERY`): a pause in 2 % of
the scripts, and so in their 99th percentile. It goes through data of its own, which the caches have been losing since
it did so last:

    pause      garbage (1 + slow_near (1 - exp(-since / lost_near)) + slow_far (1 - exp(-since / lost_far)))
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined

GARBAGE_EVERY = 50
"""Scripts between two collections: LUA_GC_CYCLE_PERIOD of script_lua.c in Redis 7 and of Valkey's Lua engine; seen on
the server, too: the slowest 2 % of scripts stand apart from all others."""


class EngineThread(NamedTuple):
    """What the loop itself costs; times in ns, at least 0, and those that something decays by at least 1.

    `wake_warm` after the shortest sleep, `wake_cold` after a very long one, `wake_tau` between them; `wake_delay` until
    the thread runs; `per_pass` of the loop. Work on cold caches is slower by `near_slow` and `far_slow` (0: not at all)
    of what has been lost, with the time constants `near_lost` and `far_lost` of sleep; `rewarm` of work brings it back.
    So much of each request as `request_warm` meets warm caches in any case. `garbage`: a collection right after
    another.
    """

    wake_warm: int
    wake_cold: int
    wake_tau: int
    wake_delay: int = 0
    per_pass: int = 0
    near_slow: float = 0.0
    near_lost: int = 1
    far_slow: float = 0.0
    far_lost: int = 1
    rewarm: int = 1
    request_warm: int = 0
    garbage: int = 0


@compiled
def wake_ns(thread: EngineThread, idle_ns: int) -> int:
    """Return the cost in ns of waking after *idle_ns* >= 0 of sleep, rounded to the nanosecond."""
    share = -math.expm1(-idle_ns / thread.wake_tau)
    return thread.wake_warm + math.floor((thread.wake_cold - thread.wake_warm) * share + 0.5)


@inlined
def is_slowed(thread: EngineThread) -> bool:
    """Tell whether work on cold caches is slower: if it is not, nobody need know how cold they are."""
    return thread.near_slow > 0 or thread.far_slow > 0


@compiled
def cooled(coldness: float, lost_ns: int, idle_ns: int) -> float:
    """Return the coldness, 0 to 1, of a layer of caches after *idle_ns* of sleep."""
    return 1.0 - (1.0 - coldness) * math.exp(-idle_ns / lost_ns)


@compiled
def kept_cold(thread: EngineThread, work_ns: int, requests: int, repeated_ns: int = 0) -> float:
    """Return which share of its coldness a layer has left after the work of so many requests, some of it repeated."""
    return math.exp(-max(work_ns - repeated_ns - requests * thread.request_warm, 0) / thread.rewarm)


@compiled
def slowed_ns(thread: EngineThread, work_ns: int, kept: float, near: float, far: float) -> int:
    """Return how long *work_ns* takes on caches of coldness *near* and *far* of which *kept* is left after it."""
    lost = thread.near_slow * near + thread.far_slow * far
    return work_ns + math.floor(lost * thread.rewarm * (1.0 - kept) + 0.5)


@compiled
def garbage_ns(thread: EngineThread, since_ns: int) -> int:
    """Return what collecting garbage takes *since_ns* after the last time."""
    lost = thread.near_slow * cooled(0.0, thread.near_lost, since_ns)
    lost += thread.far_slow * cooled(0.0, thread.far_lost, since_ns)
    return math.floor(thread.garbage * (1.0 + lost) + 0.5)


@compiled
def replay(
    arrivals_ns: NDArray[np.int64], request_ns: NDArray[np.int64], thread: EngineThread
) -> tuple[int, int, int, NDArray[np.int64]]:
    """Run recorded arrivals through an engine thread that went to sleep at time 0, with cold caches.

    *arrivals_ns*, int64[n], non-decreasing and >= 0, are the instants at which requests become ready;
    *request_ns*, int64[n], the work of each on the thread; if that collects garbage, all of them are scripts. Returns
    the thread's CPU time in ns, the number of sleeps, the number of passes, and int64[n] when each request's reply
    leaves.
    """
    count = arrivals_ns.size
    departures_ns = np.empty(count, np.int64)
    now_ns = busy_ns = sleeps = passes = first = collected_ns = 0
    near = far = 1.0
    while first < count:
        work_ns = thread.per_pass
        if arrivals_ns[first] > now_ns:
            idle_ns = int(arrivals_ns[first]) - now_ns
            work_ns += wake_ns(thread, idle_ns)
            near, far = cooled(near, thread.near_lost, idle_ns), cooled(far, thread.far_lost, idle_ns)
            now_ns = int(arrivals_ns[first]) + thread.wake_delay
            sleeps += 1
        last, collecting_ns = first, 0
        while last < count and arrivals_ns[last] <= now_ns:
            work_ns += int(request_ns[last])
            last += 1
            if thread.garbage > 0 and last % GARBAGE_EVERY == 0:
                pause_ns = garbage_ns(thread, now_ns + work_ns - collected_ns)
                collected_ns = now_ns + work_ns
                work_ns += pause_ns
                collecting_ns += pause_ns
        kept = kept_cold(thread, work_ns, last - first, collecting_ns)
        pass_ns = slowed_ns(thread, work_ns, kept, near, far)
        near, far = near * kept, far * kept
        now_ns += pass_ns
        departures_ns[first:last] = now_ns
        busy_ns += pass_ns
        passes += 1
        first = last
    return busy_ns, sleeps, passes, departures_ns
