"""Deadlines that mostly move: who is due first, without touching the heap each time one is postponed.

Several heaps of (due, owner), one entry per owner at most. An entry may be older than the owner's real deadline, not
younger; whoever looks at the first one either accepts it, drops it, or postpones it to what is true now. So refreshing
a deadline a million times costs nothing, and yet the first accepted entry is the earliest real one (ties by owner).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined


class Deadlines(NamedTuple):
    """Arrays of L heaps, one behind the other: of `due` and `owner` int64[K] heap l has those from `begin` int64[L] on,
    as many as `size` int64[L] says."""

    due: NDArray[np.int64]
    owner: NDArray[np.int64]
    begin: NDArray[np.int64]
    size: NDArray[np.int64]


def new_deadlines(capacities: NDArray[np.int64]) -> Deadlines:
    """Return empty heaps, one for up to so many owners of each of the *capacities*."""
    begin, room = np.cumsum(capacities) - capacities, int(capacities.sum())
    return Deadlines(np.zeros(room, np.int64), np.zeros(room, np.int64), begin, np.zeros(capacities.size, np.int64))


@inlined
def first_due(d: Deadlines, which: int) -> int:
    """Return when the first entry of a heap that is not empty is due."""
    return d.due[d.begin[which]]


@inlined
def first_owner(d: Deadlines, which: int) -> int:
    """Return whose the first entry of a heap that is not empty is."""
    return d.owner[d.begin[which]]


@compiled
def _sift_up(d: Deadlines, which: int, i: int, due: int, owner: int) -> None:
    begin = d.begin[which]
    while i > 0:
        parent = (i - 1) >> 1
        other = d.due[begin + parent]
        if other < due or (other == due and d.owner[begin + parent] <= owner):
            break
        d.due[begin + i] = other
        d.owner[begin + i] = d.owner[begin + parent]
        i = parent
    d.due[begin + i] = due
    d.owner[begin + i] = owner


@compiled
def _sift_down(d: Deadlines, which: int, due: int, owner: int) -> None:
    begin, size = d.begin[which], d.size[which]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            d.due[begin + right] < d.due[begin + child]
            or (d.due[begin + right] == d.due[begin + child] and d.owner[begin + right] < d.owner[begin + child])
        ):
            child = right
        other = d.due[begin + child]
        if due < other or (due == other and owner <= d.owner[begin + child]):
            break
        d.due[begin + i] = other
        d.owner[begin + i] = d.owner[begin + child]
        i = child
    d.due[begin + i] = due
    d.owner[begin + i] = owner


@compiled
def add(d: Deadlines, which: int, due: int, owner: int) -> None:
    """Enter an owner that has no entry."""
    d.size[which] += 1
    _sift_up(d, which, d.size[which] - 1, due, owner)


@compiled
def advance_to(d: Deadlines, which: int, due: int, owner: int) -> None:
    """Make the entry of `owner` earlier, wherever it is: a search of the heap, for the rare clock that ran back."""
    begin = d.begin[which]
    for i in range(d.size[which]):
        if d.owner[begin + i] == owner:
            _sift_up(d, which, i, due, owner)
            return


@compiled
def postpone_first(d: Deadlines, which: int, due: int) -> None:
    """Replace the first entry's due time by a later one."""
    _sift_down(d, which, due, first_owner(d, which))


@compiled
def drop_first(d: Deadlines, which: int) -> None:
    """Remove the first entry."""
    last = d.size[which] - 1
    d.size[which] = last
    if last > 0:
        end = d.begin[which] + last
        _sift_down(d, which, d.due[end], d.owner[end])


def refill(d: Deadlines, which: int, due: NDArray[np.int64], owner: NDArray[np.int64]) -> None:
    """Replace all entries of a heap by these; sorted entries are a heap."""
    order = np.lexsort((owner, due))
    own = slice(d.begin[which], d.begin[which] + due.size)
    d.due[own], d.owner[own] = due[order], owner[order]
    d.size[which] = due.size
