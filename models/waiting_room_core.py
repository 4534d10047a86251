"""The waiting rooms, compiled: the same answers and commands as `waiting_room.WaitingRoom`, for all events at once.

Read that file first; this one only says the same in arrays. Tokens are numbered over all events and belong to event
`token % events`. What an operation cost is added to `bill`; changes that replicas must see go to `log`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.bill import CALLS, COMMAND, ELEMENTS, ON, OPERATION, On, changed_ns
from models.codes import (
    ANSWER_EXPIRED,
    ANSWER_GRANTED,
    ANSWER_LEFT,
    ANSWER_NOT_CALLED,
    ANSWER_READY,
    ANSWER_THROTTLED,
    ANSWER_UNKNOWN,
    ANSWER_WAITING,
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
    COMMAND_ZRANGEBYSCORE,
    COMMAND_ZRANK,
    COMMAND_ZREM,
    COMMAND_ZSCORE,
)
from models.commands import WRITES, Command, call_cost_ns
from models.waiting_room import CALLS_PER_OPERATION, MICRO, XLENS_PER_KEYS_STATUS, RoomRules
from sim import deadlines, ranked
from sim.compiled import compiled, inlined
from sim.deadlines import Deadlines, new_deadlines
from sim.memory import zeros
from sim.ranked import Ranked, new_ranked

OUT, LINE, CALLED = range(3)
"""Where a token is."""

PLACE = np.dtype(
    [
        ("score", "f8"),
        ("deadline_ms", "i8"),
        ("seen_ms", "i8"),
        ("call_number", "i4"),
        ("where", "i1"),
        ("in_seen", "i1"),
        ("in_called", "i1"),
        ("unused", "i1"),
    ]
)
"""A place, in half a cache line."""
ROOM = np.dtype(
    [
        ("opened", "i8"),
        ("call_credit", "i8"),
        ("called_at_ms", "i8"),
        ("bucket", "i8"),
        ("bucket_at_ms", "i8"),
        ("tickets", "i8"),
        ("calls", "i8"),
        ("called", "i8"),
        ("rate", "i8"),
        ("burst", "i8"),
        ("window", "i8"),
        ("call_ttl_ms", "i8"),
        ("heartbeat_ttl_ms", "i8"),
    ]
)
COST_NS, COMMANDS, EFFECT_NS, POSITION, WAIT_MS, REMOVED = range(6)
"""Entries of a bill: engine time, commands, the part of it that writes, then details of the reply."""


class Rooms(NamedTuple):
    """State of all waiting rooms.

    `room` ROOM[E]; `place` PLACE[T]; `listed_ms` int64[T] when a token's entry in `seen` is due, if it has one; `line`
    the waiting lines; `called`, `seen` deadlines per event; `cost` int64[commands, 4] the profile's cost table in ns;
    `bill` int64[6] of the operation being run; `log` int64[shards, R, 3] rings of changes for replicas (token, answer,
    deadline), their lengths so far in `logged` int64[shards] (R = 1: nobody listens), and `shard` int64[E] whose ring
    an event writes to; `counts` int64[4] of places joined, left, expired and lapsed; `extra` int64[X, 5] the calls of
    changed scripts (see `models.bill`), and `tally` int64[commands, 2] what this run has called so far, times and ns
    (int64[1, 2]: no script calls anything less often, so nobody asks).
    """

    room: NDArray[np.void]
    place: NDArray[np.void]
    listed_ms: NDArray[np.int64]
    line: Ranked
    called: Deadlines
    seen: Deadlines
    cost: NDArray[np.int64]
    bill: NDArray[np.int64]
    log: NDArray[np.int64]
    logged: NDArray[np.int64]
    shard: NDArray[np.int64]
    counts: NDArray[np.int64]
    extra: NDArray[np.int64]
    tally: NDArray[np.int64]


JOINED, LEFT, SILENT, LAPSED = range(4)


def new_rooms(
    rules: RoomRules,
    shard: NDArray[np.int64],
    shards: int,
    tokens: int,
    cost: NDArray[np.int64],
    extra: NDArray[np.int64],
    log_size: int,
) -> Rooms:
    """Return empty rooms for *tokens* in all, one per entry of *shard*.

    Each of all *shards*, those without an event too, gets a change log of *log_size* (1: none).
    """
    called_less = bool((extra[:, CALLS] < 0).any())
    events = shard.size
    room = np.zeros(events, ROOM)
    room["rate"], room["burst"], room["window"] = rules.rate_micro_per_ms, rules.burst_micro, rules.call_window
    room["call_ttl_ms"], room["heartbeat_ttl_ms"] = rules.call_ttl_ms, rules.heartbeat_ttl_ms
    each = -(-tokens // events)
    longest = each // (ranked.CHUNK // 2) + 64
    return Rooms(
        room,
        zeros(tokens, PLACE),
        np.zeros(tokens, np.int64),
        new_ranked(events, tokens // (ranked.CHUNK // 2) + 8 * events + 64, longest),
        new_deadlines(events, each),
        new_deadlines(events, each),
        cost,
        np.zeros(6, np.int64),
        np.zeros((shards, log_size, 3), np.int64),
        np.zeros(shards, np.int64),
        shard,
        np.zeros(4, np.int64),
        extra,
        np.zeros((len(Command) if called_less else 1, 2), np.int64),
    )


@compiled
def _run(rooms: Rooms, command: int, elements: int, members: int) -> None:
    """Bill one Redis command."""
    _charge(rooms, command, 1, call_cost_ns(rooms.cost, command, elements, members))


@inlined
def _charge(rooms: Rooms, command: int, calls: int, cost_ns: int) -> None:
    rooms.bill[COST_NS] += cost_ns
    rooms.bill[COMMANDS] += calls
    rooms.bill[EFFECT_NS] += cost_ns * WRITES[command]
    if rooms.tally.shape[0] > 1:
        rooms.tally[command, 0] += calls
        rooms.tally[command, 1] += cost_ns


@compiled
def bill_extra_calls(rooms: Rooms, event: int, operation: int) -> None:
    """Bill what the script of an operation that has just run calls more, or fewer, than the specification."""
    extra = rooms.extra
    for x in range(extra.shape[0]):
        if extra[x, OPERATION] == operation:
            command = extra[x, COMMAND]
            price = call_cost_ns(rooms.cost, command, extra[x, ELEMENTS], _walked(rooms, event, extra[x, ON]))
            made = paid = 0
            if rooms.tally.shape[0] > 1:
                made, paid = rooms.tally[command, 0], rooms.tally[command, 1]
            calls, cost = changed_ns(extra[x, CALLS], price, made, paid)
            _charge(rooms, command, calls, cost)


@inlined
def _walked(rooms: Rooms, event: int, on: int) -> int:
    """Return the size of the sorted set that an extra call walks."""
    if on == On.NONE:
        return 0
    if on == On.LINE:
        return rooms.line.members[event]
    return rooms.room[event].called if on == On.CALLED else _members(rooms, event)


@compiled
def _log(rooms: Rooms, event: int, token: int, answer: int, deadline_ms: int) -> None:
    """Append a change for the replicas, if there are any."""
    size = rooms.log.shape[1]
    if size == 1:
        return
    shard = rooms.shard[event]
    at = rooms.logged[shard] % size
    rooms.log[shard, at, 0] = token
    rooms.log[shard, at, 1] = answer
    rooms.log[shard, at, 2] = deadline_ms
    rooms.logged[shard] += 1


@inlined
def _members(rooms: Rooms, event: int) -> int:
    """Return the size of the `seen` set: everybody in line or called."""
    return rooms.line.members[event] + rooms.room[event].called


@compiled
def clear_bill(rooms: Rooms) -> None:
    """Begin a new bill."""
    rooms.bill[:] = 0
    if rooms.tally.shape[0] > 1:
        rooms.tally[:] = 0


@compiled
def _call(rooms: Rooms, event: int, now_ms: int) -> None:
    room = rooms.room[event]
    _run(rooms, COMMAND_HMGET, 1, 1)
    if room.opened == 0:
        return
    elapsed = max(0, now_ms - room.called_at_ms)
    credit = min(room.burst, room.call_credit + room.rate * elapsed)
    if credit >= MICRO:
        _call_some(rooms, event, now_ms, credit)


@compiled
def _call_some(rooms: Rooms, event: int, now_ms: int, credit: int) -> None:
    room = rooms.room[event]
    _run(rooms, COMMAND_ZCARD, 1, room.called)
    count = min(credit // MICRO, room.window - room.called, CALLS_PER_OPERATION)
    if count <= 0:
        return
    waiting = rooms.line.members[event]
    count = min(count, waiting)
    _run(rooms, COMMAND_ZPOPMIN, count, waiting)
    if count == 0:
        return
    _run(rooms, COMMAND_ZADD, count, 0)
    _run(rooms, COMMAND_HSET, 1, 1)
    now_ms = max(now_ms, room.called_at_ms)
    for _ in range(count):
        token = ranked.take_first(rooms.line, event)
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
        _log(rooms, event, token, ANSWER_READY, place.deadline_ms)
    room.call_credit = credit - count * MICRO
    room.called_at_ms = now_ms


@compiled
def _heartbeat(rooms: Rooms, event: int, token: int, now_ms: int) -> None:
    _run(rooms, COMMAND_ZADD, 1, _members(rooms, event))
    place = rooms.place[token]
    place.seen_ms = max(place.seen_ms, now_ms)


@compiled
def join(rooms: Rooms, event: int, token: int, now_ms: int, score: float, own_counter: bool, asks_time: bool) -> int:
    """Take a place; `own_counter`: the score is the event's next ticket number, `asks_time`: it took a TIME to know."""
    _call(rooms, event, now_ms)
    room = rooms.room[event]
    place = rooms.place[token]
    waiting = rooms.line.members[event]
    _run(rooms, COMMAND_ZRANK, 1, waiting if place.where == LINE else 0)
    if place.where == LINE:
        rooms.bill[POSITION] = ranked.rank(rooms.line, event, place.score, token) + 1
        return ANSWER_WAITING
    _run(rooms, COMMAND_ZSCORE, 1, room.called)
    if place.where == CALLED:
        if place.deadline_ms > now_ms:
            return ANSWER_READY
        _run(rooms, COMMAND_ZREM, 1, room.called)
        room.called -= 1
        rooms.counts[LAPSED] += 1
        seen = waiting + room.called + 1
    else:
        place.seen_ms = now_ms
        seen = 0
    if asks_time:
        _run(rooms, COMMAND_TIME, 1, 1)
    if own_counter:
        _run(rooms, COMMAND_HINCRBY, 1, 1)
        room.tickets += 1
        score = float(room.tickets)
    _run(rooms, COMMAND_ZADD, 1, 0)
    _run(rooms, COMMAND_ZADD, 1, seen)
    place.where = LINE
    place.score = score
    place.seen_ms = max(place.seen_ms, now_ms)
    _list_as_seen(rooms, event, token)
    rooms.bill[POSITION] = ranked.insert(rooms.line, event, score, token) + 1
    _run(rooms, COMMAND_ZRANK, 1, waiting + 1)
    rooms.counts[JOINED] += 1
    _log(rooms, event, token, ANSWER_WAITING, 0)
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
    _call(rooms, event, now_ms)
    place = rooms.place[token]
    _run(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if place.where == LINE else 0)
    if place.where == LINE:
        _heartbeat(rooms, event, token, now_ms)
        if want_position:
            rooms.bill[POSITION] = ranked.rank(rooms.line, event, place.score, token) + 1
        return ANSWER_WAITING
    _run(rooms, COMMAND_ZSCORE, 1, rooms.room[event].called)
    if place.where == OUT or place.deadline_ms <= now_ms:
        return ANSWER_UNKNOWN
    _heartbeat(rooms, event, token, now_ms)
    return ANSWER_READY


