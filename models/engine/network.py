"""The network: how long a request is under way from one place to the next, and when it comes.

Every delay is that of a hop of the plan's table (see `models.plan.network`), worked out in `delay` and nowhere else but
in `set_out`, for the request of a session, which has no slot before it has arrived. `forward` sends a request on its
way. What stands on a hop belongs here: what makes it longer is a column of the table and a line of `delay`, and so of
`Run.delay` of the reference; what takes its turn before a request leaves is a line of `forward`. What stops a request,
or decides about it, is a part of its own: in the plan the hop ends with that part's kind of event, and its handler
forwards the request from there.
"""

import numpy as np
from numpy.typing import NDArray

from models.engine.agenda import NOTHING, schedule
from models.engine.requests import CLIENT
from models.engine.world import World
from models.plan.network import NOT_DRAWN
from models.vocabulary.codes import PLACE_CLIENT, PLACE_GATEWAY, PLACE_REDIS, STREAM_NET_BASE
from sim.draws import from_table
from sim.jit import compiled, inlined


@inlined
def one_way(jitter: NDArray[np.int64], start: np.uint64, base: int, entity: int, number: int) -> int:
    """Return how long something is under way between a client and the load balancer, ns.

    That is the client's *base* and a draw from the table of *jitter*, by the *start* of the hop's stream. Both engines
    use this.
    """
    return base + from_table(jitter, start, entity, number)


@inlined
def delay(w: World, slot: int, leaves: int, to: int) -> int:
    """Return how long a request is under way from one `Place` to another, ns."""
    hop, r = w.p.network.hop[leaves, to], w.requests.slot[slot]
    fixed = w.p.network.delay[hop.first + hop.by_pod * r.pod + hop.by_node * r.node]
    fixed += _added(w, hop.added, r.entity, r.number)
    return fixed if hop.stream == NOT_DRAWN else fixed + _of_people(w, slot, hop.stream)


@inlined
def _added(w: World, row: int, entity: int, number: int) -> int:
    """Return what the proxies on a hop add to a request's way, ns, by the row of their table."""
    if row == NOT_DRAWN:
        return 0
    return from_table(w.p.network.added[row], w.p.run.starts[w.p.network.added_stream[row]], entity, number)


@compiled
def _of_people(w: World, slot: int, stream: int) -> int:
    """Return how long a request or its answer is under way between its client and whatever it comes to first, ns."""
    r = w.requests.slot[slot]
    if r.origin == CLIENT:
        base = w.clients.session[r.entity].base_delay
    else:  # one of a source's clients, which are many: each sends once
        base = from_table(w.p.network.base, w.p.run.starts[STREAM_NET_BASE], r.entity, 0)
    return one_way(w.p.network.jitter, w.p.run.starts[stream], base, r.entity, r.number)


@inlined
def forward(w: World, now: int, slot: int, leaves: int, to: int) -> None:
    """Send a request, or its answer, from one `Place` to another."""
    arrive(w, now + delay(w, slot, leaves, to), slot, leaves, to)


@inlined
def arrive(w: World, at: int, slot: int, leaves: int, to: int) -> None:
    """Let a request that is known to be there then come to the end of its hop."""
    r = w.requests.slot[slot]
    schedule(w, at, w.p.network.hop[leaves, to].kind, r.entity, r.number, slot)


@compiled
def set_out(w: World, at: int, s: int) -> None:
    """Send the request of a session on its way; it gets its slot when it comes."""
    hop, c = w.p.network.hop[PLACE_CLIENT, PLACE_GATEWAY], w.clients.session[s]
    at += w.p.network.delay[hop.first] + _added(w, hop.added, s, c.number)
    at += one_way(w.p.network.jitter, w.p.run.starts[hop.stream], c.base_delay, s, c.number)
    come(w, at, s, c.number)


@inlined
def come(w: World, at: int, s: int, number: int) -> None:
    """Let the request of a session come to the end of its first hop then."""
    schedule(w, at, w.p.network.hop[PLACE_CLIENT, PLACE_GATEWAY].kind, s, number, NOTHING)


@compiled
def first_arrivals(
    first_send: NDArray[np.int64],
    base_delay: NDArray[np.int64],
    jitter: NDArray[np.int64],
    start: np.uint64,
    added: NDArray[np.int64],
    added_start: np.uint64,
) -> NDArray[np.int64]:
    """Return when the first request of every session is over its first hop, int64[S] ns; its draws begin at *start*.

    *added* is the table of what proxies on its way add, empty if there are none, and *added_start* begins its stream.
    """
    arrival = np.empty(first_send.size, np.int64)
    for s in range(first_send.size):
        proxies = from_table(added, added_start, s, 1) if added.size > 0 else 0
        arrival[s] = first_send[s] + proxies + one_way(jitter, start, base_delay[s], s, 1)
    return arrival


@compiled
def let_reply(w: World, at: int, slot: int) -> None:
    """Let an answer that has left its node be back at its pod then."""
    r = w.requests.slot[slot]
    pool = w.service.pool[r.pod * w.p.redis.nodes + r.node]
    if r.life == w.service.pod[r.pod].life and r.node_life == pool.node_life:
        pool.owed += 1
    arrive(w, at, slot, PLACE_REDIS, PLACE_GATEWAY)
