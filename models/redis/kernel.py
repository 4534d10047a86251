"""A Redis node: an engine thread that works in passes (see `models.redis_costs.engine_thread`), and what it executes.

A pass takes every request that is readable when it starts, reads and executes them in order, and lets all replies out
at its end. Their effects are applied when the pass starts: nobody can look in between. Each request costs its socket
work, the script's overhead and the commands the waiting room runs for it.
"""

from models.engine.agenda import NOTHING, free_slot, new_request, schedule
from models.engine.column_codes import (
    COLUMN_ADMISSIONS_REPEATED,
    COLUMN_ADMITTED_BY_BUCKET,
    COLUMN_CONNECTIONS_REFUSED,
    COLUMN_EXPIRED,
    COLUMN_JOINED,
    COLUMN_LAPSED,
    COLUMN_LEFT,
    COLUMN_THROTTLED,
)
from models.engine.network import let_reply
from models.engine.record import BUSY_NS, COMMANDS, NODES, PER_NODE, REQUESTS, add_busy, count
from models.engine.requests import CONTROL, DIALLER, PRIMARY
from models.engine.world import UNKNOWN, World
from models.plan.events import event_of
from models.plan.waiting_room import COUNTER, REDIS_TIME
from models.redis.connections import accept
from models.redis.failover import break_off
from models.redis.state import CONTROL_SENT
from models.redis_costs.engine_thread import GARBAGE_EVERY, cooled, garbage_ns, kept_cold, slowed_ns, wake_ns
from models.redis_costs.network_allowance import full_again_at, leaves_at
from models.vocabulary.codes import (
    ANSWER_GRANTED,
    ANSWER_MAX_CLIENTS,
    ANSWER_OUT_OF_MEMORY,
    ANSWER_READY,
    ANSWER_THROTTLED,
    ANSWER_UNKNOWN,
    ANSWER_WAITING,
    KIND_NODE_ARRIVE,
    KIND_NODE_WAKE,
    KIND_PASS_END,
    OP_ENTER,
    OP_EXPIRE,
    OP_JOIN,
    OP_LEAVE,
    OP_READINESS,
    OP_REPLICATE,
    OP_STATUS,
    OP_STATUS_READ,
)
from models.vocabulary.instants import CONTROL as CONTROL_ENTITIES
from models.vocabulary.instants import FEEDS, NUMBERS
from models.vocabulary.units import EPOCH_NS, MILLISECOND, SECOND
from models.waiting_room import kernel as core
from models.waiting_room import state as rooms
from models.waiting_room.expiry import expire
from models.waiting_room.script_cost import swing_ns
from models.waiting_room.specification import KEYS_PER_EVENT
from models.waiting_room.state import COMMANDS as BILLED_COMMANDS
from models.waiting_room.state import (
    COST_NS,
    EFFECT_NS,
    JOINED,
    LAPSED,
    LEFT,
    POSITION,
    REMOVED,
    REPEATED,
    REPEATED_NS,
    SILENT,
    WAIT_MS,
)
from sim import batches
from sim.batches import FIRST, LAST, LENGTH
from sim.jit import compiled, inlined
from sim.memory import prefetch

FETCH = 8
"""So many requests ahead a pass fetches what it needs of one: in a saturated shard that has left the caches."""
ASLEEP, AT_WORK, UNTIL_END = range(3)
"""What an engine thread does: it sleeps; it works, and an event will tell when the pass ends; or it works, and nothing
needs to be done when the pass ends (see `models.run.fused`)."""
_FIRST_FEED, _LAST_OF_CONTROL = FEEDS.first, CONTROL_ENTITIES.end - 1


@compiled
def send_expiry(w: World, now: int, event: int, delay: int) -> None:
    """Let the control side ask the event's primary to remove silent and lapsed places; it arrives after `delay` ns."""
    entity = _LAST_OF_CONTROL - event
    slot = new_request(
        w, now, CONTROL, entity, w.redis.total[CONTROL_SENT] & NUMBERS, OP_EXPIRE, w.p.waiting_room.first_token[event]
    )
    r = w.requests.slot[slot]
    r.stamp = EPOCH_NS + now
    r.node = w.p.redis.event_node[event]
    r.node_life = w.redis.node[r.node].life
    w.redis.total[CONTROL_SENT] += 1
    w.redis.node[r.node].expiring += 1
    schedule(w, now + delay, KIND_NODE_ARRIVE, entity, r.number, slot)


