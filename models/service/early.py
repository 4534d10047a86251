"""Connections that requests are given before their pod has worked out what to ask: early, if there are enough.

When a request comes to a pod it is known when the pod's CPU will be done with it, and mostly that a connection will be
free then: if one is free now, not counting those that are given already, nobody who asks before can take the last one.
Then the request has it at once, and no event is needed until it is at its node. When all this holds, `models.run.fused`
says.

On several cores a request can be done before one that came earlier. If that finds no connection, one that was given to
a request that is still on the CPU is its own by right: it is taken back (`give_way`), and the other request asks in its
time. The event that would have brought that to its node is void then.

The notes of a pod are a ring of AHEAD rows; whoever would overwrite one that still counts is given nothing early.
"""

from models.engine.agenda import NOTHING, schedule
from models.engine.world import VOID, World
from models.service.state import AHEAD, NEVER
from models.vocabulary.codes import KIND_CPU_DONE
from sim import servers
from sim.jit import compiled, inlined

_LAST = AHEAD - 1


@inlined
def take_early(w: World, now: int, slot: int, node: int, done: int) -> bool:
    """Give a request a connection to a node, early, as its pod's CPU will be `done` with it; tell whether that can be.

    It needs one that is open and free, and a row to note it in. Then its program is at the step in which it asks.
    """
    r = w.requests.slot[slot]
    number = r.pod * w.p.redis.nodes + node
    pod = w.service.pod[r.pod]
    row = w.service.early[r.pod * AHEAD + pod.next_early]
    if row.done >= now or not servers.enter(w.service.connections, number, w.service.pool[number].open):
        return False
    row.done, row.slot = done, slot
    pod.next_early = (pod.next_early + 1) & _LAST
    pod.early_until = max(pod.early_until, done)
    r.node, r.node_life = node, w.service.pool[number].node_life
    r.step += 1
    return True


@inlined
def give_way(w: World, now: int, slot: int) -> bool:
    """Take back the connection of the last who was given one early in this request's place; tell whether one was."""
    return w.service.pod[w.requests.slot[slot].pod].early_until >= now and _give_way(w, now, slot)


@compiled
def _give_way(w: World, now: int, slot: int) -> bool:
    r = w.requests.slot[slot]
    last = NOTHING
    time, entity, number = now, r.entity, r.number
    for at in range(r.pod * AHEAD, (r.pod + 1) * AHEAD):
        row = w.service.early[at]
        if row.done < time:
            continue
        other = w.requests.slot[row.slot]
        if other.node == r.node and (
            row.done > time or other.entity > entity or (other.entity == entity and other.number > number)
        ):
            last, time, entity, number = at, row.done, other.entity, other.number
    if last == NOTHING:
        return False
    row = w.service.early[last]
    taken = w.requests.slot[row.slot]
    taken.void = 1
    taken.step -= 1
    servers.give_back(w.service.connections, r.pod * w.p.redis.nodes + r.node, 1)
    w.total[VOID] += 1
    schedule(w, time, KIND_CPU_DONE, entity, number, row.slot)
    row.done = NEVER
    return True


@inlined
def is_void(w: World, entity: int, number: int, slot: int) -> bool:
    """Tell whether a request that was to be at its node now is not: what it had early has been taken back."""
    return w.total[VOID] > 0 and _is_void(w, entity, number, slot)


@compiled
def _is_void(w: World, entity: int, number: int, slot: int) -> bool:
    r = w.requests.slot[slot]
    mine = r.entity == entity and r.number == number
    if mine and r.void == 0:
        return False
    if mine:
        r.void = 0
    w.total[VOID] -= 1
    return True
