"""What a node executes: the scripts of the waiting room, a status that only reads, and what a replica is fed.

Effects are applied as a pass takes a request; nobody can look in before the pass ends.
"""

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
from models.engine.record import count, row_of_bucket
from models.engine.world import UNKNOWN, World
from models.plan.events import event_of
from models.plan.waiting_room import COUNTER, REDIS_TIME
from models.redis.connections import accept
from models.vocabulary.codes import (
    ANSWER_GRANTED,
    ANSWER_MAX_CLIENTS,
    ANSWER_OUT_OF_MEMORY,
    ANSWER_READY,
    ANSWER_THROTTLED,
    ANSWER_UNKNOWN,
    ANSWER_WAITING,
    OP_ENTER,
    OP_EXPIRE,
    OP_JOIN,
    OP_LEAVE,
    OP_READINESS,
    OP_REPLICATE,
    OP_STATUS,
    OP_STATUS_READ,
)
from models.vocabulary.units import EPOCH_NS, MILLISECOND
from models.waiting_room.expiry import expire
from models.waiting_room.kernel import bill_key_scan, bill_read, enter, join, leave, status
from models.waiting_room.script_cost import swing_ns
from models.waiting_room.specification import KEYS_PER_EVENT
from models.waiting_room.state import COMMANDS as BILLED_COMMANDS
from models.waiting_room.state import (
    COST_NS,
    EFFECT_NS,
    JOINED,
    LAPSED,
    LEFT,
    LINE,
    OUT,
    POSITION,
    REMOVED,
    REPEATED,
    SILENT,
    WAIT_MS,
    bill_extra_calls,
    clear_bill,
    in_place,
)
from sim.jit import compiled


@compiled
def execute(w: World, now: int, k: int, slot: int) -> int:
    """Execute one request and return its cost beside the socket work, ns."""
    r = w.requests.slot[slot]
    clear_bill(w.waiting_room)
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
            bill_key_scan(w.waiting_room, keys)
            swing = swing_ns(w.waiting_room.costs.calls, keys, w.p.redis.costs.listing_swing, w.redis.node[k].listed)
            w.redis.node[k].listed ^= 1
        r.answer = status(w.waiting_room, event, token, now_ms, w.p.clients.advice.shape[0] > 0)
        r.detail = w.waiting_room.bill[POSITION]
    elif r.op == OP_STATUS_READ:
        r.answer = _read(w, k, event, token, now_ms)
        r.detail = w.waiting_room.bill[POSITION]
    else:
        _execute_rare(w, now, event, token, now_ms, slot)
    if w.waiting_room.costs.changes.shape[0] > 0:
        bill_extra_calls(w.waiting_room, event, int(r.op))
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
        timed = w.p.waiting_room.ticket_order == REDIS_TIME
        score = float((EPOCH_NS + now) // 1000) if timed else float(r.stamp)
        r.answer = join(w.waiting_room, event, token, now_ms, score, w.p.waiting_room.ticket_order == COUNTER, timed)
        r.detail = w.waiting_room.bill[POSITION]
        count(w.record, COLUMN_JOINED, w.waiting_room.counts[JOINED] - joined)
        count(w.record, COLUMN_LAPSED, w.waiting_room.counts[LAPSED] - lapsed)
    elif r.op == OP_ENTER:
        repeated = w.waiting_room.counts[REPEATED]
        r.answer = enter(w.waiting_room, event, token, now_ms)
        r.detail = w.waiting_room.bill[WAIT_MS]
        count(w.record, COLUMN_ADMISSIONS_REPEATED, w.waiting_room.counts[REPEATED] - repeated)
        if r.answer == ANSWER_GRANTED:
            row = row_of_bucket(w.record.series.shape[0], w.waiting_room.room[event].bucket_at_ms)
            w.record.series[row, COLUMN_ADMITTED_BY_BUCKET] += 1
        elif r.answer == ANSWER_THROTTLED:
            count(w.record, COLUMN_THROTTLED, 1)
    elif r.op == OP_LEAVE:
        left = w.waiting_room.counts[LEFT]
        r.answer = leave(w.waiting_room, event, token)
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
    if w.p.redis.most_places >= w.p.waiting_room.tokens or w.waiting_room.place[token].where != OUT:
        return False
    held = 0
    for other in range(w.p.waiting_room.events):
        if w.p.redis.event_node[other] == w.p.redis.event_node[event]:
            held += in_place(w.waiting_room, other)
    return held >= w.p.redis.most_places


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
        known = ANSWER_WAITING if place.where == LINE else ANSWER_READY
        if place.where == OUT:
            known = ANSWER_UNKNOWN
    else:
        known = w.redis.known[replica, token]
    # few places are called: the deadlines of all the others need not be fetched
    if known == ANSWER_READY:
        deadline = place.deadline_ms if primary else w.redis.known_deadline[replica, token]
        if deadline <= now_ms:
            known = ANSWER_UNKNOWN
    bill_read(w.waiting_room, event, token, known == ANSWER_WAITING, w.p.clients.advice.shape[0] > 0)
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