@compiled
def bill_key_scan(rooms: Rooms, keys: int) -> None:
    """Bill what the first version did before it could answer a status: KEYS over the node, then counting."""
    _run(rooms, COMMAND_KEYS, 1, keys)
    for _ in range(XLENS_PER_KEYS_STATUS):
        _run(rooms, COMMAND_XLEN, 1, 1)


@compiled
def bill_read(rooms: Rooms, event: int, token: int, waiting: bool, want_position: bool) -> None:
    """Bill a read-only status that found its token `waiting` or not.

    The position is the primary's: a replica's own would differ by what is under way to it, at most a few places.
    """
    _run(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if waiting else 0)
    if not waiting:
        _run(rooms, COMMAND_ZSCORE, 1, rooms.room[event].called)
    elif want_position and rooms.place[token].where == LINE:
        rooms.bill[POSITION] = ranked.rank(rooms.line, event, rooms.place[token].score, token) + 1


@compiled
def enter(rooms: Rooms, event: int, token: int, now_ms: int) -> int:
    """Go in, if called and if the bucket has an admission."""
    room = rooms.room[event]
    place = rooms.place[token]
    _run(rooms, COMMAND_HMGET, 1, 1)
    _run(rooms, COMMAND_ZSCORE, 1, room.called)
    if place.where != CALLED or place.deadline_ms <= now_ms:
        _run(rooms, COMMAND_ZRANK, 1, rooms.line.members[event] if place.where == LINE else 0)
        return ANSWER_NOT_CALLED if place.where == LINE else ANSWER_UNKNOWN
    elapsed = max(0, now_ms - room.bucket_at_ms) if room.opened == 1 else 0
    level = min(room.burst, room.bucket + room.rate * elapsed)
    if level < MICRO:
        rooms.bill[WAIT_MS] = (MICRO - level + room.rate - 1) // room.rate
        return ANSWER_THROTTLED
    room.bucket = level - MICRO
    room.bucket_at_ms = max(room.bucket_at_ms, now_ms)
    _run(rooms, COMMAND_ZREM, 1, room.called)
    members = _members(rooms, event)
    room.called -= 1
    place.where = OUT
    _run(rooms, COMMAND_ZREM, 1, members)
    _run(rooms, COMMAND_HSET, 1, 1)
    _run(rooms, COMMAND_SET, 1, 1)
    _log(rooms, event, token, ANSWER_UNKNOWN, 0)
    return ANSWER_GRANTED


