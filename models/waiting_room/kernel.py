"""The waiting rooms, compiled: the same answers and commands as `specification.WaitingRoom`, for all events at once.

Read that file first; this one only says the same in arrays (see `models.waiting_room.state`).
"""

from models.plan.room_rules import MICRO
from models.redis_costs.command_codes import (
    COMMAND_HINCRBY,
    COMMAND_HMGET,
    COMMAND_HSET,
    COMMAND_KEYS,
    COMMAND_SET,
    COMMAND_TIME,
    COMMAND_XLEN,
    COMMAND_ZADD,
    COMMAND_ZCARD,
    COMMAND_ZPOPMIN,
    COMMAND_ZRANK,
    COMMAND_ZREM,
    COMMAND_ZSCORE,
)
from models.vocabulary.codes import (
    ANSWER_GRANTED,
    ANSWER_LEFT,
    ANSWER_NOT_CALLED,
    ANSWER_READY,
    ANSWER_THROTTLED,
    ANSWER_UNKNOWN,
    ANSWER_WAITING,
)
from models.vocabulary.script_limits import CALLS_PER_OPERATION
from models.waiting_room.specification import XLENS_PER_KEYS_STATUS
from models.waiting_room.state import (
    CALLED,
    JOINED,
    LAPSED,
    LEFT,
    LINE,
    OUT,
    PASS_LOST,
    PASSED,
    POSITION,
    REPEATED,
    WAIT_MS,
    Rooms,
    bill_call,
    in_place,
    keep,
    log_change,
    remove,
)
from sim import deadlines, ranked
from sim.jit import compiled


@compiled
def call_due(rooms: Rooms, event: int, now_ms: int) -> None:
    """Call those whose turn it is."""
    room = rooms.room[event]
    bill_call(rooms, COMMAND_HMGET, 1, 1)
    if room.opened == 0:
        return
    elapsed = max(0, now_ms - room.called_at_ms)
    credit = min(room.burst, room.call_credit + room.rate * elapsed)
    if credit >= MICRO:
        _call_some(rooms, event, now_ms, credit)


