"""The compiled event core: it takes what is due, in order, and hands it to the part of the system it concerns."""

import numpy as np
from numpy.typing import NDArray

from models.clients.kernel import count_sent, gives_up_waiting_at, on_client_reply, on_client_timeout, on_request
from models.clients.loads import on_source
from models.engine.agenda import NOTHING, schedule
from models.engine.growth import is_short
from models.engine.record import turn_to
from models.engine.world import (
    ACTIVE,
    BUCKET_NEEDS,
    IN_FLIGHT,
    KUBELET,
    LATEST,
    NEWS,
    NEXT_ARRIVAL,
    NOW,
    SOURCE,
    TRACED,
    UNKNOWN,
    UNTIL,
    World,
)
from models.redis.kernel import on_node_arrive, on_node_wake, on_pass_end
from models.run import fused
from models.service.backend import on_backend_arrive, on_backend_done
from models.service.kernel import on_arrive, on_cpu_done, on_pod_reply, on_pool_timeout, on_probe
from models.vocabulary.codes import (
    KIND_ARRIVE,
    KIND_BACKEND_ARRIVE,
    KIND_BACKEND_DONE,
    KIND_CLIENT_REPLY,
    KIND_CLIENT_TIMEOUT,
    KIND_CPU_DONE,
    KIND_NODE_ARRIVE,
    KIND_NODE_WAKE,
    KIND_PASS_END,
    KIND_POD_REPLY,
    KIND_POOL_TIMEOUT,
    KIND_SOURCE,
)
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS
from sim import heap, wheel
from sim.draws import from_table
from sim.jit import compiled, inlined, merged
from sim.memory import prefetch

LOOK_AHEAD = 7
"""The first three levels of the heap below its root: what is due next is among them, and its slot is fetched early."""
NEXT = 3
"""The first two levels: of what is due next, sessions are fetched too."""
CHECK_EVERY = 32
"""Events between two looks at the room left (see `models.engine.growth`)."""

DUE, REACHED, SHORT, DRAINED, TOLD = range(5)
"""Why `advance` returned: the time was reached; an array must grow first; nothing is left to do; there is news. DUE: it
has not, an event is due."""

_ENTITIES = (1 << ENTITY_BITS) - 1
_NUMBERS = (1 << NUMBER_BITS) - 1


@compiled
def advance(w: World, until: int) -> int:
    """Run every event before `until` (ns), unless something stops it earlier, and return why it stopped.

    Steps that need no event of their own have none (see `models.run.fused`).
    """
    w.total[UNTIL] = until
    checked = 0
    while True:
        cause = _find_first(w, until, checked)
        if cause != DUE:
            return cause
        checked = (checked or CHECK_EVERY) - 1
        now, key, item = w.heap.time[0], w.heap.key[0], w.heap.item[0]
        if _take_first(w, now, key, item):
            _dispatch(w, now, key >> (ENTITY_BITS + NUMBER_BITS), key, item)


@compiled
def advance_traced(w: World, until: int) -> int:
    """Do the same with an event for every step, and write down which."""
    w.total[UNTIL] = until
    checked = 0
    while True:
        cause = _find_first(w, until, checked)
        if cause != DUE:
            return cause
        checked = (checked or CHECK_EVERY) - 1
        now, key, item = w.heap.time[0], w.heap.key[0], w.heap.item[0]
        if _take_first(w, now, key, item):
            _trace(w, now, key)
            _dispatch_every_step(w, now, key >> (ENTITY_BITS + NUMBER_BITS), key, item)


@merged
def _find_first(w: World, until: int, checked: int) -> int:
    """Bring the next event before `until` to the top of the heap; return DUE, or why there is none."""
    cause = DUE
    looking = True
    if checked == 0 and is_short(w):
        cause = SHORT
    elif w.total[NEWS] > 0:
        cause = TOLD
    elif w.total[ACTIVE] == 0 and w.total[IN_FLIGHT] == 0:
        w.total[NOW] = max(w.total[NOW], w.total[LATEST])
        cause = DRAINED
    while cause == DUE and looking:
        if w.heap.size[0] == 0 or w.heap.time[0] >= wheel.emptied_until(w.wheel):
            if wheel.emptied_until(w.wheel) >= until:
                cause = REACHED
            else:
                w.total[BUCKET_NEEDS] = _next_bucket_size(w)
                if is_short(w):
                    cause = SHORT
                else:
                    _empty_bucket(w)
                    w.total[BUCKET_NEEDS] = 0
        else:
            looking = False
            if w.heap.time[0] >= until:
                cause = REACHED
    return cause