@compiled
def _remove(rooms: Rooms, event: int, token: int) -> None:
    place = rooms.place[token]
    if place.where == LINE:
        ranked.remove(rooms.line, event, place.score, token)
    else:
        rooms.room[event].called -= 1
    place.where = OUT
    _log(rooms, event, token, ANSWER_UNKNOWN, 0)


@compiled
def leave(rooms: Rooms, event: int, token: int) -> int:
    """Give up the place, wherever it is."""
    where = rooms.place[token].where
    _run(rooms, COMMAND_ZREM, 1, rooms.line.members[event] if where == LINE else 0)
    _run(rooms, COMMAND_ZREM, 1, rooms.room[event].called if where == CALLED else 0)
    _run(rooms, COMMAND_ZREM, 1, _members(rooms, event) if where != OUT else 0)
    if where == OUT:
        return ANSWER_UNKNOWN
    _remove(rooms, event, token)
    rooms.counts[LEFT] += 1
    return ANSWER_LEFT


@compiled
def expire(rooms: Rooms, event: int, limit: int, now_ms: int) -> int:
    """Remove at most `limit` silent places, then at most `limit` lapsed calls."""
    _call(rooms, event, now_ms)
    room = rooms.room[event]
    seen, line, called = _members(rooms, event), rooms.line.members[event], room.called
    _run(rooms, COMMAND_ZRANGEBYSCORE, 1, seen)
    silent = _remove_silent(rooms, event, limit, now_ms - room.heartbeat_ttl_ms)
    if silent > 0:
        _run(rooms, COMMAND_ZREM, silent, seen)
        _run(rooms, COMMAND_ZREM, line - rooms.line.members[event], line)
        _run(rooms, COMMAND_ZREM, called - room.called, called)
    seen, called = _members(rooms, event), room.called
    _run(rooms, COMMAND_ZRANGEBYSCORE, 1, called)
    lapsed = _remove_lapsed(rooms, event, limit, now_ms)
    if lapsed > 0:
        _run(rooms, COMMAND_ZREM, lapsed, called)
        _run(rooms, COMMAND_ZREM, lapsed, seen)
    rooms.counts[SILENT] += silent
    rooms.counts[LAPSED] += lapsed
    rooms.bill[REMOVED] = silent + lapsed
    return ANSWER_EXPIRED


