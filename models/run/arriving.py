"""Where a request has come from when it reaches the load balancer: of all parts, only the run knows both sides."""

from models.clients.kernel import count_sent, slot_of_next
from models.edge.kernel import turn_away
from models.engine.agenda import NOTHING
from models.engine.requests import KUBELET, SOURCE
from models.engine.world import UNKNOWN, World
from models.service.kernel import balance, be_probed
from sim.jit import compiled, inlined


@compiled
def on_arrive(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """A request reaches the load balancer, or a probe its pod."""
    come = arrived(w, now, entity, slot)
    if come != NOTHING:
        balance(w, now, come)


@inlined
def arrived(w: World, now: int, entity: int, slot: int) -> int:
    """Return the slot of the request that the load balancer is to give to a pod now, or NOTHING: there is none.

    A session's request gets its slot here, the others have one. A probe is at its pod already. Some the edge
    turns away.
    """
    if entity < w.p.clients.sessions:
        slot = slot_of_next(w, now, entity)
        if slot == NOTHING:
            return NOTHING
    elif w.requests.slot[slot].origin == KUBELET:
        be_probed(w, now, slot)
        return NOTHING
    elif w.requests.slot[slot].origin != SOURCE:
        w.total[UNKNOWN] += 1
        return NOTHING
    count_sent(w, now, slot)
    return NOTHING if w.p.edge.on and turn_away(w, now, slot) else slot
