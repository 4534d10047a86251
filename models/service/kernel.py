"""The gateway: a load balancer in front of pods, each with worker slots, a CPU and pools of Redis connections.

A request holds a worker slot from its arrival to its reply, waits in the pod's backlog if all slots are taken, and is
refused if that is full; a Go server gives each a goroutine, so by default none waits for a slot. With a worker it
follows the program of its operation (`plan.programs`), the pod's CPU (FIFO) first. To ask a Redis node it needs a
connection (`pools`), for which it waits up to the pool timeout; if the node dies meanwhile, so does the request. A pod
that is not there, or that has begun to end, refuses; so does everything in a pod that is killed, when the pod would
next have had to do with it.
"""

from models.engine.agenda import NOTHING, free_slot, schedule, tell
from models.engine.column_codes import COLUMN_BACKLOG_FULL, COLUMN_GATEWAY_BUSY_NS
from models.engine.network import forward
from models.engine.record import add_busy, count
from models.engine.requests import DIALLER, KUBELET, SOURCE
from models.engine.world import ASKED, UNKNOWN, World
from models.plan.events import event_of
from models.plan.service import RANDOM, ROUND_ROBIN
from models.service.pod_times import cpu_time
from models.service.pods import forget, go_on_dialling, ping_another
from models.service.pools import arm, ask, connect, is_back, release
from models.service.returns import settle
from models.service.state import (
    CAME,
    ENDING,
    NOT_YET,
    PODS_KNOWN,
    POOL_WAITING,
    ROUND_ROBIN_AT,
    SERVING,
    WENT,
)
from models.vocabulary.codes import (
    ANSWER_FIRST_FAILURE,
    ANSWER_POOL_TIMEOUT,
    ANSWER_REFUSED,
    ANSWER_SOLD_OUT,
    KIND_CPU_DONE,
    NEWS_EMPTY,
    NEWS_PROBED,
    PLACE_CLIENT,
    PLACE_GATEWAY,
    STREAM_CPU,
    STREAM_ROUTE,
    VERB_ANSWER,
    VERB_CALL,
    VERB_CPU,
    VERB_REDIS,
    WHOM_PINGED,
    WHOM_PRIMARY,
    WHOM_READER,
    WHOM_ROOM,
)
from models.vocabulary.units import EPOCH_NS
from sim import servers
from sim.draws import below, from_table
from sim.jit import compiled, inlined
from sim.queues import FIRST, LENGTH
from sim.servers import BUSY, NOBODY, REFUSED, SERVED


@compiled
def _route(w: World, slot: int) -> int:
    """Return the pod the load balancer picks of those it knows, or NOTHING.

    Sticky clients are spread anew whenever the pods it knows change.
    """
    known = w.service.total[PODS_KNOWN]
    if known == 0:
        return NOTHING
    if w.p.service.routing == ROUND_ROBIN:
        at = w.service.total[ROUND_ROBIN_AT]
        if at >= known:
            at = 0
        w.service.total[ROUND_ROBIN_AT] = at + 1
        return w.service.endpoint[at]
    r = w.requests.slot[slot]
    return w.service.endpoint[
        below(w.p.run.starts[STREAM_ROUTE], r.entity, r.number if w.p.service.routing == RANDOM else 0, known)
    ]


@compiled
def give_to_pod(w: World, now: int, slot: int) -> int:
    """Give a request to a pod, if the load balancer knows one.

    Return when the CPU is done with it, or NOTHING: it waits for a worker, or has been refused.
    """
    pod = _route(w, slot)
    if pod == NOTHING:
        lose(w, now, slot)
        return NOTHING
    return _give(w, now, slot, pod)


@compiled
def balance(w: World, now: int, slot: int) -> None:
    """A request is given to a pod, if the load balancer knows one, and goes on when the CPU is done with it."""
    done = give_to_pod(w, now, slot)
    if done != NOTHING:
        go_on_later(w, done, slot)


@compiled
def be_probed(w: World, now: int, slot: int) -> None:
    """A probe of the kubelet is at its pod."""
    done = _give(w, now, slot, w.requests.slot[slot].pod)
    if done != NOTHING:
        go_on_later(w, done, slot)


@inlined
def go_on_later(w: World, done: int, slot: int) -> None:
    """Let a request go on when the CPU of its pod is done with it."""
    schedule(w, done, KIND_CPU_DONE, w.requests.slot[slot].entity, w.requests.slot[slot].number, slot)