@merged
def _take_first(w: World, now: int, key: int, item: int) -> bool:
    """Take the first event from the heap; tell whether it happens: a timer can be early, or late."""
    heap.drop_first(w.heap)
    for soon in range(1, LOOK_AHEAD):
        prefetch(w.slot, w.heap.item[soon])
    for next_ in range(NEXT):
        entity = (w.heap.key[next_] >> NUMBER_BITS) & _ENTITIES
        if entity < w.p.sessions:
            prefetch(w.session, entity)
    happens = (key >> (ENTITY_BITS + NUMBER_BITS)) != KIND_CLIENT_TIMEOUT or _goes_off(w, now, key, item)
    if happens:
        w.total[NOW] = now
        if now >= w.record.second[1]:
            turn_to(w.record, now)
    return happens


@inlined
def _trace(w: World, now: int, key: int) -> None:
    """Write an event down, unless it is one that a part sets for itself."""
    if w.total[TRACED] < w.trace.shape[0] and key >> (ENTITY_BITS + NUMBER_BITS) != KIND_POOL_TIMEOUT:
        w.trace[w.total[TRACED], 0] = now
        w.trace[w.total[TRACED], 1] = key
        w.total[TRACED] += 1


@merged
def _dispatch(w: World, now: int, kind: int, key: int, item: int) -> None:
    """Hand an event to the part of the system it concerns, or to the steps that are taken with it."""
    if kind == KIND_PASS_END:
        fused.on_pass_end(w, now, (key >> NUMBER_BITS) & _ENTITIES, key & _NUMBERS)
    elif kind == KIND_ARRIVE:
        _arrive(w, now, (key >> NUMBER_BITS) & _ENTITIES, item)
    else:
        _hand_on(w, now, kind, key, item)


@merged
def _dispatch_every_step(w: World, now: int, kind: int, key: int, item: int) -> None:
    """Hand an event to the part of the system it concerns."""
    if kind == KIND_PASS_END:
        on_pass_end(w, now, (key >> NUMBER_BITS) & _ENTITIES, key & _NUMBERS)
    elif kind == KIND_ARRIVE:
        _arrive(w, now, (key >> NUMBER_BITS) & _ENTITIES, item)
    else:
        _hand_on(w, now, kind, key, item)


@compiled
def _hand_on(w: World, now: int, kind: int, key: int, item: int) -> None:
    """Hand an event to the part of the system it concerns, where that is the same with steps fused and without."""
    if kind == KIND_CPU_DONE:
        on_cpu_done(w, now, item)
    elif kind == KIND_NODE_ARRIVE:
        on_node_arrive(w, now, item)
    elif kind == KIND_NODE_WAKE:
        on_node_wake(w, now, (key >> NUMBER_BITS) & _ENTITIES, key & _NUMBERS)
    elif kind == KIND_POD_REPLY:
        on_pod_reply(w, now, item)
    elif kind == KIND_CLIENT_REPLY:
        on_client_reply(w, now, item)
    elif kind == KIND_CLIENT_TIMEOUT:
        on_client_timeout(w, now, (key >> NUMBER_BITS) & _ENTITIES, item)
    elif kind == KIND_POOL_TIMEOUT:
        on_pool_timeout(w, now, (key >> NUMBER_BITS) & _ENTITIES)
    elif kind == KIND_BACKEND_ARRIVE:
        on_backend_arrive(w, now, item)
    elif kind == KIND_BACKEND_DONE:
        on_backend_done(w, now, item)
    elif kind == KIND_SOURCE:
        on_source(w, now, (key >> NUMBER_BITS) & _ENTITIES)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _arrive(w: World, now: int, entity: int, slot: int) -> None:
    """A request reaches the load balancer, or a probe its pod: a session's gets its slot here, the others have one."""
    if entity < w.p.sessions:
        slot = on_request(w, now, entity)
        if slot == NOTHING:
            return
    elif w.slot[slot].origin == KUBELET:
        on_probe(w, now, slot)
        return
    elif w.slot[slot].origin != SOURCE:
        w.total[UNKNOWN] += 1
        return
    count_sent(w, now, slot)
    on_arrive(w, now, slot)