@compiled
def _call_some(rooms: Rooms, event: int, now_ms: int, credit: int) -> None:
    room = rooms.room[event]
    bill_call(rooms, COMMAND_ZCARD, 1, room.called)
    count = min(credit // MICRO, room.window - room.called, CALLS_PER_OPERATION)
    if count <= 0:
        return
    waiting = rooms.line.members[event]
    count = min(count, waiting)
    bill_call(rooms, COMMAND_ZPOPMIN, count, waiting)
    if count == 0:
        return
    bill_call(rooms, COMMAND_ZADD, count, 0)
    bill_call(rooms, COMMAND_HSET, 1, 1)
    now_ms = max(now_ms, room.called_at_ms)
    for _ in range(count):
        token = ranked.take_first(rooms.line, event)
        keep(rooms, event, token)
        place = rooms.place[token]
        place.where = CALLED
        place.deadline_ms = now_ms + room.call_ttl_ms
        room.calls += 1
        room.called += 1
        if place.call_number == 0:
            place.call_number = room.calls
        if place.in_called == 0:
            place.in_called = 1
            deadlines.add(rooms.called, event, place.deadline_ms, token)
        log_change(rooms, event, token, ANSWER_READY, place.deadline_ms)
    room.call_credit = credit - count * MICRO
    room.called_at_ms = now_ms


@compiled
def _heartbeat(rooms: Rooms, event: int, token: int, now_ms: int) -> None:
    bill_call(rooms, COMMAND_ZADD, 1, in_place(rooms, event))
    keep(rooms, event, token)
    place = rooms.place[token]
    place.seen_ms = max(place.seen_ms, now_ms)


@compiled
def join(rooms: Rooms, event: int, token: int, now_ms: int, score: float, own_counter: bool, asks_time: bool) -> int:
    """Take a place; `own_counter`: the score is the event's next ticket number, `asks_time`: it took a TIME to know."""
    call_due(rooms, event, now_ms)
    room = rooms.room[event]
    place = rooms.place[token]
    waiting = rooms.line.members[event]
    bill_call(rooms, COMMAND_ZRANK, 1, waiting if place.where == LINE else 0)
    if place.where == LINE:
        rooms.bill[POSITION] = ranked.rank(rooms.line, event, place.score, token) + 1
        return ANSWER_WAITING
    bill_call(rooms, COMMAND_ZSCORE, 1, room.called)
    keep(rooms, event, token)
    if place.where == CALLED:
        if place.deadline_ms > now_ms:
            return ANSWER_READY
        bill_call(rooms, COMMAND_ZREM, 1, room.called)
        room.called -= 1
        rooms.counts[LAPSED] += 1
        seen = waiting + room.called + 1
    else:
        place.seen_ms = now_ms
        seen = 0
    if asks_time:
        bill_call(rooms, COMMAND_TIME, 1, 1)
    if own_counter:
        bill_call(rooms, COMMAND_HINCRBY, 1, 1)
        room.tickets += 1
        score = float(room.tickets)
    bill_call(rooms, COMMAND_ZADD, 1, 0)
    bill_call(rooms, COMMAND_ZADD, 1, seen)
    place.where = LINE
    place.score = score
    place.seen_ms = max(place.seen_ms, now_ms)
    _list_as_seen(rooms, event, token)
    rooms.bill[POSITION] = ranked.insert(rooms.line, event, score, token) + 1
    bill_call(rooms, COMMAND_ZRANK, 1, waiting + 1)
    rooms.counts[JOINED] += 1
    log_change(rooms, event, token, ANSWER_WAITING, 0)
    return ANSWER_WAITING


@compiled
def _list_as_seen(rooms: Rooms, event: int, token: int) -> None:
    """Make sure that the token has an entry in `seen` no later than its last sign of life."""
    place = rooms.place[token]
    if place.in_seen == 0:
        place.in_seen = 1
        deadlines.add(rooms.seen, event, place.seen_ms, token)
    elif place.seen_ms < rooms.listed_ms[token]:
        deadlines.advance_to(rooms.seen, event, place.seen_ms, token)
    else:
        return
    rooms.listed_ms[token] = place.seen_ms


@compiled
def status(rooms: Rooms, event: int, token: int, now_ms: int, want_position: bool) -> int:
    """Tell the place in line or that the turn has come; the position is worked out only if `want_position`."""
    call_due(rooms, event, now_ms)
    place = rooms.place[token]
    bill_call(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if place.where == LINE else 0)
    if place.where == LINE:
        _heartbeat(rooms, event, token, now_ms)
        if want_position:
            rooms.bill[POSITION] = ranked.rank(rooms.line, event, place.score, token) + 1
        return ANSWER_WAITING
    bill_call(rooms, COMMAND_ZSCORE, 1, rooms.room[event].called)
    if place.where == OUT or place.deadline_ms <= now_ms:
        return ANSWER_UNKNOWN
    _heartbeat(rooms, event, token, now_ms)
    return ANSWER_READY


@compiled
def bill_key_scan(rooms: Rooms, keys: int) -> None:
    """Bill what the first version did before it could answer a status: KEYS over the node, then counting."""
    bill_call(rooms, COMMAND_KEYS, 1, keys)
    for _ in range(XLENS_PER_KEYS_STATUS):
        bill_call(rooms, COMMAND_XLEN, 1, 1)


@compiled
def bill_read(rooms: Rooms, event: int, token: int, waiting: bool, want_position: bool) -> None:
    """Bill a read-only status that found its token `waiting` or not.

    The position is the primary's: a replica's own would differ by what is under way to it, at most a few places.
    """
    bill_call(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if waiting else 0)
    if not waiting:
        bill_call(rooms, COMMAND_ZSCORE, 1, rooms.room[event].called)
    elif want_position and rooms.place[token].where == LINE:
        rooms.bill[POSITION] = ranked.rank(rooms.line, event, rooms.place[token].score, token) + 1


@compiled
def enter(rooms: Rooms, event: int, token: int, now_ms: int) -> int:
    """Go in, if called and if the bucket has an admission."""
    room = rooms.room[event]
    place = rooms.place[token]
    bill_call(rooms, COMMAND_HMGET, 1, 1)
    bill_call(rooms, COMMAND_ZSCORE, 1, room.called)
    if place.where != CALLED or place.deadline_ms <= now_ms:
        bill_call(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if place.where == LINE else 0)
        return ANSWER_NOT_CALLED if place.where == LINE else ANSWER_UNKNOWN
    elapsed = max(0, now_ms - room.bucket_at_ms) if room.opened == 1 else 0
    level = min(room.burst, room.bucket + room.rate * elapsed)
    if level < MICRO:
        rooms.bill[WAIT_MS] = (MICRO - level + room.rate - 1) // room.rate
        return ANSWER_THROTTLED
    keep(rooms, event, token)
    room.bucket = level - MICRO
    room.bucket_at_ms = max(room.bucket_at_ms, now_ms)
    room.granted += 1
    rooms.counts[REPEATED] += place.passed == PASS_LOST
    place.passed = PASSED
    bill_call(rooms, COMMAND_ZREM, 1, room.called)
    members = in_place(rooms, event)
    room.called -= 1
    place.where = OUT
    bill_call(rooms, COMMAND_ZREM, 1, members)
    bill_call(rooms, COMMAND_HSET, 1, 1)
    bill_call(rooms, COMMAND_SET, 1, 1)
    log_change(rooms, event, token, ANSWER_UNKNOWN, 0)
    return ANSWER_GRANTED


@compiled
def leave(rooms: Rooms, event: int, token: int) -> int:
    """Give up the place, wherever it is."""
    where = rooms.place[token].where
    bill_call(rooms, COMMAND_ZREM, 1, rooms.line.members[event] if where == LINE else 0)
    bill_call(rooms, COMMAND_ZREM, 1, rooms.room[event].called if where == CALLED else 0)
    bill_call(rooms, COMMAND_ZREM, 1, in_place(rooms, event) if where != OUT else 0)
    if where == OUT:
        return ANSWER_UNKNOWN
    remove(rooms, event, token)
    rooms.counts[LEFT] += 1
    return ANSWER_LEFT