@compiled
def _give(w: World, now: int, slot: int, number: int) -> int:
    """Give a request to a pod: to a worker, to the backlog, or back; return as `give_to_pod`."""
    settle(w, number, now)
    r = w.requests.slot[slot]
    pod = w.service.pod[number]
    r.pod = number
    r.life = pod.life
    taken = REFUSED
    if pod.state == SERVING:
        p = w.p.service
        taken = servers.arrive(w.service.workers, number, p.worker_slots, p.backlog, w.requests.follower, slot)
    if taken == REFUSED:
        if pod.state == SERVING and r.origin <= SOURCE:
            count(w.record, COLUMN_BACKLOG_FULL, 1)
        r.answer = ANSWER_REFUSED
        _answer(w, now, slot)
        return NOTHING
    w.service.total[CAME] += 1
    done = _compute(w, now, slot) if taken == SERVED else NOTHING
    pod.most = max(pod.most, servers.held(w.service.workers, number))
    return done


@compiled
def _compute(w: World, now: int, slot: int) -> int:
    """Give a request to the CPU of its pod, as in the first step of every program; return when that is done with it."""
    r = w.requests.slot[slot]
    unit = from_table(w.p.service.cpu_unit, w.p.run.starts[STREAM_CPU], r.entity, r.number)
    service = cpu_time(unit, w.p.service.cpu_mean[r.service, r.op])
    w.service.pod[r.pod].given_ns += service + w.p.service.proxy_cpu[r.op]
    done = servers.done_at(w.service.core_free[r.pod], now, service)
    add_busy(w.record, COLUMN_GATEWAY_BUSY_NS, done - service, service)
    first = w.p.service.first_connection[r.op]
    if first > 0:
        done = max(done, _connected_at(w, now, r.pod, first))
    return done


@inlined
def _connected_at(w: World, now: int, number: int, first: int) -> int:
    """Return when the proxy before a pod has its first connection, ns, which its first request waits for."""
    if w.service.connected_at[number] == NOT_YET:
        w.service.connected_at[number] = now + first
    return w.service.connected_at[number]


