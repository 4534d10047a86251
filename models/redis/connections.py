"""Connections that a Redis node has accepted: so many at most."""

from models.engine.world import World
from sim.jit import compiled


@compiled
def accept(w: World, slot: int) -> bool:
    """Let the node accept the connection that a request asks for; of a pod that has been killed there is none.

    Tell whether the pod, if it is still there, has it now.
    """
    r = w.requests.slot[slot]
    node = w.redis.node[r.node]
    if r.life != w.service.pod[r.pod].life:
        return True
    if node.clients >= w.p.redis.max_clients:
        return False
    node.clients += 1
    w.service.pool[r.pod * w.p.redis.nodes + r.node].accepted += 1
    return True
