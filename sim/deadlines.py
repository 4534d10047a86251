"""Deadlines that mostly move: who is due first, without touching the heap each time one is postponed.

Several heaps of (due, owner), one entry per owner at most. An entry may be older than the owner's real deadline, not
younger; whoever looks at the first one either accepts it, drops it, or postpones it to what is true now. So refreshing
a deadline a million times costs nothing, and yet the first accepted entry is the earliest real one (ties by owner).

A heap has four children to a node, which lie in one cache line: half the levels of a binary one, and one line for each
(LaMarca and Ladner 1996, "The influence of caches on the performance of heaps").
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined
from sim.memory import zeros

ENTRY = np.dtype([("due", "i8"), ("owner", "i8")])
CHILDREN = 4
_BEFORE = CHILDREN - 1
"""Unused entries before a heap, so that the children of its first entry, which are the next ones, begin a line."""


class Deadlines(NamedTuple):
    """Arrays of L heaps, one behind the other: of `entry` ENTRY[K] heap l has those from `begin` int64[L] on, as many
    as `size` int64[L] says."""

    entry: NDArray[np.void]
    begin: NDArray[np.int64]
    size: NDArray[np.int64]


def new_deadlines(capacities: NDArray[np.int64]) -> Deadlines:
    """Return empty heaps, one for up to so many owners of each of the *capacities*."""
    room = -(-(capacities + _BEFORE) // CHILDREN) * CHILDREN
    begin = np.cumsum(room) - room + _BEFORE
    return Deadlines(zeros(int(room.sum()), ENTRY), begin, np.zeros(capacities.size, np.int64))


@inlined
def first_due(d: Deadlines, which: int) -> int:
    """Return when the first entry of a heap that is not empty is due."""
    return d.entry[d.begin[which]].due


@inlined
def first_owner(d: Deadlines, which: int) -> int:
    """Return whose the first entry of a heap that is not empty is."""
    return d.entry[d.begin[which]].owner


@inlined
def _comes_before(d: Deadlines, at: int, due: int, owner: int) -> bool:
    """Tell whether the entry at an index comes before another one."""
    entry = d.entry[at]
    return entry.due < due or (entry.due == due and entry.owner < owner)


@inlined
def _put(d: Deadlines, at: int, due: int, owner: int) -> None:
    entry = d.entry[at]
    entry.due, entry.owner = due, owner


@compiled
def _sift_up(d: Deadlines, which: int, i: int, due: int, owner: int) -> None:
    begin = d.begin[which]
    while i > 0:
        parent = (i - 1) // CHILDREN
        if _comes_before(d, begin + parent, due, owner):
            break
        _put(d, begin + i, d.entry[begin + parent].due, d.entry[begin + parent].owner)
        i = parent
    _put(d, begin + i, due, owner)


@compiled
def _sift_down(d: Deadlines, which: int, due: int, owner: int) -> None:
    begin, size = d.begin[which], d.size[which]
    i = 0
    while True:
        first = CHILDREN * i + 1
        least, least_due, least_owner = i, due, owner
        for child in range(first, min(first + CHILDREN, size)):
            if _comes_before(d, begin + child, least_due, least_owner):
                least, least_due, least_owner = child, d.entry[begin + child].due, d.entry[begin + child].owner
        _put(d, begin + i, least_due, least_owner)
        if least == i:
            return
        i = least


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
        if d.entry[begin + i].owner == owner:
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
        end = d.entry[d.begin[which] + last]
        _sift_down(d, which, end.due, end.owner)


def refill(d: Deadlines, which: int, due: NDArray[np.int64], owner: NDArray[np.int64]) -> None:
    """Replace all entries of a heap by these; sorted entries are a heap."""
    order = np.lexsort((owner, due))
    own = d.entry[d.begin[which] : d.begin[which] + due.size]
    own["due"], own["owner"] = due[order], owner[order]
    d.size[which] = due.size
