"""A timing wheel for what happens later: inserting costs the same however many timers wait.

Time is cut into buckets of `2**tick_bits` nanoseconds; a bucket is a chain of chunks, all full but the first, so that
its events lie side by side in memory. Events of a bucket are unordered: whoever empties it puts them into the heap. An
event beyond the wheel's horizon is kept in the farthest bucket and inserted again when that bucket comes (Varghese and
Lauck 1987, scheme 4 with overflow).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import inlined
from sim.memory import zeros

CHUNK = 31
NONE = -1
_FILL_BITS = 5
_FILL = (1 << _FILL_BITS) - 1
EVENT = np.dtype([("time", "i8"), ("key", "i8"), ("item", "i8")])


class Wheel(NamedTuple):
    """Arrays of one wheel of B buckets and C chunks.

    `event` EVENT[C * 31] holds the chunks one after the other, `next` int64[C] the chunk that follows in a bucket,
    `head` int64[B] a bucket's first chunk and its fill (chunk << 5 | fill, NONE: empty), `free` int64[C] the stack of
    unused chunks. `state` int64[3] is: number of free chunks, index of the next bucket to be emptied, tick bits.
    """

    event: NDArray[np.void]
    next: NDArray[np.int64]
    head: NDArray[np.int64]
    free: NDArray[np.int64]
    state: NDArray[np.int64]


FREE, CURRENT, TICK_BITS = range(3)


def new_wheel(tick_bits: int, buckets: int, chunks: int) -> Wheel:
    """Return an empty wheel; *buckets* must be a power of two."""
    if buckets & (buckets - 1):
        raise ValueError(f"buckets ({buckets}) must be a power of two")
    return Wheel(
        zeros(chunks * CHUNK, EVENT),
        np.full(chunks, NONE, np.int64),
        np.full(buckets, NONE, np.int64),
        np.arange(chunks - 1, -1, -1).astype(np.int64),
        np.array([chunks, 0, tick_bits], np.int64),
    )


def grown_wheel(wheel: Wheel, chunks: int) -> Wheel:
    """Return a wheel with more *chunks* and the same content."""
    old = wheel.next.size
    bigger = new_wheel(int(wheel.state[TICK_BITS]), wheel.head.size, chunks)
    bigger.event[: old * CHUNK] = wheel.event
    bigger.next[:old] = wheel.next
    bigger.head[:] = wheel.head
    spare = np.concatenate([np.arange(chunks - 1, old - 1, -1), wheel.free[: wheel.state[FREE]]])
    bigger.free[: spare.size] = spare
    bigger.state[:] = wheel.state
    bigger.state[FREE] = spare.size
    return bigger


@inlined
def insert(wheel: Wheel, time: int, key: int, item: int) -> None:
    """Add an event that is not earlier than the end of the last emptied bucket; there must be a free chunk."""
    buckets = wheel.head.size
    bucket = min(time >> wheel.state[TICK_BITS], wheel.state[CURRENT] + buckets - 1)
    at = bucket & (buckets - 1)
    head = wheel.head[at]
    if head == NONE or (head & _FILL) == CHUNK:
        wheel.state[FREE] -= 1
        fresh = wheel.free[wheel.state[FREE]]
        wheel.next[fresh] = head >> _FILL_BITS if head != NONE else NONE
        head = int(fresh) << _FILL_BITS
    event = wheel.event[(head >> _FILL_BITS) * CHUNK + (head & _FILL)]
    event.time = time
    event.key = key
    event.item = item
    wheel.head[at] = head + 1


@inlined
def next_bucket(wheel: Wheel) -> int:
    """Return the head of the next bucket (NONE: empty) without taking it."""
    return wheel.head[wheel.state[CURRENT] & (wheel.head.size - 1)]


@inlined
def take_bucket(wheel: Wheel) -> int:
    """Advance by one bucket and return its head. Go through it by `chunk_of`, `fill_of` and `release`."""
    head = next_bucket(wheel)
    wheel.head[wheel.state[CURRENT] & (wheel.head.size - 1)] = NONE
    wheel.state[CURRENT] += 1
    return head


@inlined
def chunk_of(head: int) -> int:
    """Return the index in `event` of the first event of a head's chunk."""
    return (head >> _FILL_BITS) * CHUNK


@inlined
def fill_of(head: int) -> int:
    """Return how many events a head's chunk has."""
    return head & _FILL


@inlined
def follower(wheel: Wheel, head: int) -> int:
    """Return the head of the chunk behind this one in its bucket, which is full, or NONE."""
    chunk = int(wheel.next[head >> _FILL_BITS])
    return NONE if chunk == NONE else (chunk << _FILL_BITS) + CHUNK


@inlined
def release(wheel: Wheel, head: int) -> int:
    """Give the chunk of a taken bucket back and return its follower's head."""
    behind = follower(wheel, head)
    wheel.free[wheel.state[FREE]] = head >> _FILL_BITS
    wheel.state[FREE] += 1
    return behind


@inlined
def emptied_until(wheel: Wheel) -> int:
    """Return the time (ns) before which every bucket has been emptied."""
    return wheel.state[CURRENT] << wheel.state[TICK_BITS]