@compiled
def open_sale(w: World, now: int) -> None:
    """Begin to call and to admit in every event."""
    rooms.open_rooms(w.waiting_room, (EPOCH_NS + now) // MILLISECOND)


@compiled
def on_node_arrive(w: World, now: int, slot: int) -> None:
    """A request is readable at its node, which wakes for it if it sleeps, if that is still the process it was for."""
    k = w.requests.slot[slot].node
    if receive(w, now, slot) and w.redis.node[k].busy == ASLEEP and is_woken(w, now, k):
        _pass(w, now, k, w.redis.node[k].wake)


@inlined
def receive(w: World, now: int, slot: int) -> bool:
    """Put a request into the inbox of its node; tell whether that is still the process it was for."""
    k = w.requests.slot[slot].node
    node = w.redis.node[k]
    if node.dead == 1 or w.requests.slot[slot].node_life != node.life:
        break_off(w, now, slot)
        return False
    batches.put(w.redis.inbox, k, w.requests.batches, slot)
    return True


@compiled
def is_woken(w: World, now: int, k: int) -> bool:
    """Wake the engine thread, with what its caches have left after the sleep; tell whether it runs at once."""
    node = w.redis.node[k]
    node.busy = AT_WORK
    idle = now - node.idle_since
    node.wake = wake_ns(w.p.redis.costs.thread, idle)
    node.near = cooled(node.near, w.p.redis.costs.thread.near_lost, idle)
    node.far = cooled(node.far, w.p.redis.costs.thread.far_lost, idle)
    if w.p.redis.costs.thread.wake_delay == 0:
        return True
    schedule(w, now + w.p.redis.costs.thread.wake_delay, KIND_NODE_WAKE, k, node.passes & NUMBERS, NOTHING)
    return False


@compiled
def on_node_wake(w: World, now: int, k: int, number: int) -> None:
    """The engine thread runs again, if it has not died: it takes what has come meanwhile, too."""
    if number == w.redis.node[k].passes & NUMBERS:
        _pass(w, now, k, w.redis.node[k].wake)


@compiled
def _pass(w: World, now: int, k: int, wake: int) -> None:
    """Start a pass over everything in the inbox."""
    work_through(w, now, k, wake)
    end_later(w, k)


@inlined
def end_later(w: World, k: int) -> None:
    """Let the pass under way end when it does."""
    w.redis.node[k].busy = AT_WORK
    schedule(w, w.redis.node[k].ends, KIND_PASS_END, k, w.redis.node[k].passes & NUMBERS, NOTHING)


@compiled
def work_through(w: World, now: int, k: int, wake: int) -> None:
    """Execute everything in the inbox in one pass, which `ends` when all that is done."""
    w.redis.in_pass[k, FIRST] = w.redis.inbox[k, FIRST]
    w.redis.in_pass[k, LAST] = w.redis.inbox[k, LAST]
    w.redis.in_pass[k, LENGTH] = w.redis.inbox[k, LENGTH]
    w.redis.inbox[k, LENGTH] = 0
    node = w.redis.node[k]
    node.effect_ns = node.refused = 0
    work = wake + w.p.redis.costs.thread.per_pass
    commands = repeated = 0
    length = w.redis.in_pass[k, LENGTH]
    place = batches.first(w.redis.in_pass, k)
    for at in range(length):
        fetch_ahead(w, place, at, length)
        slot = w.requests.batches.item[place]
        work += w.p.redis.costs.io + _execute(w, now, k, slot)
        work += _collect(w, now + work, k)
        commands += w.waiting_room.bill[BILLED_COMMANDS]
        repeated += w.waiting_room.bill[REPEATED_NS]
        place = batches.following(w.requests.batches, place)
    kept = kept_cold(w.p.redis.costs.thread, work, length, repeated)
    cost = slowed_ns(w.p.redis.costs.thread, work, kept, node.near, node.far)
    node.near *= kept
    node.far *= kept
    column = NODES + PER_NODE * k
    count(w.record, column + REQUESTS, length)
    count(w.record, column + COMMANDS, commands)
    add_busy(w.record, column + BUSY_NS, now, cost)
    node.passes += 1
    node.ends = now + cost


@inlined
def _collect(w: World, at: int, k: int) -> int:
    """Collect the garbage of scripts if it is time, and return how long that takes, ns."""
    if w.p.redis.costs.thread.garbage == 0 or w.redis.node[k].scripts < GARBAGE_EVERY:
        return 0
    node = w.redis.node[k]
    cost = garbage_ns(w.p.redis.costs.thread, at - node.collected_at)
    node.scripts = 0
    node.collected_at = at
    w.waiting_room.bill[REPEATED_NS] += cost
    return cost


@inlined
def fetch_ahead(w: World, place: int, at: int, length: int) -> None:
    """Fetch what a long pass will need of the requests some way behind the one at this place, number `at` of so many.

    First its slot, then, by what stands there, its place in line and its session.
    """
    if at + 2 * FETCH < length:
        prefetch(w.requests.slot, w.requests.batches.item[batches.beyond(w.requests.batches, place, 2 * FETCH)])
        slot = w.requests.batches.item[batches.beyond(w.requests.batches, place, FETCH)]
        fetch_place(w, slot)
        if w.requests.slot[slot].entity < w.p.clients.sessions:
            prefetch(w.clients.session, w.requests.slot[slot].entity)


@inlined
def fetch_place(w: World, slot: int) -> None:
    """Fetch what a request's node will read of the place that it is about."""
    r = w.requests.slot[slot]
    token = r.token
    if r.op == OP_STATUS_READ and r.node >= w.p.redis.shards:
        replica = (r.node - w.p.redis.shards) % w.p.redis.replicas
        prefetch(w.redis.known, replica * w.redis.known.shape[1] + token)
    elif token < w.waiting_room.place.size:
        prefetch(w.waiting_room.place, token)


@compiled
def on_pass_end(w: World, now: int, k: int, number: int) -> None:
    """All replies of the pass leave, its changes go to the replicas, and the next pass starts or the thread sleeps."""
    if number != w.redis.node[k].passes & NUMBERS:
        return  # it has died meanwhile
    leaves = send(w, now, k)
    place = batches.first(w.redis.in_pass, k)
    for at in range(w.redis.in_pass[k, LENGTH]):
        fetch_ahead(w, place, at, w.redis.in_pass[k, LENGTH])
        slot = w.requests.batches.item[place]
        place = batches.following(w.requests.batches, place)
        r = w.requests.slot[slot]
        if r.origin <= DIALLER:
            let_reply(w, leaves + w.p.network.delay[r.pod, k], slot)
        else:
            free_slot(w, slot)
    after_replies(w, now, k, leaves)
    if w.redis.inbox[k, LENGTH] > 0:
        _pass(w, now, k, 0)
    else:
        fall_asleep(w, now, k)


@compiled
def after_replies(w: World, now: int, k: int, leaves: int) -> None:
    """At the end of a pass its changes leave for the replicas with its replies, and it is in progress no more."""
    node = w.redis.node[k]
    batches.empty(w.redis.in_pass, k, w.requests.batches)
    if (
        w.p.redis.replicas > 0
        and k < w.p.redis.shards
        and (node.effect_ns > 0 or w.waiting_room.logged[k] > node.applied)
    ):
        _feed_replicas(w, leaves, k, node.effect_ns)
        node.effect_ns = 0
    if now <= w.p.failover.copied_until[k]:
        rooms.mark_copied(w.waiting_room, k)


@inlined
def fall_asleep(w: World, now: int, k: int) -> None:
    """Let the engine thread sleep: it has nothing to do."""
    w.redis.node[k].busy = ASLEEP
    w.redis.node[k].idle_since = now


@compiled
def send(w: World, now: int, k: int) -> int:
    """Take what the replies of a pass are from what its node may send; return when they leave."""
    network, node, requests = w.p.redis.network, w.redis.node[k], w.redis.in_pass[k, LENGTH]
    if network.baseline_ns == 0:
        return now
    size = requests * (network.primary_bytes if k < w.p.redis.shards else network.replica_bytes)
    node.credit_full_at = full_again_at(node.credit_full_at, now, size, network.baseline_ns)
    node.line_full_at = full_again_at(node.line_full_at, now, size, network.burst_ns)
    leaves = leaves_at(network, node.credit_full_at, node.line_full_at, now)
    if leaves > now:
        if node.throttled_at < 0:
            node.throttled_at = now
        node.latest = max(node.latest, leaves - now)
        node.held_up += requests
    return leaves


@compiled
def _feed_replicas(w: World, now: int, shard: int, effect_ns: int) -> None:
    """Send the writes of a pass to every replica of the shard, and the changes that were not sent before."""
    w.redis.node[shard].applied = w.waiting_room.logged[shard]
    for replica in range(w.p.redis.replicas):
        k = w.p.redis.shards + shard * w.p.redis.replicas + replica
        slot = new_request(w, now, PRIMARY, _FIRST_FEED + k, w.redis.node[shard].passes & NUMBERS, OP_REPLICATE, 0)
        r = w.requests.slot[slot]
        r.stamp, r.queued_at, r.node = w.waiting_room.logged[shard], effect_ns, k
        schedule(w, now + w.p.network.feed_delay[k], KIND_NODE_ARRIVE, r.entity, r.number, slot)


@compiled
def _execute(w: World, now: int, k: int, slot: int) -> int:
    """Execute one request and return its cost beside the socket work, ns."""
    r = w.requests.slot[slot]
    rooms.clear_bill(w.waiting_room)
    if r.op == OP_REPLICATE:
        _apply(w, k, r.stamp)
        return r.queued_at
    if r.dials == 1 or r.op == OP_READINESS:
        w.waiting_room.bill[BILLED_COMMANDS] = 1
        if r.dials == 1 and not accept(w, slot):
            r.answer = ANSWER_MAX_CLIENTS
            w.redis.node[k].refused = 1
            count(w.record, COLUMN_CONNECTIONS_REFUSED, 1)
            return 0
        return w.p.redis.costs.connect if r.dials == 1 else 0
    token = r.token
    event = event_of(w.p.waiting_room.event_cycle, token)
    now_ms = r.stamp // MILLISECOND
    swing = 0
    if r.op == OP_STATUS:
        if w.p.waiting_room.key_scan:
            keys = keys_of(w, k)
            core.bill_key_scan(w.waiting_room, keys)
            swing = swing_ns(w.waiting_room.costs.calls, keys, w.p.redis.costs.listing_swing, w.redis.node[k].listed)
            w.redis.node[k].listed ^= 1
        r.answer = core.status(w.waiting_room, event, token, now_ms, w.p.clients.advice.shape[0] > 0)
        r.detail = w.waiting_room.bill[POSITION]
    elif r.op == OP_STATUS_READ:
        r.answer = _read(w, k, event, token, now_ms)
        r.detail = w.waiting_room.bill[POSITION]
    else:
        _execute_rare(w, now, event, token, now_ms, slot)
    if w.waiting_room.costs.changes.shape[0] > 0:
        rooms.bill_extra_calls(w.waiting_room, event, int(r.op))
    effect = w.waiting_room.bill[EFFECT_NS]
    w.waiting_room.bill[BILLED_COMMANDS] += 1  # the call of the script itself
    w.redis.node[k].effect_ns += effect
    w.redis.node[k].scripts += 1
    return (
        w.p.redis.costs.script[r.op]
        + w.waiting_room.bill[COST_NS]
        + swing
        + (w.p.redis.costs.feed if effect > 0 else 0)
    )


@compiled
def _execute_rare(w: World, now: int, event: int, token: int, now_ms: int, slot: int) -> None:
    """Execute anything but a status."""
    r = w.requests.slot[slot]
    if r.op == OP_JOIN and _is_full(w, event, token):
        r.answer = ANSWER_OUT_OF_MEMORY
    elif r.op == OP_JOIN:
        joined, lapsed = w.waiting_room.counts[JOINED], w.waiting_room.counts[LAPSED]
        score = float((EPOCH_NS + now) // 1000) if w.p.waiting_room.ticket_order == REDIS_TIME else float(r.stamp)
        timed = w.p.waiting_room.ticket_order == REDIS_TIME
        r.answer = core.join(
            w.waiting_room, event, token, now_ms, score, w.p.waiting_room.ticket_order == COUNTER, timed
        )
        r.detail = w.waiting_room.bill[POSITION]
        count(w.record, COLUMN_JOINED, w.waiting_room.counts[JOINED] - joined)
        count(w.record, COLUMN_LAPSED, w.waiting_room.counts[LAPSED] - lapsed)
    elif r.op == OP_ENTER:
        repeated = w.waiting_room.counts[REPEATED]
        r.answer = core.enter(w.waiting_room, event, token, now_ms)
        r.detail = w.waiting_room.bill[WAIT_MS]
        count(w.record, COLUMN_ADMISSIONS_REPEATED, w.waiting_room.counts[REPEATED] - repeated)
        if r.answer == ANSWER_GRANTED:
            _count_by_bucket_time(w, w.waiting_room.room[event].bucket_at_ms)
        elif r.answer == ANSWER_THROTTLED:
            count(w.record, COLUMN_THROTTLED, 1)
    elif r.op == OP_LEAVE:
        left = w.waiting_room.counts[LEFT]
        r.answer = core.leave(w.waiting_room, event, token)
        count(w.record, COLUMN_LEFT, w.waiting_room.counts[LEFT] - left)
    elif r.op == OP_EXPIRE:
        w.redis.node[r.node].expiring -= 1
        silent, lapsed = w.waiting_room.counts[SILENT], w.waiting_room.counts[LAPSED]
        r.answer = expire(w.waiting_room, event, w.p.waiting_room.expire_limit, now_ms)
        r.detail = w.waiting_room.bill[REMOVED]
        count(w.record, COLUMN_EXPIRED, w.waiting_room.counts[SILENT] - silent)
        count(w.record, COLUMN_LAPSED, w.waiting_room.counts[LAPSED] - lapsed)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _is_full(w: World, event: int, token: int) -> bool:
    """Tell whether the event's primary has no memory for a place of this token, which has none."""
    if w.p.redis.most_places >= w.p.waiting_room.tokens or w.waiting_room.place[token].where != rooms.OUT:
        return False
    held = 0
    for other in range(w.p.waiting_room.events):
        if w.p.redis.event_node[other] == w.p.redis.event_node[event]:
            held += rooms.in_place(w.waiting_room, other)
    return held >= w.p.redis.most_places


@compiled
def _count_by_bucket_time(w: World, bucket_at_ms: int) -> None:
    """Count an admission in the second the token bucket goes by: the latest of the pods' stamps it has seen."""
    second = max(0, (bucket_at_ms * MILLISECOND - EPOCH_NS) // SECOND)
    w.record.series[min(second, w.record.series.shape[0] - 1), COLUMN_ADMITTED_BY_BUCKET] += 1


@compiled
def keys_of(w: World, k: int) -> int:
    """Return how many keys the node's keyspace has in the first version: a stream per place, and some an event."""
    keys = 0
    for event in range(w.p.waiting_room.events):
        if w.p.redis.event_node[event] == k:
            keys += w.waiting_room.line.members[event] + w.waiting_room.room[event].called + KEYS_PER_EVENT
    return keys


@compiled
def _read(w: World, k: int, event: int, token: int, now_ms: int) -> int:
    """Answer a read-only status from what this node knows: a primary all, a replica what has reached it."""
    primary = k < w.p.redis.shards
    replica = 0 if primary else (k - w.p.redis.shards) % w.p.redis.replicas
    place = w.waiting_room.place[token]
    if primary:
        known = ANSWER_WAITING if place.where == rooms.LINE else ANSWER_READY
        if place.where == rooms.OUT:
            known = ANSWER_UNKNOWN
    else:
        known = w.redis.known[replica, token]
    # few places are called: the deadlines of all the others need not be fetched
    if known == ANSWER_READY:
        deadline = place.deadline_ms if primary else w.redis.known_deadline[replica, token]
        if deadline <= now_ms:
            known = ANSWER_UNKNOWN
    core.bill_read(w.waiting_room, event, token, known == ANSWER_WAITING, w.p.clients.advice.shape[0] > 0)
    return known


@compiled
def _apply(w: World, k: int, log_end: int) -> None:
    """Let a replica see its primary's changes up to `log_end`."""
    replica = (k - w.p.redis.shards) % w.p.redis.replicas
    shard = (k - w.p.redis.shards) // w.p.redis.replicas
    node = w.redis.node[k]
    size = w.waiting_room.log.shape[1]
    for at in range(node.applied, log_end):
        change = w.waiting_room.log[shard, at % size]
        w.redis.known[replica, change[0]] = change[1]
        w.redis.known_deadline[replica, change[0]] = change[2]
    node.applied = max(node.applied, log_end)


@compiled
def prejoin(w: World) -> None:
    """Put the tokens of a generated load into line before the run, at no cost, in the order of their numbers."""
    now_ms = EPOCH_NS // MILLISECOND
    for token in range(w.p.waiting_room.prejoined):
        rooms.clear_bill(w.waiting_room)
        core.join(
            w.waiting_room,
            event_of(w.p.waiting_room.event_cycle, token),
            token,
            now_ms,
            float(EPOCH_NS - w.p.waiting_room.prejoined + token),
            False,
            False,
        )
        for replica in range(w.p.redis.replicas):
            w.redis.known[replica, token] = ANSWER_WAITING
    for k in range(w.p.redis.nodes):
        w.redis.node[k].applied = w.waiting_room.logged[
            k if k < w.p.redis.shards else (k - w.p.redis.shards) // w.p.redis.replicas
        ]
    for k in range(w.p.redis.shards):
        if w.p.failover.copied_until[k] >= 0:
            rooms.mark_copied(w.waiting_room, k)
    w.waiting_room.counts[:] = 0
