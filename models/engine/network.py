"""The network between clients, pods and nodes: how long requests and answers are under way, and when they come."""

import numpy as np
from numpy.typing import NDArray

from models.engine.agenda import schedule
from models.engine.requests import CLIENT
from models.engine.world import World
from models.vocabulary.codes import KIND_POD_REPLY, STREAM_NET_BACK, STREAM_NET_BASE, STREAM_NET_OUT
from sim.draws import from_table
from sim.jit import compiled, inlined


@inlined
def one_way(jitter: NDArray[np.int64], start: np.uint64, base: int, entity: int, number: int) -> int:
    """Return how long something is under way between a client and the load balancer, ns.

    That is the client's *base* and a draw from the table of *jitter*, by the *start* of the stream for the way out, or
    for the way back. Both engines use this.
    """
    return base + from_table(jitter, start, entity, number)


@inlined
def way_out(w: World, base: int, entity: int, number: int) -> int:
    """Return how long a request is under way to the load balancer, ns, from a client with this base delay."""
    return one_way(w.p.network.jitter, w.p.run.starts[STREAM_NET_OUT], base, entity, number)


@compiled
def way_back(w: World, slot: int) -> int:
    """Return how long the answer is under way to its client, ns."""
    r = w.requests.slot[slot]
    base = w.clients.session[r.entity].base_delay if r.origin == CLIENT else base_of(w, r.entity)
    return one_way(w.p.network.jitter, w.p.run.starts[STREAM_NET_BACK], base, r.entity, r.number)


@inlined
def base_of(w: World, entity: int) -> int:
    """Return the base delay in ns of one of a source's clients, which are many: each sends once."""
    return from_table(w.p.network.base, w.p.run.starts[STREAM_NET_BASE], entity, 0)


@compiled
def first_arrivals(
    first_send: NDArray[np.int64], base_delay: NDArray[np.int64], jitter: NDArray[np.int64], start: np.uint64
) -> NDArray[np.int64]:
    """Return when every session's first request reaches the load balancer, int64[S] ns."""
    arrival = np.empty(first_send.size, np.int64)
    for s in range(first_send.size):
        arrival[s] = first_send[s] + one_way(jitter, start, base_delay[s], s, 1)
    return arrival


@compiled
def let_reply(w: World, at: int, slot: int) -> None:
    """Let an answer that has left its node be back at its pod then."""
    r = w.requests.slot[slot]
    pool = w.service.pool[r.pod * w.p.redis.nodes + r.node]
    if r.life == w.service.pod[r.pod].life and r.node_life == pool.node_life:
        pool.owed += 1
    schedule(w, at, KIND_POD_REPLY, r.entity, r.number, slot)
