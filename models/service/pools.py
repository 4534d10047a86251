"""The connections of a pod to the Redis nodes: a pool for each node, opened as needed, FIFO when all are in use.

A connection is to one life of a node. When the node dies it breaks, which the pod sees when an answer does not come;
to the node's next life the pod connects once it has learned of it, with an empty pool: what its requests still hold of
the old one is dropped, and those that wait for a connection are given new ones. A node that has accepted as many
connections as it may refuses the next ("max number of clients reached"): whoever wanted it fails.
"""

from models.engine.agenda import NOTHING, schedule
from models.engine.world import World
from models.service.returns import claim, settle
from models.service.state import POOL_WAITING
from models.vocabulary.codes import (
    ANSWER_CONNECTION,
    ANSWER_MAX_CLIENTS,
    KIND_NODE_ARRIVE,
    KIND_POOL_TIMEOUT,
)
from sim import queues
from sim.jit import compiled, inlined
from sim.memory import prefetch
from sim.queues import FIRST, LENGTH


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
    pool.in_use, pool.open, pool.accepted, pool.owed = 0, 0, 0, 0


@compiled
def connect(w: World, now: int, slot: int) -> None:
    """Take a connection of the pod to the node, open another one, or wait for one."""
    r = w.requests.slot[slot]
    number = r.pod * w.p.redis.nodes + r.node
    pool = w.service.pool[number]
    settle(w, r.pod, now)
    if pool.in_use < pool.open:
        pool.in_use += 1
        r.node_life = pool.node_life
        ask(w, now, slot)
    elif pool.open < w.p.service.pool_size:
        _dial(w, now, slot, number)
    else:
        _wait(w, now, slot, number)


@compiled
def _wait(w: World, now: int, slot: int, number: int) -> None:
    """Wait for a connection: for the first that is known to come back, or in line."""
    r = w.requests.slot[slot]
    back_at = claim(w, r.pod, r.node, now + w.p.service.pool_timeout)
    if back_at == NOTHING:
        r.queued_at = now
        queues.put(w.service.pool_queue, number, w.requests.follower, slot)
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
        first = w.service.pool_queue[pool, FIRST]
        schedule(w, w.requests.slot[first].queued_at + w.p.service.pool_timeout, KIND_POOL_TIMEOUT, pool, 0, NOTHING)


@compiled
def ask(w: World, now: int, slot: int) -> None:
    """Send a request, or the wish for a connection, to its node."""
    r = w.requests.slot[slot]
    r.queued_at = now
    schedule(w, now + w.p.network.delay[r.pod, r.node], KIND_NODE_ARRIVE, r.entity, r.number, slot)


@compiled
def _dial(w: World, now: int, slot: int, number: int) -> None:
    """Open a connection for a request."""
    pool = w.service.pool[number]
    pool.in_use += 1
    pool.open += 1
    r = w.requests.slot[slot]
    r.dials = 1
    r.node_life = pool.node_life
    ask(w, now, slot)


@compiled
def _first_waiter(w: World, number: int) -> int:
    """Take the first in line for a connection."""
    w.service.total[POOL_WAITING] -= 1
    first = queues.take(w.service.pool_queue, number, w.requests.follower)
    prefetch(w.requests.slot, w.service.pool_queue[number, FIRST])
    return first


@compiled
def release(w: World, now: int, slot: int) -> None:
    """Give the connection of a request to the first in line, or back to the pool; for a broken one dial anew."""
    r = w.requests.slot[slot]
    number = r.pod * w.p.redis.nodes + r.node
    pool = w.service.pool[number]
    if r.node_life != pool.node_life:
        return
    waiting = w.service.pool_queue[number, LENGTH] > 0
    if has_none(r.answer):
        pool.in_use -= 1
        pool.open -= 1
        if waiting:
            _dial(w, now, _first_waiter(w, number), number)
    elif waiting:
        hand_over(w, now, number)
    else:
        pool.in_use -= 1


@compiled
def hand_over(w: World, now: int, number: int) -> None:
    """Give a connection that is back to the first in line."""
    first = _first_waiter(w, number)
    w.requests.slot[first].node_life = w.service.pool[number].node_life
    ask(w, now, first)


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
    pool.in_use, pool.open, pool.accepted, pool.owed = 0, 0, 0, 0
    while w.service.pool_queue[number, LENGTH] > 0 and pool.open < w.p.service.pool_size:
        _dial(w, now, _first_waiter(w, number), number)
