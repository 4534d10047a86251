"""The gateway: a load balancer in front of pods, each with worker slots, a CPU and pools of Redis connections.

A request holds a worker slot from its arrival to its reply, waits in the pod's backlog if all slots are taken, and is
refused if that is full. It uses the pod's CPU (FIFO) once, then a connection to the Redis node it needs, waiting for
one (FIFO) up to the pool timeout.
"""

from models.agenda import NOTHING, schedule
from models.clients import way_back
from models.codes import (
    ANSWER_POOL_TIMEOUT,
    ANSWER_REFUSED,
    ANSWER_SOLD_OUT,
    COLUMN_GATEWAY_BUSY_NS,
    KIND_BACKEND_ARRIVE,
    KIND_CLIENT_REPLY,
    KIND_CPU_DONE,
    KIND_NODE_ARRIVE,
    KIND_POOL_TIMEOUT,
    OP_ENTER,
    OP_JOIN,
    OP_RESERVE,
    OP_STATUS,
    OP_STATUS_READ,
    STREAM_CPU,
    STREAM_ROUTE,
)
from models.plan import RANDOM, ROUND_ROBIN, UNIT
from models.record import add_busy
from models.sessions import endpoint_of
from models.units import EPOCH_NS
from models.world import POOL_WAITING, ROUND_ROBIN_AT, World
from sim import queues
from sim.compiled import compiled
from sim.draws import below, from_table
from sim.memory import prefetch
from sim.queues import FIRST, LENGTH
from sim.stations import serve


@compiled
def cpu_time(unit: int, mean: int) -> int:
    """Return a CPU time in ns: a draw from the unit table times the endpoint's mean."""
    return (unit * mean) // UNIT


@compiled
def _route(w: World, slot: int) -> int:
    """Return the pod the load balancer picks."""
    r = w.slot[slot]
    if w.p.routing == ROUND_ROBIN:
        at = w.total[ROUND_ROBIN_AT]
        w.total[ROUND_ROBIN_AT] = at + 1 if at + 1 < w.p.pods else 0
        return at
    return below(w.x.starts[STREAM_ROUTE], r.entity, r.number if w.p.routing == RANDOM else 0, w.p.pods)


@compiled
def on_arrive(w: World, now: int, slot: int) -> None:
    """A request is given to a pod: to a worker, to the backlog, or back."""
    pod = _route(w, slot)
    w.slot[slot].pod = pod
    if w.pod[pod].working < w.p.worker_slots:
        w.pod[pod].working += 1
        _start_work(w, now, slot)
    elif w.backlog[pod, LENGTH] < w.p.backlog:
        queues.put(w.backlog, pod, w.follower, slot)
    else:
        w.slot[slot].answer = ANSWER_REFUSED
        _answer_client(w, now, slot)


@compiled
def _start_work(w: World, now: int, slot: int) -> None:
    r = w.slot[slot]
    unit = from_table(w.x.cpu_unit, w.x.starts[STREAM_CPU], r.entity, r.number)
    service = cpu_time(unit, w.x.cpu_mean[endpoint_of(r.op)])
    done = serve(w.core_free[r.pod], now, service)
    add_busy(w.record, COLUMN_GATEWAY_BUSY_NS, done - service, service)
    schedule(w, done, KIND_CPU_DONE, r.entity, r.number, slot)


@compiled
def on_cpu_done(w: World, now: int, slot: int) -> None:
    """The pod has worked out what to ask: the backend, nobody (the event is known to be sold out), or a Redis node."""
    r = w.slot[slot]
    r.stamp = EPOCH_NS + now + w.x.skew[r.pod]
    event = r.token % w.p.events
    if r.op == OP_RESERVE:
        schedule(w, now + w.p.to_backend, KIND_BACKEND_ARRIVE, r.entity, r.number, slot)
        return
    if w.announced[event] == 1 and (r.op == OP_JOIN or r.op == OP_ENTER or endpoint_of(r.op) == OP_STATUS):
        r.answer = ANSWER_SOLD_OUT
        _finish_work(w, now, slot)
        return
    shard = w.x.event_node[event]
    r.node = w.x.read_node[r.pod, shard] if r.op == OP_STATUS_READ else shard
    _connect(w, now, slot)


@compiled
def _connect(w: World, now: int, slot: int) -> None:
    """Take a connection of the pod to the node, or wait for one."""
    r = w.slot[slot]
    pool = r.pod * w.p.nodes + r.node
    if w.pool[pool].in_use < w.p.pool_size:
        w.pool[pool].in_use += 1
        _ask(w, now, slot)
        return
    r.queued_at = now
    queues.put(w.pool_queue, pool, w.follower, slot)
    w.total[POOL_WAITING] += 1
    _arm(w, pool)


@compiled
def _arm(w: World, pool: int) -> None:
    """Set the pool's timer for its first in line, unless it is set: it is never later than needed."""
    if w.pool[pool].armed == 0:
        w.pool[pool].armed = 1
        first = w.pool_queue[pool, FIRST]
        schedule(w, w.slot[first].queued_at + w.p.pool_timeout, KIND_POOL_TIMEOUT, pool, 0, NOTHING)


@compiled
def _ask(w: World, now: int, slot: int) -> None:
    r = w.slot[slot]
    schedule(w, now + w.x.delay[r.pod, r.node], KIND_NODE_ARRIVE, r.entity, r.number, slot)


@compiled
def on_pool_timeout(w: World, now: int, pool: int) -> None:
    """Fail the first in line for a connection of this pool if it has waited too long; the next has its own timeout."""
    w.pool[pool].armed = 0
    if w.pool_queue[pool, LENGTH] == 0:
        return
    slot = w.pool_queue[pool, FIRST]
    if w.slot[slot].queued_at + w.p.pool_timeout <= now:
        queues.take(w.pool_queue, pool, w.follower)
        w.total[POOL_WAITING] -= 1
        w.slot[slot].answer = ANSWER_POOL_TIMEOUT
        _finish_work(w, now, slot)
    if w.pool_queue[pool, LENGTH] > 0:
        _arm(w, pool)


@compiled
def on_pod_reply(w: World, now: int, slot: int) -> None:
    """The answer is back at the pod: the connection goes to the next in line, the worker to the next request."""
    r = w.slot[slot]
    if r.op != OP_RESERVE:
        pool = r.pod * w.p.nodes + r.node
        if w.pool_queue[pool, LENGTH] > 0:
            w.total[POOL_WAITING] -= 1
            first = queues.take(w.pool_queue, pool, w.follower)
            prefetch(w.slot, w.pool_queue[pool, FIRST])
            _ask(w, now, first)
        else:
            w.pool[pool].in_use -= 1
    _finish_work(w, now, slot)


@compiled
def _finish_work(w: World, now: int, slot: int) -> None:
    """Send the answer off and give the worker slot to the first in the backlog."""
    pod = w.slot[slot].pod
    _answer_client(w, now, slot)
    if w.backlog[pod, LENGTH] > 0:
        _start_work(w, now, queues.take(w.backlog, pod, w.follower))
    else:
        w.pod[pod].working -= 1


@compiled
def _answer_client(w: World, now: int, slot: int) -> None:
    r = w.slot[slot]
    schedule(w, now + way_back(w, slot), KIND_CLIENT_REPLY, r.entity, r.number, slot)
