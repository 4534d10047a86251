"""Fetching early what a pass will need: in a saturated shard a request has left the caches when it is executed."""

from models.engine.world import World
from models.vocabulary.codes import OP_STATUS_READ
from sim import batches
from sim.jit import inlined
from sim.memory import prefetch

FETCH = 8
"""So many requests ahead a pass fetches what it needs of one."""


@inlined
def fetch_ahead(w: World, place: int, at: int, length: int) -> None:
    """Fetch what a long pass will need of the requests some way behind the one at this place, number `at` of so many.

    First its slot, then, by what stands there, its place in line and its session.
    """
    if at + 2 * FETCH < length:
        prefetch(w.requests.slot, w.requests.batches.item[batches.beyond(w.requests.batches, place, 2 * FETCH)])
        slot = w.requests.batches.item[batches.beyond(w.requests.batches, place, FETCH)]
        fetch_place(w, slot)
        if w.requests.slot[slot].entity < w.p.clients.sessions:
            prefetch(w.clients.session, w.requests.slot[slot].entity)


@inlined
def fetch_place(w: World, slot: int) -> None:
    """Fetch what a request's node will read of the place that it is about."""
    r = w.requests.slot[slot]
    token = r.token
    if r.op == OP_STATUS_READ and r.node >= w.p.redis.shards:
        replica = (r.node - w.p.redis.shards) % w.p.redis.replicas
        prefetch(w.redis.known, replica * w.redis.known.shape[1] + token)
    elif token < w.waiting_room.place.size:
        prefetch(w.waiting_room.place, token)
