"""What the compiled waiting rooms remember, of all events at once, and the bill and the log that operations write.

Tokens are numbered over all events (see `models.plan.events`). What an operation costs is added to `bill`;
changes that replicas must see go to `log`. The operations are in `kernel` and `expiry`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.events import events_of
from models.plan.extra_calls import CALLS, COMMAND, ELEMENTS, ON, OPERATION, On
from models.plan.plan import Plan
from models.plan.room_rules import RoomRules
from models.plan.sizes import SPARE, Sizes
from models.redis_costs.commands import WRITES, Command, call_cost_ns
from models.redis_costs.costs import RedisCosts
from models.vocabulary.codes import ANSWER_UNKNOWN
from models.waiting_room.script_cost import changed_ns, is_warm, repeated_ns
from sim import ranked
from sim.deadlines import Deadlines, new_deadlines
from sim.jit import compiled, inlined
from sim.memory import CACHE_LINE, zeros
from sim.ranked import Ranked, grown_ranked, new_ranked

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
        ("passed", "i1"),  # whether it has an entry pass, or had one that was lost with a primary
    ]
)
"""A place, in half a cache line."""
assert 2 * PLACE.itemsize == CACHE_LINE
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
        ("granted", "i8"),
    ]
)
PASSED, PASS_LOST = 1, 2
"""Of a place that was let in: its entry pass is there, or went with a primary before any replica had it."""
BILL = 8
COST_NS, COMMANDS, EFFECT_NS, REPEATED_NS, CALLED_SO_FAR, POSITION, WAIT_MS, REMOVED = range(BILL)
"""Entries of a bill: engine time, commands, the parts of it that write and that repeat a call, a bit for each command
that has been called; details of the reply."""
TALLY = 3
MADE, PAID_NS, AGAIN_NS = range(TALLY)
"""Columns of a tally: calls, what they cost, and what of that is repeated."""


class Rooms(NamedTuple):
    """State of all waiting rooms.

    `room` ROOM[E]; `place` PLACE[T]; `listed_ms` int64[T] when a token's entry in `seen` is due, if it has one; `line`
    the waiting lines; `called`, `seen` deadlines per event; `costs` what commands cost, and how scripts were changed;
    `bill` int64[8] of the operation being run; `log` int64[shards, R, 3] rings of changes for replicas (token, answer,
    deadline), their lengths so far in `logged` int64[shards] (R = 1: nobody listens), and `shard` int64[E] whose ring
    an event writes to; `counts` int64[5] of places joined, left, expired and lapsed, and of admissions repeated;
    `tally` int64[commands, 3] what this run of a script has called so far (int64[1, 3]: no script calls anything less
    often, so nobody asks).

    What the replica that will be promoted has (see `models.redis.failover`): `kept` PLACE[T] are the places that have
    been changed since the shard's last `mark` int64[shards], as they were then, which is where `marked` int64[T] is
    that mark; `kept_room` ROOM[E] the rooms as they were then. Of length 1: no primary will be lost.
    """

    room: NDArray[np.void]
    place: NDArray[np.void]
    listed_ms: NDArray[np.int64]
    line: Ranked
    called: Deadlines
    seen: Deadlines
    costs: RedisCosts
    bill: NDArray[np.int64]
    log: NDArray[np.int64]
    logged: NDArray[np.int64]
    shard: NDArray[np.int64]
    counts: NDArray[np.int64]
    mark: NDArray[np.int64]
    marked: NDArray[np.int64]
    kept: NDArray[np.void]
    kept_room: NDArray[np.void]
    tally: NDArray[np.int64]


JOINED, LEFT, SILENT, LAPSED, REPEATED = range(5)


def new(plan: Plan, sizes: Sizes) -> Rooms:
    """Return empty rooms for the events of a plan."""
    p, room = plan.params, plan.params.waiting_room
    return new_rooms(
        plan.rules,
        p.redis.event_node,
        p.redis.shards,
        np.bincount(events_of(room.event_cycle, room.tokens), minlength=room.events),
        p.redis.costs,
        new_ranked(room.events, sizes.chunks, sizes.longest),
        sizes.log if room.replica_reads else 1,
        p.failover.failing,
    )


def new_rooms(
    rules: Sequence[RoomRules],
    shard: NDArray[np.int64],
    shards: int,
    tokens: NDArray[np.int64],
    costs: RedisCosts,
    line: Ranked,
    log_size: int,
    failing: bool,
) -> Rooms:
    """Return empty rooms, one per entry of *shard*, with their *rules*, for so many *tokens* int64[E] in each, and with
    the empty lists of *line*.

    Each of all *shards*, those without an event too, gets a change log of *log_size* (1: none). *failing*: a primary
    will be lost, so what its replica has is kept.
    """
    called_less = bool((costs.changes[:, CALLS] < 0).any())
    events = shard.size
    room = np.zeros(events, ROOM)
    for one, its in zip(room, rules, strict=True):
        one["rate"], one["burst"], one["window"] = its.rate_micro_per_ms, its.burst_micro, its.call_window
        one["call_ttl_ms"], one["heartbeat_ttl_ms"] = its.call_ttl_ms, its.heartbeat_ttl_ms
    places = max(int(tokens.sum()), 1)
    kept = max(places, 2) if failing else 1
    return Rooms(
        room,
        zeros(places, PLACE),
        np.zeros(places, np.int64),
        line,
        new_deadlines(tokens),
        new_deadlines(tokens),
        costs,
        np.zeros(BILL, np.int64),
        np.zeros((shards, log_size, 3), np.int64),
        np.zeros(shards, np.int64),
        shard,
        np.zeros(5, np.int64),
        np.ones(shards, np.int64),
        np.zeros(kept, np.int64),
        zeros(kept, PLACE),
        room.copy(),
        np.zeros((len(Command) if called_less else 1, TALLY), np.int64),
    )


@inlined
def chunks_short(rooms: Rooms, joins: int) -> int:
    """Return how many chunks the lines may lack when so many requests join at most, 0 or less: none."""
    return _chunks_needed(rooms, joins) - rooms.line.state[ranked.FREE]


@inlined
def longest_short(rooms: Rooms, joins: int, largest: int) -> int:
    """Return how many chunks more than it has room for a line may need, none of them empty; 0 or less: none.

    The *largest* event has so many tokens.
    """
    needed = rooms.line.state[ranked.LONGEST] + _chunks_needed(rooms, joins)
    return min(needed, largest + 2) - rooms.line.directory.shape[1]


@inlined
def _chunks_needed(rooms: Rooms, joins: int) -> int:
    """Return how many free chunks the lines must have.

    A request joins once, and opens one chunk at most. Each chunk in use can be split once; for another split half a
    chunk must be filled before, and a whole one before a line gets a further chunk at its end.
    """
    used = rooms.line.fill.size - rooms.line.state[ranked.FREE]
    return min(joins, used + 3 * joins // ranked.CHUNK + 2 * rooms.room.size) + 1


@inlined
def short(rooms: Rooms, joins: int, largest: int) -> bool:
    """Tell whether the lines could be too short when so many requests join."""
    return chunks_short(rooms, joins) > 0 or longest_short(rooms, joins, largest) > 0


def grown(rooms: Rooms, chunks: int, longest: int) -> Rooms:
    """Return the same rooms with so many more *chunks* for all lines and for the *longest* one, and twice."""
    line = rooms.line
    had, longest_had = line.fill.size, line.directory.shape[1]
    if chunks > 0:
        line = grown_ranked(line, had + max(chunks, had), longest_had)
    if longest > 0:
        line = grown_ranked(line, line.fill.size, 2 * longest_had + longest)
    return rooms._replace(line=line)


def with_line_to_refill(rooms: Rooms) -> Rooms:
    """Return the same rooms with space for any line to be written anew, 128 to a chunk, with everybody in it."""
    line = rooms.line
    chunks = rooms.place.size // ranked.CHUNK + rooms.room.size + SPARE
    if line.state[ranked.FREE] >= chunks and line.directory.shape[1] >= chunks:
        return rooms
    return rooms._replace(line=grown_ranked(line, line.fill.size + chunks, max(line.directory.shape[1], chunks)))


@compiled
def open_rooms(rooms: Rooms, now_ms: int) -> None:
    """Begin to call and to admit in every room: buckets start full, call credits empty. An opening is never lost."""
    for event in range(rooms.room.size):
        _open(rooms.room[event], now_ms)
        _open(rooms.kept_room[event], now_ms)


@inlined
def _open(room: Any, now_ms: int) -> None:
    room.opened = 1
    room.called_at_ms = now_ms
    room.bucket_at_ms = now_ms
    room.bucket = room.burst


@inlined
def in_place(rooms: Rooms, event: int) -> int:
    """Return the size of the `seen` set: everybody in line or called."""
    return rooms.line.members[event] + rooms.room[event].called


@compiled
def clear_bill(rooms: Rooms) -> None:
    """Begin a new bill."""
    rooms.bill[:] = 0
    if rooms.tally.shape[0] > 1:
        rooms.tally[:] = 0


@compiled
def bill_call(rooms: Rooms, command: int, elements: int, members: int) -> None:
    """Bill one Redis command."""
    cost = call_cost_ns(rooms.costs.calls, command, elements, members)
    warm = _was_called(rooms, command) == 1 or is_warm(command, members)
    _charge(rooms, command, 1, cost, cost if warm else 0)


@inlined
def _was_called(rooms: Rooms, command: int) -> int:
    return (rooms.bill[CALLED_SO_FAR] >> command) & 1


@inlined
def _charge(rooms: Rooms, command: int, calls: int, cost_ns: int, again_ns: int) -> None:
    rooms.bill[COST_NS] += cost_ns
    rooms.bill[COMMANDS] += calls
    rooms.bill[EFFECT_NS] += cost_ns * WRITES[command]
    rooms.bill[REPEATED_NS] += again_ns
    rooms.bill[CALLED_SO_FAR] |= 1 << command
    if rooms.tally.shape[0] > 1:
        rooms.tally[command, MADE] += calls
        rooms.tally[command, PAID_NS] += cost_ns
        rooms.tally[command, AGAIN_NS] += again_ns
        if rooms.tally[command, MADE] == 0:
            rooms.bill[CALLED_SO_FAR] &= ~(1 << command)


@compiled
def bill_extra_calls(rooms: Rooms, event: int, operation: int) -> None:
    """Bill what the script of an operation that has just run calls more, or fewer, than the specification."""
    extra = rooms.costs.changes
    for x in range(extra.shape[0]):
        if extra[x, OPERATION] == operation:
            command = extra[x, COMMAND]
            price = call_cost_ns(rooms.costs.calls, command, extra[x, ELEMENTS], _walked(rooms, event, extra[x, ON]))
            made, paid, again = _was_called(rooms, command), 0, 0
            if rooms.tally.shape[0] > 1:
                tally = rooms.tally[command]
                made, paid, again = tally[MADE], tally[PAID_NS], tally[AGAIN_NS]
            calls, cost = changed_ns(extra[x, CALLS], price, made, paid)
            _charge(rooms, command, calls, cost, repeated_ns(calls, cost, made, again))


@inlined
def _walked(rooms: Rooms, event: int, on: int) -> int:
    """Return the size of the sorted set that an extra call walks."""
    if on == On.NONE:
        return 0
    if on == On.LINE:
        return rooms.line.members[event]
    return rooms.room[event].called if on == On.CALLED else in_place(rooms, event)


@compiled
def log_change(rooms: Rooms, event: int, token: int, answer: int, deadline_ms: int) -> None:
    """Append a change for the replicas, if there are any; `run.growth` sees to it that they have seen the last."""
    size = rooms.log.shape[1]
    if size == 1:
        return
    shard = rooms.shard[event]
    at = rooms.logged[shard] % size
    rooms.log[shard, at, 0] = token
    rooms.log[shard, at, 1] = answer
    rooms.log[shard, at, 2] = deadline_ms
    rooms.logged[shard] += 1


def grown_log(rooms: Rooms, changes: int) -> Rooms:
    """Return the same rooms with logs that hold so many more *changes*, and twice, and those that the old ones held."""
    shards, old, _ = rooms.log.shape
    size = old + max(old, changes)
    log = np.zeros((shards, size, 3), np.int64)
    for shard in range(shards):
        at = np.arange(max(0, rooms.logged[shard] - old), rooms.logged[shard])
        log[shard, at % size] = rooms.log[shard, at % old]
    return rooms._replace(log=log)


@compiled
def keep(rooms: Rooms, event: int, token: int) -> None:
    """Remember a place before it is changed, for the first time since the mark of its shard, if that will fail."""
    if rooms.marked.shape[0] > 1 and rooms.marked[token] != rooms.mark[rooms.shard[event]]:
        rooms.marked[token] = rooms.mark[rooms.shard[event]]
        rooms.kept[token] = rooms.place[token]


@compiled
def remove(rooms: Rooms, event: int, token: int) -> None:
    """Take somebody out of the line, or of those called."""
    keep(rooms, event, token)
    place = rooms.place[token]
    if place.where == LINE:
        ranked.remove(rooms.line, event, place.score, token)
    else:
        rooms.room[event].called -= 1
    place.where = OUT
    log_change(rooms, event, token, ANSWER_UNKNOWN, 0)


@compiled
def mark_copied(rooms: Rooms, shard: int) -> None:
    """Note that all of a shard is on its replica: what is kept from now on are changes to this."""
    rooms.mark[shard] += 1
    for event in range(rooms.room.size):
        if rooms.shard[event] == shard:
            rooms.kept_room[event] = rooms.room[event]
