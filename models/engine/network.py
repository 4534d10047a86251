"""The network between clients and the system, as delays."""

from models.engine.world import (
    CLIENT,
    World,
)
from models.vocabulary.codes import (
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
