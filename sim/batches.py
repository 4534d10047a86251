"""Lists of numbered items that are filled one by one, gone through in order, and emptied at once.

A list is a row (first chunk, last chunk, length) of an int64 array, its items lie side by side in chunks of a shared
pool: whoever goes through a long one reads memory forwards, and knows what comes next long before it is its turn. To
go through it: `place = first(...)`, then as often as it has items `item[place]` and `place = following(...)`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined

FIRST, LAST, LENGTH = range(3)
CHUNK = 64
_BITS = 6
_REST = CHUNK - 1


class Batches(NamedTuple):
    """The chunks: `item` int64[C * 64], `next` int64[C] the chunk behind one, `free` int64[C] the stack of unused ones,
    whose number is `spare` int64[1]."""

    item: NDArray[np.int64]
    next: NDArray[np.int64]
    free: NDArray[np.int64]
    spare: NDArray[np.int64]


def new_batches(items: int, lists: int) -> Batches:
    """Return chunks for so many *items* in so many *lists*, however they are spread."""
    chunks = items // CHUNK + lists
    return Batches(
        np.zeros(chunks * CHUNK, np.int64), np.zeros(chunks, np.int64), np.arange(chunks), np.array([chunks], np.int64)
    )


def grown_batches(batches: Batches, items: int) -> Batches:
    """Return the same lists with room for so many *items* more."""
    old = batches.next.size
    bigger = new_batches(items, old + 1)
    bigger.item[: old * CHUNK], bigger.next[:old] = batches.item, batches.next
    spare = np.concatenate([np.arange(old, bigger.next.size), batches.free[: batches.spare[0]]])
    bigger.free[: spare.size] = spare
    bigger.spare[0] = spare.size
    return bigger


@inlined
def put(queue: NDArray[np.int64], which: int, batches: Batches, item: int) -> None:
    """Add an item at the end of list `which`."""
    length = queue[which, LENGTH]
    if length & _REST == 0:
        batches.spare[0] -= 1
        fresh = batches.free[batches.spare[0]]
        if length == 0:
            queue[which, FIRST] = fresh
        else:
            batches.next[queue[which, LAST]] = fresh
        queue[which, LAST] = fresh
    batches.item[(queue[which, LAST] << _BITS) + (length & _REST)] = item
    queue[which, LENGTH] = length + 1


@inlined
def first(queue: NDArray[np.int64], which: int) -> int:
    """Return the place in `item` of the first item of list `which`, if it has any."""
    return queue[which, FIRST] << _BITS


@inlined
def following(batches: Batches, place: int) -> int:
    """Return the place of the item behind another one, if there is one."""
    return place + 1 if (place + 1) & _REST != 0 else batches.next[place >> _BITS] << _BITS


@inlined
def beyond(batches: Batches, place: int, count: int) -> int:
    """Return the place of the item *count* < 64 behind another one, if there is one."""
    at = (place & _REST) + count
    return place + count if at < CHUNK else (batches.next[place >> _BITS] << _BITS) + at - CHUNK


@compiled
def empty(queue: NDArray[np.int64], which: int, batches: Batches) -> None:
    """Remove all items of list `which`."""
    chunk = queue[which, FIRST]
    for _ in range((queue[which, LENGTH] + _REST) >> _BITS):
        batches.free[batches.spare[0]] = chunk
        batches.spare[0] += 1
        chunk = batches.next[chunk]
    queue[which, LENGTH] = 0
