"""The compiled event core: it takes what is due, in order, and hands it to the part of the system it concerns."""

from models.clients.kernel import gives_up_waiting_at, on_client_reply, on_client_timeout
from models.clients.loads import on_source
from models.clients.state import NEXT_ARRIVAL
from models.engine.agenda import NOTHING, schedule
from models.engine.network import come
from models.engine.record import turn_to
from models.engine.world import ACTIVE, BUCKET_NEEDS, IN_FLIGHT, LATEST, NEWS, NOW, TRACED, UNKNOWN, UNTIL, World
from models.redis.fetching import fetch_place
from models.redis.kernel import on_node_arrive, on_node_wake, on_pass_end
from models.run import fused
from models.run.arriving import on_arrive
from models.run.growth import is_short
from models.service.backend import on_backend_arrive, on_backend_done
from models.service.kernel import on_cpu_done, on_pod_reply, on_pool_timeout
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
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS, NUMBERS
from sim import heap, ladder
from sim.jit import compiled, inlined, merged, unlocked
from sim.memory import prefetch

AHEAD = 8
"""How many events before its own a slot is fetched once more, for where thousands share a bucket; at most
`ladder.PADDING`."""
CHECK_EVERY = 32
"""Events between two looks at the room left (see `models.run.growth`)."""

DUE, LATE, REACHED, SHORT, DRAINED, TOLD = range(6)
"""Why `advance` returned: the time was reached; an array must grow first; nothing is left to do; there is news. DUE and
LATE: it has not, an event is due, which is in the ladder's run, or in its heap."""

_ENTITIES = (1 << ENTITY_BITS) - 1


@inlined
def _kind(key: int) -> int:
    """Return what sort of event a key is of."""
    return key >> (ENTITY_BITS + NUMBER_BITS)


@inlined
def _entity(key: int) -> int:
    """Return whom an event is about."""
    return (key >> NUMBER_BITS) & _ENTITIES


@unlocked
def advance(w: World, until: int) -> int:
    """Run every event before `until` (ns), unless something stops it earlier, and return why it stopped.

    Steps that need no event of their own have none (see `models.run.fused`).
    """
    w.total[UNTIL] = until
    checked = 0
    while True:
        cause = _find_first(w, until, checked)
        if cause > LATE:
            return cause
        checked = (checked or CHECK_EVERY) - 1
        now, key, item = _taken(w, cause)
        if _happens(w, now, key, item):
            _dispatch(w, now, _kind(key), _entity(key), key & NUMBERS, item)


@unlocked
def advance_traced(w: World, until: int) -> int:
    """Do the same with an event for every step, and write down which."""
    w.total[UNTIL] = until
    checked = 0
    while True:
        cause = _find_first(w, until, checked)
        if cause > LATE:
            return cause
        checked = (checked or CHECK_EVERY) - 1
        now, key, item = _taken(w, cause)
        if _happens(w, now, key, item):
            _trace(w, now, key)
            _dispatch_every_step(w, now, _kind(key), _entity(key), key & NUMBERS, item)


@inlined
def _find_first(w: World, until: int, checked: int) -> int:
    """Get the next event before `until` ready: return where it is, DUE or LATE, or why there is none."""
    if checked == 0 and is_short(w):
        return SHORT
    if w.total[NEWS] > 0:
        return TOLD
    if w.total[ACTIVE] == 0 and w.total[IN_FLIGHT] == 0:
        w.total[NOW] = max(w.total[NOW], w.total[LATEST])
        return DRAINED
    while not ladder.has_first(w.calendar):
        if ladder.opened_until(w.calendar) >= until:
            return REACHED
        if not _open_next(w):
            return SHORT
    late = ladder.first_is_late(w.calendar)
    if (w.calendar.heap.time[0] if late else w.calendar.run[w.calendar.state[ladder.AT]].time) >= until:
        return REACHED
    return LATE if late else DUE


@inlined
def _taken(w: World, where: int) -> tuple[int, int, int]:
    """Take the first event, which is DUE or LATE, and return its time, key and item."""
    if where == LATE:
        late = w.calendar.heap
        now, key, item = int(late.time[0]), int(late.key[0]), int(late.item[0])
        heap.drop_first(late)
        return now, key, item
    at = w.calendar.state[ladder.AT]
    event = w.calendar.run[at]
    w.calendar.state[ladder.AT] = at + 1
    prefetch(w.requests.slot, w.calendar.run[at + AHEAD].item)
    return event.time, event.key, event.item


@inlined
def _happens(w: World, now: int, key: int, item: int) -> bool:
    """Tell whether an event happens: a timer can be early, or late. If so, it is now."""
    happens = _kind(key) != KIND_CLIENT_TIMEOUT or _goes_off(w, now, key, item)
    if happens:
        w.total[NOW] = now
        if now >= w.record.second[1]:
            turn_to(w.record, now)
    return happens


@inlined
def _trace(w: World, now: int, key: int) -> None:
    """Write an event down, unless it is one that a part sets for itself."""
    if w.total[TRACED] < w.trace.shape[0] and _kind(key) != KIND_POOL_TIMEOUT:
        w.trace[w.total[TRACED], 0] = now
        w.trace[w.total[TRACED], 1] = key
        w.total[TRACED] += 1


