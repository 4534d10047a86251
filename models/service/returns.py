"""What comes back to a pod: workers and connections that are free from a known time on, before that time has come.

When an answer leaves its node, it is known when it will be back at its pod, and mostly that nothing happens there but
that its worker and its connection are free again. Then no event is needed: the pod notes the time (`give_back`), and
whoever looks at its workers or connections counts first what is back by then (`settle`). Who finds all connections in
use takes the first one that comes back (`claim`), as who waits for one would. When all this holds, `models.run.fused`
says.

The notes of a pod are a ring of AHEAD rows in the order of their times; answers of one pass share a row.
"""

from models.engine.agenda import NOTHING
from models.engine.world import World
from models.service.state import AHEAD
from sim import servers
from sim.jit import compiled, inlined

_LAST = AHEAD - 1


@inlined
def _row(number: int, place: int) -> int:
    """Return the index of a row in `returns`, by its place in the ring of a pod."""
    return number * AHEAD + (place & _LAST)


@inlined
def settle(w: World, number: int, before: int) -> None:
    """Count what is back at a pod before a time, ns."""
    if w.service.pod[number].coming > 0 and w.service.returns[_row(number, w.service.pod[number].first)].time < before:
        _settle(w, number, before)


@compiled
def _settle(w: World, number: int, before: int) -> None:
    pod = w.service.pod[number]
    while pod.coming > 0:
        back = w.service.returns[_row(number, pod.first)]
        if back.time >= before:
            return
        servers.give_back(w.service.workers, number, back.workers)
        servers.give_back(w.service.connections, number * w.p.redis.nodes + back.node, back.connections)
        pod.first = (pod.first + 1) & _LAST
        pod.coming -= 1


@inlined
def has_room(w: World, number: int) -> bool:
    """Tell whether a pod can note one more time."""
    return w.service.pod[number].coming < AHEAD


@compiled
def give_back(w: World, number: int, node: int, time: int, connections: int) -> None:
    """Note that a worker of a pod, which `has_room` for that, and this many connections to a node are back then."""
    pod = w.service.pod[number]
    place = pod.first + pod.coming
    while place > pod.first:
        back = w.service.returns[_row(number, place - 1)]
        if back.time < time:
            break
        if back.time == time and back.node == node:
            back.workers += 1
            back.connections += connections
            return
        place -= 1
    for behind in range(pod.first + pod.coming, place, -1):
        w.service.returns[_row(number, behind)] = w.service.returns[_row(number, behind - 1)]
    back = w.service.returns[_row(number, place)]
    back.time, back.node, back.workers, back.connections = time, node, 1, connections
    pod.coming += 1


@compiled
def claim(w: World, number: int, node: int, before: int) -> int:
    """Take the connection to a node that comes back first; return when, or NOTHING if that is not before a time."""
    pod = w.service.pod[number]
    for place in range(pod.first, pod.first + pod.coming):
        back = w.service.returns[_row(number, place)]
        if back.node == node and back.connections > 0:
            if back.time >= before:
                return NOTHING
            back.connections -= 1
            return back.time
    return NOTHING
