"""Room in the arrays of the compiled engine: how much the next events can take, and larger arrays when that is short.

Compiled code does not look whether an array has room: `is_short` looks for it, every `kernel.CHECK_EVERY` events and
before whatever control does. So its bounds must hold for anything that can happen in between, a pass over 30,000
requests included:

- slots: an event takes one, or one for each replica of a shard;
- the ladder of events: every request in flight is due once at most, whenever that may be, and an event adds a few (a
  timer, the next of a source). Control says how many requests it breaks off, the loop how many events a bucket has that
  it deals out or opens;
- lines: a request joins once, and opens one chunk at most. Each chunk in use can be split once; for another split half
  a chunk must be filled before, and a whole one before a line gets a further chunk at its end;
- the log of a shard's changes: see `_log_needs`;
- deadlines: a token has one entry of each kind, so they are as long as there are tokens.
"""

from typing import Any

import numpy as np

from models.engine.world import BUCKET_NEEDS, FREE_SLOTS, IN_FLIGHT, SLOT, World
from models.waiting_room.state import Rooms, grown_log
from sim import ladder, ranked
from sim.jit import compiled, inlined
from sim.ladder import Ladder, Room, grown_ladder, room_of
from sim.memory import zeros
from sim.queues import LENGTH
from sim.ranked import grown_ranked
from sim.views import seen_compiled

SPARE = 512
"""Room kept free everywhere for the events between two looks: 16 for each of 32, which take 6 at most of anything."""


@compiled
def is_short(w: World) -> bool:
    """Tell whether some array could be too small for the next events: it must be made `roomy` first."""
    return (
        w.total[FREE_SLOTS] < SPARE
        or _heap_needs(w) > w.ladder.heap.time.size
        or _chunk_needs(w) > w.ladder.state[ladder.FREE]
        or w.ladder.state[ladder.RUN_NEEDS] > w.ladder.run.size - ladder.PADDING
        or _line_needs(w) > w.rooms.line.state[ranked.FREE]
        or _directory_needs(w) > w.rooms.line.directory.shape[1]
        or (w.rooms.log.shape[1] > 1 and _log_needs(w) > w.rooms.log.shape[1])
    )


@inlined
def _heap_needs(w: World) -> int:
    """Return how many events the heap must hold."""
    return w.ladder.heap.size[0] + w.total[IN_FLIGHT] + w.total[BUCKET_NEEDS] + SPARE


@inlined
def _chunk_needs(w: World) -> int:
    """Return how many free chunks the ladder must have."""
    return ladder.chunks_for(w.ladder, w.total[IN_FLIGHT] + w.total[BUCKET_NEEDS] + SPARE)


@inlined
def _line_needs(w: World) -> int:
    """Return how many free chunks the lines must have."""
    joins = w.total[IN_FLIGHT] + SPARE
    used = w.rooms.line.fill.size - w.rooms.line.state[ranked.FREE]
    return min(joins, used + 3 * joins // ranked.CHUNK + 2 * w.rooms.room.size) + 1


@inlined
def _directory_needs(w: World) -> int:
    """Return how many chunks a line must be able to have: none of them is empty."""
    return min(w.rooms.line.state[ranked.LONGEST] + _line_needs(w), w.p.largest_event + 2)


@compiled
def _log_needs(w: World) -> int:
    """Return how long the log of every shard must be, so that no change is overwritten that a replica has not seen.

    A request changes the one place that it is about, or it removes: at most its limit of silent and of lapsed ones, and
    not more than there are. Besides it calls. Calls fill the window; beyond that, each takes the place of one that was
    called and is not any more, which is a change that has been counted.
    """
    tokens = w.rooms.place.size
    callable_ = min(tokens, w.p.call_windows)
    longest = 0
    for shard in range(w.p.shards):
        seen = w.rooms.logged[shard]
        for replica in range(w.p.replicas):
            seen = min(seen, w.node[w.p.shards + shard * w.p.replicas + replica].applied)
        asks = w.inbox[shard, LENGTH] + SPARE
        removed = min(2 * w.p.expire_limit * w.node[shard].expiring, tokens + asks)
        longest = max(longest, w.rooms.logged[shard] - seen + callable_ + 2 * (asks + removed))
    return longest


@compiled
def _needs(w: World) -> tuple[int, int, int, int, int]:
    return _heap_needs(w), _chunk_needs(w), _line_needs(w), _directory_needs(w), _log_needs(w)


def roomy(w: World) -> tuple[World, World]:
    """Return the same state with room for the next events everywhere, and as compiled code sees it.

    The arrays that have enough stay the same.
    """
    view = seen_compiled(w)
    while is_short(view):
        late, timers, chunks, longest, log = _needs(view)
        w = w._replace(
            **_more_slots(w),
            ladder=_more_ladder(w.ladder, late, timers),
            rooms=_more_rooms(w.rooms, chunks, longest, log),
        )
        view = seen_compiled(w)
    return w, view


def _more_slots(w: World) -> dict[str, Any]:
    if w.total[FREE_SLOTS] >= SPARE:
        return {}
    old = w.slot.size
    new = max(2 * old, old + SPARE)
    slot, follower, free = zeros(new, SLOT), np.zeros(new, np.int64), np.zeros(new, np.int64)
    slot[:old], follower[:old] = w.slot, w.follower
    spare = np.concatenate([np.arange(new - 1, old - 1, -1), w.free[: w.total[FREE_SLOTS]]])
    free[: spare.size] = spare
    w.total[FREE_SLOTS] = spare.size
    return {"slot": slot, "follower": follower, "free": free}


def _more_ladder(due: Ladder, late: int, chunks: int) -> Ladder:
    held, run = room_of(due), int(due.state[ladder.RUN_NEEDS])
    short = chunks - int(due.state[ladder.FREE])
    return grown_ladder(
        due,
        Room(
            chunks=held.chunks + max(short, held.chunks) if short > 0 else held.chunks,
            run=2 * run if run > held.run else held.run,
            heap=2 * late if late > held.heap else held.heap,
        ),
    )


def _more_rooms(rooms: Rooms, chunks: int, longest: int, log: int) -> Rooms:
    line, size = rooms.line, rooms.log.shape[1]
    short = chunks - int(line.state[ranked.FREE])
    if short > 0:
        line = grown_ranked(line, line.fill.size + max(short, line.fill.size), line.directory.shape[1])
    if longest > line.directory.shape[1]:
        line = grown_ranked(line, line.fill.size, longest + line.directory.shape[1])
    return grown_log(rooms._replace(line=line), max(2 * size, log)) if log > size > 1 else rooms._replace(line=line)


def with_line_to_refill(w: World) -> World:
    """Return the same state with room for any line to be written anew, 128 to a chunk, with everybody in it."""
    line = w.rooms.line
    chunks = w.rooms.place.size // ranked.CHUNK + w.rooms.room.size + SPARE
    if line.state[ranked.FREE] >= chunks and line.directory.shape[1] >= chunks:
        return w
    line = grown_ranked(line, line.fill.size + chunks, max(line.directory.shape[1], chunks))
    return w._replace(rooms=w.rooms._replace(line=line))
