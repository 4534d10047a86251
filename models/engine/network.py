"""The network between clients, pods and nodes: how long an answer takes, and its arrival as an event."""

from models.engine.agenda import schedule
from models.engine.world import (
    CLIENT,
    World,
)
from models.vocabulary.codes import (
    KIND_POD_REPLY,
    STREAM_NET_BACK,
    STREAM_NET_BASE,
)
from sim.draws import from_table
from sim.jit import compiled


@compiled
def way_back(w: World, slot: int) -> int:
    """Return the one-way delay in ns of the answer to its client."""
    r = w.slot[slot]
    jitter = from_table(w.x.jitter, w.x.starts[STREAM_NET_BACK], r.entity, r.number)
    if r.origin == CLIENT:
        return w.session[r.entity].base_delay + jitter
    return from_table(w.x.base, w.x.starts[STREAM_NET_BASE], r.entity, 0) + jitter


@compiled
def let_reply(w: World, at: int, slot: int) -> None:
    """Let an answer that has left its node be back at its pod then."""
    r = w.slot[slot]
    pool = w.pool[r.pod * w.p.nodes + r.node]
    if r.life == w.pod[r.pod].life and r.node_life == pool.node_life:
        pool.owed += 1
    schedule(w, at, KIND_POD_REPLY, r.entity, r.number, slot)
