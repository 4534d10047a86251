"""A ladder queue: what happens next, of any number of events, at a cost that hardly depends on how many there are.

Far events lie unsorted in the coarse buckets of a timing wheel. When their time comes near, a bucket is taken and its
events are inserted again, which deals them out into the fine buckets of a second wheel. A fine bucket is opened when
everything before it has happened: its events are copied into a *run* and put in order, which is little work for the few
that share a bucket. What is inserted later into a bucket that is open goes to a binary heap, which so stays small; the
next event is the first of the run or of the heap.

Two timing wheels: Varghese and Lauck 1987, scheme 7, with overflow: an event beyond the horizon is kept in the farthest
coarse bucket and inserted again when that comes. Unsorted rungs over a sorted bottom: Tang, Goh and Thng 2005, "Ladder
queue"; their rungs are made as needed, these two are fixed, as the events of a system keep to their distances.

A bucket is a chain of chunks, all full but the last, in the order in which they were filled, so that its events lie
side by side in memory and what arrives in order stays in order. There is a fine bucket for each part of the coarse
bucket that is being opened and of the next one, which has been dealt out by then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import heap
from sim.event_sort import EVENT, FEW, sort_events, sort_few
from sim.heap import Heap, grown_heap, new_heap
from sim.jit import compiled, inlined
from sim.memory import CACHE_LINE, prefetch, zeros

CHUNK = 31
NONE = -1
PADDING = 16
"""Entries of `run` behind its last event that may be read, though they mean nothing: for fetching ahead."""
_FILL_BITS = 5
_FILL = (1 << _FILL_BITS) - 1
_EVENTS_A_LINE = CACHE_LINE // EVENT.itemsize

FIRST, LAST = range(2)
"""Columns of `bucket`: its first chunk; its last one and how full that is (chunk << 5 | fill, NONE: empty)."""
FREE, OPEN, DEALT, FINE_BITS, COARSE_BITS, FINE, AT, END, RUN_NEEDS, ENTRIES = range(10)
"""Entries of `state`: free chunks; fine buckets opened and coarse ones dealt out so far; the width of either in bits
(2**bits ns); how many fine ones there are; where in `run` the next event is, and where the last one ends; how long
`run` must be for the next bucket."""


class Ladder(NamedTuple):
    """Arrays of a ladder of C chunks: F fine buckets and then the coarse ones, B together.

    `event` EVENT[C * 31] holds the chunks one after the other, `next` int64[C] the chunk that follows in a bucket,
    `bucket` int64[B, 2] the buckets, `free` int64[C] the stack of unused chunks, `run` the events of the open bucket
    in order, with `spare` and `word` int64[64] to sort them in; `run` and `spare` are EVENT[R + PADDING]. `heap` is
    what has come to that bucket late.
    """

    event: NDArray[np.void]
    next: NDArray[np.int64]
    bucket: NDArray[np.int64]
    free: NDArray[np.int64]
    run: NDArray[np.void]
    spare: NDArray[np.void]
    word: NDArray[np.int64]
    heap: Heap
    state: NDArray[np.int64]


class Room(NamedTuple):
    """How much a ladder holds: chunks in its buckets, events in an open bucket, and events that come to it late."""

    chunks: int
    run: int
    heap: int


def new_ladder(fine_bits: int, coarse_bits: int, coarse: int, room: Room) -> Ladder:
    """Return an empty ladder of *coarse* buckets of 2**coarse_bits ns over fine ones of 2**fine_bits ns.

    Raises ValueError if *coarse* is not a power of two, or the coarse buckets are not wider than the fine ones.
    """
    if coarse & (coarse - 1):
        raise ValueError(f"coarse buckets ({coarse}) must be a power of two")
    if fine_bits >= coarse_bits:
        raise ValueError(f"coarse buckets (2**{coarse_bits} ns) must be wider than fine ones (2**{fine_bits} ns)")
    fine = 2 << (coarse_bits - fine_bits)
    state = np.zeros(ENTRIES, np.int64)
    state[FREE], state[FINE_BITS], state[COARSE_BITS], state[FINE] = room.chunks, fine_bits, coarse_bits, fine
    return Ladder(
        zeros(room.chunks * CHUNK, EVENT),
        np.full(room.chunks, NONE, np.int64),
        np.full((fine + coarse, 2), NONE, np.int64),
        np.arange(room.chunks - 1, -1, -1).astype(np.int64),
        zeros(room.run + PADDING, EVENT),
        zeros(room.run + PADDING, EVENT),
        np.zeros(FEW, np.int64),
        new_heap(room.heap),
        state,
    )


def grown_ladder(ladder: Ladder, room: Room) -> Ladder:
    """Return a ladder of at least this *room* with the same content."""
    held = room_of(ladder)
    if room.run > held.run:
        run = zeros(room.run + PADDING, EVENT)
        run[: ladder.run.size] = ladder.run
        ladder = ladder._replace(run=run, spare=zeros(room.run + PADDING, EVENT))
    if room.heap > held.heap:
        ladder = ladder._replace(heap=grown_heap(ladder.heap, room.heap))
    return _with_chunks(ladder, room.chunks) if room.chunks > held.chunks else ladder


def room_of(ladder: Ladder) -> Room:
    """Return how much a ladder holds."""
    return Room(ladder.next.size, ladder.run.size - PADDING, ladder.heap.time.size)


def _with_chunks(ladder: Ladder, chunks: int) -> Ladder:
    old = ladder.next.size
    event, next_, free = zeros(chunks * CHUNK, EVENT), np.full(chunks, NONE, np.int64), np.zeros(chunks, np.int64)
    event[: old * CHUNK], next_[:old] = ladder.event, ladder.next
    spare = np.concatenate([np.arange(chunks - 1, old - 1, -1), ladder.free[: ladder.state[FREE]]])
    free[: spare.size] = spare
    state = ladder.state.copy()
    state[FREE] = spare.size
    return ladder._replace(event=event, next=next_, free=free, state=state)


@inlined
def chunks_for(ladder: Ladder, events: int) -> int:
    """Return how many free chunks are enough to insert so many *events*, whenever they are due."""
    return min(events, ladder.bucket.shape[0] + events // CHUNK)


@inlined
def insert(ladder: Ladder, time: int, key: int, item: int) -> None:
    """Add an event that is not earlier than the last one taken; there must be room (see `chunks_for`)."""
    if time < opened_until(ladder):
        heap.push(ladder.heap, time, key, item)
        return
    state = ladder.state
    coarse = time >> state[COARSE_BITS]
    if coarse < state[DEALT]:
        row = (time >> state[FINE_BITS]) & (state[FINE] - 1)
    else:
        buckets = ladder.bucket.shape[0] - state[FINE]
        row = state[FINE] + (min(coarse, state[DEALT] + buckets - 1) & (buckets - 1))
    last = ladder.bucket[row, LAST]
    if last == NONE or (last & _FILL) == CHUNK:
        state[FREE] -= 1
        fresh = ladder.free[state[FREE]]
        if last == NONE:
            ladder.bucket[row, FIRST] = fresh
        else:
            ladder.next[last >> _FILL_BITS] = fresh
        ladder.next[fresh] = NONE
        last = int(fresh) << _FILL_BITS
    event = ladder.event[(last >> _FILL_BITS) * CHUNK + (last & _FILL)]
    event.time = time
    event.key = key
    event.item = item
    ladder.bucket[row, LAST] = last + 1


@inlined
def opened_until(ladder: Ladder) -> int:
    """Return the time (ns) before which every bucket has been opened."""
    return ladder.state[OPEN] << ladder.state[FINE_BITS]


@inlined
def dealt_until(ladder: Ladder) -> int:
    """Return the time (ns) before which every coarse bucket has been dealt out."""
    return ladder.state[DEALT] << ladder.state[COARSE_BITS]


@inlined
def next_dealt_until(ladder: Ladder) -> int:
    """Return until when (ns) coarse buckets will have been dealt out, the next one included."""
    return (ladder.state[DEALT] + 1) << ladder.state[COARSE_BITS]


@inlined
def has_first(ladder: Ladder) -> bool:
    """Tell whether the next event is at hand; otherwise the next bucket must be opened, if there is anything."""
    return ladder.state[AT] < ladder.state[END] or ladder.heap.size[0] > 0


@inlined
def first_is_late(ladder: Ladder) -> bool:
    """Tell where the next event is, of a ladder that has it at hand: at 0 of the heap, or at `state[AT]` of the run."""
    if ladder.heap.size[0] == 0:
        return False
    at = ladder.state[AT]
    if at == ladder.state[END]:
        return True
    time, due = ladder.heap.time[0], ladder.run[at].time
    return time < due or (time == due and ladder.heap.key[0] < ladder.run[at].key)


@inlined
def must_deal(ladder: Ladder) -> bool:
    """Tell whether a coarse bucket must be dealt out before the next fine one can be opened."""
    state = ladder.state
    return state[DEALT] < (state[OPEN] >> (state[COARSE_BITS] - state[FINE_BITS])) + 2


@compiled
def coarse_size(ladder: Ladder) -> int:
    """Return how many events the coarse bucket has that is dealt out next."""
    return _size(ladder, _next_coarse(ladder))


@inlined
def take_coarse(ladder: Ladder) -> tuple[int, int]:
    """Take the next coarse bucket: return its first chunk, or NONE, and what `fill_of` tells the fill of each by.

    Its events must be inserted again now, chunk by chunk; each chunk is given back by `release`.
    """
    row = _next_coarse(ladder)
    ladder.state[DEALT] += 1
    return _take(ladder, row)


@inlined
def fetch_following(ladder: Ladder, chunk: int) -> None:
    """Fetch the chunk that follows in a taken bucket, if there is one."""
    following = ladder.next[chunk]
    if following != NONE:
        for at in range(0, CHUNK, _EVENTS_A_LINE):
            prefetch(ladder.event, following * CHUNK + at)


@inlined
def fill_of(chunk: int, last: int) -> int:
    """Return how many events a chunk of a taken bucket has, of which the first is entry `chunk * CHUNK` of `event`."""
    return last & _FILL if chunk == last >> _FILL_BITS else CHUNK


@inlined
def release(ladder: Ladder, chunk: int) -> int:
    """Give a chunk of a taken bucket back and return the one that follows, or NONE."""
    ladder.free[ladder.state[FREE]] = chunk
    ladder.state[FREE] += 1
    return int(ladder.next[chunk])


@compiled
def open_next(ladder: Ladder) -> bool:
    """Open the next fine bucket that has something, as far as buckets have been dealt out, and tell whether it could.

    It cannot if `run` is shorter than `state[RUN_NEEDS]`, and then nothing has been opened that has something.
    """
    state = ladder.state
    dealt = state[DEALT] << (state[COARSE_BITS] - state[FINE_BITS])
    while state[OPEN] < dealt and not must_deal(ladder):
        row = state[OPEN] & (state[FINE] - 1)
        if ladder.bucket[row, LAST] == NONE:
            state[OPEN] += 1
            continue
        size = _size(ladder, row)
        state[RUN_NEEDS] = size
        if size > ladder.run.size - PADDING:
            return False
        _put_in_order(ladder, row, size)
        state[OPEN] += 1
        state[AT], state[END] = 0, size
        return True
    return True


@inlined
def coming(ladder: Ladder) -> tuple[int, int]:
    """Return from where up to where in `event` the first events of the fine bucket are that is opened next."""
    row = ladder.state[OPEN] & (ladder.state[FINE] - 1)
    chunk, last = ladder.bucket[row, FIRST], ladder.bucket[row, LAST]
    return chunk * CHUNK, chunk * CHUNK + (0 if last == NONE else fill_of(chunk, last))


@inlined
def _next_coarse(ladder: Ladder) -> int:
    fine = ladder.state[FINE]
    return fine + (ladder.state[DEALT] & (ladder.bucket.shape[0] - fine - 1))


@inlined
def _take(ladder: Ladder, row: int) -> tuple[int, int]:
    chunk, last = int(ladder.bucket[row, FIRST]), int(ladder.bucket[row, LAST])
    ladder.bucket[row, FIRST] = ladder.bucket[row, LAST] = NONE
    return chunk, last


@inlined
def _size(ladder: Ladder, row: int) -> int:
    """Return how many events a bucket has."""
    last = ladder.bucket[row, LAST]
    if last == NONE:
        return 0
    size, chunk = last & _FILL, ladder.bucket[row, FIRST]
    while chunk != last >> _FILL_BITS:
        size += CHUNK
        chunk = ladder.next[chunk]
    return size


@inlined
def _put_in_order(ladder: Ladder, row: int, size: int) -> None:
    """Empty a fine bucket of so many events into `run`, in order."""
    begin, bits = opened_until(ladder), ladder.state[FINE_BITS]
    if size > CHUNK:
        _empty_fine(ladder, row)
        sort_events(ladder.spare, ladder.run, ladder.word, size, begin, bits)
    else:
        chunk, _ = _take(ladder, row)
        sort_few(ladder.event, chunk * CHUNK, ladder.run, ladder.word, size, begin, bits)
        release(ladder, chunk)


@inlined
def _empty_fine(ladder: Ladder, row: int) -> None:
    """Empty a fine bucket into `spare`, in the order in which it was filled."""
    chunk, last = _take(ladder, row)
    end = 0
    while chunk != NONE:
        for at in range(chunk * CHUNK, chunk * CHUNK + fill_of(chunk, last)):
            event, copy = ladder.event[at], ladder.spare[end]
            copy.time, copy.key, copy.item = event.time, event.key, event.item
            end += 1
        chunk = release(ladder, chunk)