@compiled
def _remove_silent(rooms: Rooms, event: int, limit: int, cutoff_ms: int) -> int:
    removed = 0
    while removed < limit and rooms.seen.size[event] > 0 and rooms.seen.due[event, 0] < cutoff_ms:
        token = rooms.seen.owner[event, 0]
        place = rooms.place[token]
        if place.where != OUT and rooms.seen.due[event, 0] < place.seen_ms:
            rooms.listed_ms[token] = place.seen_ms
            deadlines.postpone_first(rooms.seen, event, place.seen_ms)
            continue
        place.in_seen = 0
        deadlines.drop_first(rooms.seen, event)
        if place.where != OUT:
            _remove(rooms, event, token)
            removed += 1
    return removed


@compiled
def _remove_lapsed(rooms: Rooms, event: int, limit: int, now_ms: int) -> int:
    removed = 0
    while removed < limit and rooms.called.size[event] > 0 and rooms.called.due[event, 0] <= now_ms:
        token = rooms.called.owner[event, 0]
        place = rooms.place[token]
        if place.where == CALLED and rooms.called.due[event, 0] < place.deadline_ms:
            deadlines.postpone_first(rooms.called, event, place.deadline_ms)
            continue
        place.in_called = 0
        deadlines.drop_first(rooms.called, event)
        if place.where == CALLED:
            _remove(rooms, event, token)
            removed += 1
    return removed


@compiled
def open_rooms(rooms: Rooms, now_ms: int) -> None:
    """Begin to call and to admit in every room: buckets start full, call credits empty."""
    for event in range(rooms.room.size):
        room = rooms.room[event]
        room.opened = 1
        room.called_at_ms = now_ms
        room.bucket_at_ms = now_ms
        room.bucket = room.burst