@compiled
def _next_bucket_size(w: World) -> int:
    """Return how many events the next bucket may put into the heap."""
    size = 0
    head = wheel.next_bucket(w.wheel)
    while head != wheel.NONE:
        size += wheel.fill_of(head)
        head = wheel.follower(w.wheel, head)
    end = (w.wheel.state[wheel.CURRENT] + 1) << w.wheel.state[wheel.TICK_BITS]
    at = w.total[NEXT_ARRIVAL]
    while at < w.arrival.size and w.arrival[at] < end:
        at += 1
    return size + at - w.total[NEXT_ARRIVAL]


@compiled
def _empty_bucket(w: World) -> None:
    """Move the next bucket of the wheel, and the first requests that come with it, into the heap."""
    head = wheel.take_bucket(w.wheel)
    end = wheel.emptied_until(w.wheel)
    while head != wheel.NONE:
        first = wheel.chunk_of(head)
        for at in range(first, first + wheel.fill_of(head)):
            event = w.wheel.event[at]
            time, key, item = event.time, event.key, event.item
            if (key >> (ENTITY_BITS + NUMBER_BITS)) == KIND_CLIENT_TIMEOUT:
                time = gives_up_waiting_at(w, time, (key >> NUMBER_BITS) & _ENTITIES, item)
                if time == NOTHING:
                    continue
                key = _timer_key(w, key)
            if time >= end:
                wheel.insert(w.wheel, time, key, item)
            else:
                _fetch(w, key, item)
                heap.push(w.heap, time, key, item)
        head = wheel.release(w.wheel, head)
    at = w.total[NEXT_ARRIVAL]
    while at < w.arrival.size and w.arrival[at] < end:
        schedule(w, w.arrival[at], KIND_ARRIVE, w.arriving[at], 1, NOTHING)
        at += 1
    w.total[NEXT_ARRIVAL] = at


@compiled
def _goes_off(w: World, now: int, key: int, item: int) -> bool:
    """Tell whether the client of a timer stops waiting now; if it waits for a later answer, set the timer for that."""
    entity = (key >> NUMBER_BITS) & _ENTITIES
    at = gives_up_waiting_at(w, now, entity, item)
    current = _timer_key(w, key)
    if at == now and current == key:
        return True
    if at != NOTHING:
        schedule(w, at, KIND_CLIENT_TIMEOUT, entity, current & _NUMBERS, item)
    return False


@inlined
def _timer_key(w: World, key: int) -> int:
    """Return the key that a timer has for the request that its session has sent last."""
    entity = (key >> NUMBER_BITS) & _ENTITIES
    return (key & ~_NUMBERS) | w.session[entity].number if entity < w.p.sessions else key


@inlined
def _fetch(w: World, key: int, item: int) -> None:
    """Fetch what a request or a reply will read and write."""
    kind = key >> (ENTITY_BITS + NUMBER_BITS)
    entity = (key >> NUMBER_BITS) & _ENTITIES
    if kind == KIND_ARRIVE and entity < w.p.sessions:
        prefetch(w.session, entity)
        if entity < w.rooms.place.size:
            prefetch(w.rooms.place, entity)
    elif kind == KIND_CLIENT_REPLY:
        prefetch(w.slot, item)
        if entity < w.p.sessions:
            prefetch(w.session, entity)


@compiled
def first_arrivals(
    first_send: NDArray[np.int64], base_delay: NDArray[np.int64], jitter: NDArray[np.int64], start: np.uint64
) -> NDArray[np.int64]:
    """Return when every session's first request reaches the load balancer, int64[S] ns."""
    arrival = np.empty(first_send.size, np.int64)
    for s in range(first_send.size):
        arrival[s] = first_send[s] + base_delay[s] + from_table(jitter, start, s, 1)
    return arrival
