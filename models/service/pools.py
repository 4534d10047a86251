"""The connections of a pod to the Redis nodes: a pool for each node, opened as needed, FIFO when all are in use.

A connection is to one life of a node. When the node dies it breaks, which the pod sees when an answer does not come;
to the node's next life the pod connects once it has learned of it, with an empty pool: what its requests still hold of
the old one is dropped, and those that wait for a connection are given new ones. A node that has accepted as many
connections as it may refuses the next ("max number of clients reached"): whoever wanted it fails.
"""

from models.engine.agenda import NOTHING, schedule
from models.engine.network import forward
from models.engine.world import World
from models.service.early import give_way
from models.service.returns import claim, settle
from models.service.state import POOL_WAITING
from models.vocabulary.codes import (
    ANSWER_CONNECTION,
    ANSWER_MAX_CLIENTS,
    KIND_POOL_TIMEOUT,
    PLACE_GATEWAY,
    PLACE_REDIS,
)
from sim import servers
from sim.jit import compiled, inlined
from sim.memory import prefetch
from sim.queues import FIRST
from sim.servers import BUSY, NOBODY


@inlined
def has_none(answer: int) -> bool:
    """Tell whether a request came back without a connection: the node died, or accepts no further one."""
    return answer in (ANSWER_CONNECTION, ANSWER_MAX_CLIENTS)


@compiled
def close(w: World, number: int) -> None:
    """Close a pool of a pod that has been killed: the node has its connections free, if it is the one they are to."""
    pool = w.service.pool[number]
    node = w.redis.node[number % w.p.redis.nodes]
    if node.dead == 0 and pool.node_life == node.life:
        node.clients -= pool.accepted
    _begin_anew(w, number)


@inlined
def _begin_anew(w: World, number: int) -> None:
    """Let a pool have no connection, neither an open one nor one in use."""
    pool = w.service.pool[number]
    servers.replace(w.service.connections, number)
    pool.open, pool.accepted, pool.owed = 0, 0, 0


@compiled
def connect(w: World, now: int, slot: int) -> None:
    """Take a connection of the pod to the node, open another one, or wait for one."""
    r = w.requests.slot[slot]
    number = r.pod * w.p.redis.nodes + r.node
    settle(w, r.pod, now)
    if w.service.connections[number, BUSY] >= w.service.pool[number].open:
        give_way(w, now, slot)
    if servers.enter(w.service.connections, number, w.p.service.pool_size):
        _ask_through(w, now, slot, number)
    else:
        _wait(w, now, slot, number)


@compiled
def _wait(w: World, now: int, slot: int, number: int) -> None:
    """Wait for a connection: for the first that is known to come back, or in line."""
    r = w.requests.slot[slot]
    back_at = claim(w, r.pod, r.node, now + w.p.service.pool_timeout)
    if back_at == NOTHING:
        r.queued_at = now
        servers.join(w.service.connections, number, w.requests.follower, slot)
        w.service.total[POOL_WAITING] += 1
        arm(w, number)
    else:
        r.node_life = w.service.pool[number].node_life
        ask(w, back_at, slot)


@compiled
def arm(w: World, pool: int) -> None:
    """Set the pool's timer for its first in line, unless it is set: it is never later than needed."""
    if w.service.pool[pool].armed == 0:
        w.service.pool[pool].armed = 1
        first = w.service.connections[pool, FIRST]
        schedule(w, w.requests.slot[first].queued_at + w.p.service.pool_timeout, KIND_POOL_TIMEOUT, pool, 0, NOTHING)


@compiled
def ask(w: World, now: int, slot: int) -> None:
    """Send a request, or the wish for a connection, to its node."""
    w.requests.slot[slot].queued_at = now
    forward(w, now, slot, PLACE_GATEWAY, PLACE_REDIS)


@compiled
def _ask_through(w: World, now: int, slot: int, number: int) -> None:
    """Ask through a connection that the request has been given; if it is none of the open ones, it is opened first."""
    pool = w.service.pool[number]
    r = w.requests.slot[slot]
    r.node_life = pool.node_life
    if w.service.connections[number, BUSY] > pool.open:
        pool.open += 1
        r.dials = 1
    ask(w, now, slot)


@compiled
def _let_go_on(w: World, now: int, slot: int, number: int) -> None:
    """Let the first in line, who has a connection by now, go on."""
    w.service.total[POOL_WAITING] -= 1
    prefetch(w.requests.slot, w.service.connections[number, FIRST])
    _ask_through(w, now, slot, number)


@compiled
def release(w: World, now: int, slot: int) -> None:
    """Give the connection of a request to the first in line, or back to the pool; for a broken one dial anew."""
    r = w.requests.slot[slot]
    number = r.pod * w.p.redis.nodes + r.node
    pool = w.service.pool[number]
    if r.node_life != pool.node_life:
        return
    if has_none(r.answer):
        pool.open -= 1
    hand_on(w, now, number)


@compiled
def hand_on(w: World, now: int, number: int) -> None:
    """Let the first in line have the place in the pool that is given back, whether its connection still stands."""
    first = servers.leave(w.service.connections, number, w.requests.follower)
    if first != NOBODY:
        _let_go_on(w, now, first, number)


@inlined
def is_back(w: World, slot: int) -> None:
    """Note that an answer that `let_reply` has sent is back at its pod, which lives."""
    r = w.requests.slot[slot]
    pool = w.service.pool[r.pod * w.p.redis.nodes + r.node]
    if r.node_life == pool.node_life:
        pool.owed -= 1


@compiled
def learn(w: World, now: int, pod: int, node: int) -> None:
    """Let a pod know which process the node is now, if it lives and the pod did not know."""
    settle(w, pod, now)
    number = pod * w.p.redis.nodes + node
    pool = w.service.pool[number]
    if w.redis.node[node].dead == 1 or pool.node_life == w.redis.node[node].life:
        return
    pool.node_life = w.redis.node[node].life
    _begin_anew(w, number)
    first = servers.admit(w.service.connections, number, w.p.service.pool_size, w.requests.follower)
    while first != NOBODY:
        _let_go_on(w, now, first, number)
        first = servers.admit(w.service.connections, number, w.p.service.pool_size, w.requests.follower)