@compiled
def on_cpu_done(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """The pod has computed for a request, which goes on with its program."""
    r = w.requests.slot[slot]
    if r.life != w.service.pod[r.pod].life:
        lose(w, now, slot)
        return
    r.stamp = EPOCH_NS + now + w.p.service.skew[r.pod]
    _next_step(w, now, slot)


@compiled
def _next_step(w: World, now: int, slot: int) -> None:
    """Take the next step of a request's program."""
    r = w.requests.slot[slot]
    r.step += 1
    step = w.p.service.program[r.service, r.op, r.step]
    if step.verb == VERB_REDIS:
        _ask_node(w, now, slot, step.argument)
    elif step.verb == VERB_CALL:
        forward(w, now, slot, r.service, step.argument)
    elif step.verb == VERB_ANSWER:
        _finish_work(w, now, slot)
    elif step.verb == VERB_CPU:
        go_on_later(w, _compute(w, now, slot), slot)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _ask_node(w: World, now: int, slot: int, whom: int) -> None:
    """Ask the Redis node that a step names, or answer at once what the pod knows: that the event is sold out."""
    r = w.requests.slot[slot]
    if whom in (WHOM_ROOM, WHOM_READER) and w.service.announced[_event_of(w, slot)] == 1:
        r.answer = ANSWER_SOLD_OUT
        _finish_work(w, now, slot)
    elif whom in (WHOM_ROOM, WHOM_PRIMARY, WHOM_READER):
        r.node = node_of(w, slot, whom)
        connect(w, now, slot)
    elif whom == WHOM_PINGED:
        connect(w, now, slot)
    else:
        w.total[UNKNOWN] += 1


@inlined
def _event_of(w: World, slot: int) -> int:
    return event_of(w.p.waiting_room.event_cycle, w.requests.slot[slot].token)


@inlined
def node_of(w: World, slot: int, whom: int) -> int:
    """Return the node that a pod asks about a request's event."""
    shard = w.p.redis.event_node[_event_of(w, slot)]
    return w.p.redis.read_node[w.requests.slot[slot].pod, shard] if whom == WHOM_READER else shard


@compiled
def on_pool_timeout(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """Fail the first in line for a connection of this pool if it has waited too long; the next has its own timeout."""
    w.service.pool[entity].armed = 0
    if w.service.connections[entity, LENGTH] == 0:
        return
    first = w.service.connections[entity, FIRST]
    if w.requests.slot[first].queued_at + w.p.service.pool_timeout <= now:
        servers.renege(w.service.connections, entity, w.requests.follower)
        w.service.total[POOL_WAITING] -= 1
        w.requests.slot[first].answer = ANSWER_POOL_TIMEOUT
        _finish_work(w, now, first)
    if w.service.connections[entity, LENGTH] > 0:
        arm(w, entity)


@compiled
def on_pod_reply(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """The answer of a node, or of a service that was called, is back at the pod."""
    r = w.requests.slot[slot]
    if r.life != w.service.pod[r.pod].life:
        lose(w, now, slot)
    elif r.origin == DIALLER:
        is_back(w, slot)
        go_on_dialling(w, now, slot)
    elif w.p.service.program[r.service, r.op, r.step].verb == VERB_REDIS:
        is_back(w, slot)
        _hear_node(w, now, slot)
    else:
        _go_on(w, now, slot)


@compiled
def _hear_node(w: World, now: int, slot: int) -> None:
    """Act on what a node has answered: the connection goes to the next in line, the request goes on."""
    r = w.requests.slot[slot]
    if r.dials == 1 and r.answer < ANSWER_FIRST_FAILURE:
        r.dials = 0  # the connection stands; now the question
        ask(w, now, slot)
        return
    release(w, now, slot)
    pinged = w.p.service.program[r.service, r.op, r.step].argument == WHOM_PINGED
    if not (pinged and r.answer < ANSWER_FIRST_FAILURE and ping_another(w, now, slot)):
        _go_on(w, now, slot)


@compiled
def _go_on(w: World, now: int, slot: int) -> None:
    """Go on with a program after an answer: one that is a failure ends it."""
    if w.requests.slot[slot].answer < ANSWER_FIRST_FAILURE:
        _next_step(w, now, slot)
    else:
        _finish_work(w, now, slot)


@compiled
def _finish_work(w: World, now: int, slot: int) -> None:
    """Give the worker slot to the first in the backlog and send the answer off."""
    number = w.requests.slot[slot].pod
    w.service.total[WENT] += 1
    following = servers.leave(w.service.workers, number, w.requests.follower)
    if following != NOBODY:
        go_on_later(w, _compute(w, now, following), following)
    elif w.service.workers[number, BUSY] == 0 and w.service.pod[number].state == ENDING:
        tell(w, NEWS_EMPTY, number, 0, True)
    _answer(w, now, slot)


@compiled
def _answer(w: World, now: int, slot: int) -> None:
    """Let the answer go to the client, or tell control how its probe has ended."""
    r = w.requests.slot[slot]
    if r.origin == KUBELET:
        tell(w, NEWS_PROBED, r.pod, r.number, r.answer < ANSWER_FIRST_FAILURE)
        w.total[ASKED] -= w.p.service.probes_end_pods
        free_slot(w, slot)
    else:
        forward(w, now, slot, PLACE_GATEWAY, PLACE_CLIENT)


@compiled
def lose(w: World, now: int, slot: int) -> None:
    """A request that no pod has, or whose pod has been killed: refuse it; nobody waits for a probe or a handshake."""
    r = w.requests.slot[slot]
    if r.origin <= SOURCE:
        r.answer = ANSWER_REFUSED
        _answer(w, now, slot)
    else:
        w.total[ASKED] -= r.origin == KUBELET and w.p.service.probes_end_pods
        free_slot(w, slot)


@compiled
def kill(w: World, now: int, number: int) -> None:
    """Kill a pod's process: what waits in it is refused at once, the rest when the pod would have gone on with it."""
    settle(w, number, now)
    w.service.total[WENT] += servers.held(w.service.workers, number)
    while w.service.workers[number, LENGTH] > 0:
        lose(w, now, servers.renege(w.service.workers, number, w.requests.follower))
    for pool in range(number * w.p.redis.nodes, (number + 1) * w.p.redis.nodes):
        while w.service.connections[pool, LENGTH] > 0:
            w.service.total[POOL_WAITING] -= 1
            lose(w, now, servers.renege(w.service.connections, pool, w.requests.follower))
    forget(w, now, number)