@merged
def _dispatch(w: World, now: int, kind: int, entity: int, number: int, slot: int) -> None:
    """Hand an event to the part of the system it concerns, or to the steps that are taken with it."""
    if kind == KIND_PASS_END:
        fused.on_pass_end(w, now, entity, number, slot)
    elif kind == KIND_NODE_ARRIVE:
        fused.on_node_arrive(w, now, entity, number, slot)
    elif kind == KIND_NODE_WAKE:
        fused.on_node_wake(w, now, entity, number, slot)
    elif kind == KIND_ARRIVE:
        fused.on_arrive(w, now, entity, number, slot)
    else:
        _hand_on(w, now, kind, entity, number, slot)


@merged
def _dispatch_every_step(w: World, now: int, kind: int, entity: int, number: int, slot: int) -> None:
    """Hand an event to the part of the system it concerns."""
    if kind == KIND_PASS_END:
        on_pass_end(w, now, entity, number, slot)
    elif kind == KIND_NODE_ARRIVE:
        on_node_arrive(w, now, entity, number, slot)
    elif kind == KIND_NODE_WAKE:
        on_node_wake(w, now, entity, number, slot)
    elif kind == KIND_ARRIVE:
        on_arrive(w, now, entity, number, slot)
    else:
        _hand_on(w, now, kind, entity, number, slot)


@compiled
def _hand_on(w: World, now: int, kind: int, entity: int, number: int, slot: int) -> None:
    """Hand an event to the part of the system it concerns, where that is the same with steps fused and without."""
    if kind == KIND_CPU_DONE:
        on_cpu_done(w, now, entity, number, slot)
    elif kind == KIND_POD_REPLY:
        on_pod_reply(w, now, entity, number, slot)
    elif kind == KIND_CLIENT_REPLY:
        on_client_reply(w, now, entity, number, slot)
    elif kind == KIND_CLIENT_TIMEOUT:
        on_client_timeout(w, now, entity, number, slot)
    elif kind == KIND_POOL_TIMEOUT:
        on_pool_timeout(w, now, entity, number, slot)
    elif kind == KIND_BACKEND_ARRIVE:
        on_backend_arrive(w, now, entity, number, slot)
    elif kind == KIND_BACKEND_DONE:
        on_backend_done(w, now, entity, number, slot)
    elif kind == KIND_SOURCE:
        on_source(w, now, entity, number, slot)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _open_next(w: World) -> bool:
    """Get the next events ready, and tell whether there was room for it."""
    if not ladder.must_deal(w.calendar):
        opened = ladder.open_next(w.calendar)
        _fetch_coming(w)
        return opened
    w.total[BUCKET_NEEDS] = ladder.coarse_size(w.calendar) + _arrivals_before(w, ladder.next_dealt_until(w.calendar))
    if is_short(w):
        return False
    _deal_out(w)
    w.total[BUCKET_NEEDS] = 0
    return True


@merged
def _fetch_coming(w: World) -> None:
    """Fetch the slots, sessions and places that the next bucket's events are about, a bucket early."""
    first, end = ladder.coming(w.calendar)
    for at in range(first, end):
        event = w.calendar.event[at]
        prefetch(w.requests.slot, event.item)
        entity = _entity(event.key)
        if _kind(event.key) == KIND_NODE_ARRIVE:
            fetch_place(w, event.item)
        elif entity < w.p.clients.sessions:
            prefetch(w.clients.session, entity)
            if w.p.edge.on:
                prefetch(w.edge.visitor, entity)


@inlined
def _arrivals_before(w: World, end: int) -> int:
    """Return how many of the first requests that come next come before *end*."""
    first = at = w.clients.total[NEXT_ARRIVAL]
    while at < w.clients.arrival.size and w.clients.arrival[at] < end:
        at += 1
    return at - first


@merged
def _deal_out(w: World) -> None:
    """Deal out the next coarse bucket, and the first requests that come with it.

    A timer that is early is set to its time by now, or dropped.
    """
    chunk, last = ladder.take_coarse(w.calendar)
    while chunk != ladder.NONE:
        first = chunk * ladder.CHUNK
        end = first + ladder.fill_of(chunk, last)
        ladder.fetch_following(w.calendar, chunk)
        for at in range(first, end):
            key = w.calendar.event[at].key
            entity = _entity(key)
            if _kind(key) == KIND_CLIENT_TIMEOUT and entity < w.p.clients.sessions:
                prefetch(w.clients.session, entity)
        for at in range(first, end):
            event = w.calendar.event[at]
            time, key, item = event.time, event.key, event.item
            if _kind(key) == KIND_CLIENT_TIMEOUT:
                time = gives_up_waiting_at(w, time, _entity(key), item)
                if time == NOTHING:
                    continue
                key = _timer_key(w, key)
            ladder.insert(w.calendar, time, key, item)
        chunk = ladder.release(w.calendar, chunk)
    at = w.clients.total[NEXT_ARRIVAL]
    for _ in range(_arrivals_before(w, ladder.dealt_until(w.calendar))):
        come(w, w.clients.arrival[at], w.clients.arriving[at], 1)
        at += 1
    w.clients.total[NEXT_ARRIVAL] = at


@compiled
def _goes_off(w: World, now: int, key: int, item: int) -> bool:
    """Tell whether the client of a timer stops waiting now; if it waits for a later answer, set the timer for that."""
    entity = _entity(key)
    at = gives_up_waiting_at(w, now, entity, item)
    current = _timer_key(w, key)
    if at == now and current == key:
        return True
    if at != NOTHING:
        schedule(w, at, KIND_CLIENT_TIMEOUT, entity, current & NUMBERS, item)
    return False


@inlined
def _timer_key(w: World, key: int) -> int:
    """Return the key that a timer has for the request that its session has sent last."""
    entity = _entity(key)
    return (key & ~NUMBERS) | w.clients.session[entity].number if entity < w.p.clients.sessions else key
