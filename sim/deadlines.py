"""Deadlines that mostly move: who is due first, without touching the heap each time one is postponed.

Several heaps of (due, owner), one entry per owner at most. An entry may be older than the owner's real deadline, not
younger; whoever looks at the first one either accepts it, drops it, or postpones it to what is true now. So refreshing
a deadline a million times costs nothing, and yet the first accepted entry is the earliest real one (ties by owner).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled


class Deadlines(NamedTuple):
    """Arrays of L heaps of capacity K: `due` int64[L, K], `owner` int64[L, K], `size` int64[L]."""

    due: NDArray[np.int64]
    owner: NDArray[np.int64]
    size: NDArray[np.int64]


def new_deadlines(heaps: int, capacity: int) -> Deadlines:
    """Return empty heaps for up to *capacity* owners each."""
    return Deadlines(
        np.zeros((heaps, capacity), np.int64), np.zeros((heaps, capacity), np.int64), np.zeros(heaps, np.int64)
    )


@compiled
def _sift_up(d: Deadlines, which: int, i: int, due: int, owner: int) -> None:
    while i > 0:
        parent = (i - 1) >> 1
        other = d.due[which, parent]
        if other < due or (other == due and d.owner[which, parent] <= owner):
            break
        d.due[which, i] = other
        d.owner[which, i] = d.owner[which, parent]
        i = parent
    d.due[which, i] = due
    d.owner[which, i] = owner


@compiled
def _sift_down(d: Deadlines, which: int, due: int, owner: int) -> None:
    size = d.size[which]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            d.due[which, right] < d.due[which, child]
            or (d.due[which, right] == d.due[which, child] and d.owner[which, right] < d.owner[which, child])
        ):
            child = right
        other = d.due[which, child]
        if due < other or (due == other and owner <= d.owner[which, child]):
            break
        d.due[which, i] = other
        d.owner[which, i] = d.owner[which, child]
        i = child
    d.due[which, i] = due
    d.owner[which, i] = owner


@compiled
def add(d: Deadlines, which: int, due: int, owner: int) -> None:
    """Enter an owner that has no entry."""
    d.size[which] += 1
    _sift_up(d, which, d.size[which] - 1, due, owner)


@compiled
def advance_to(d: Deadlines, which: int, due: int, owner: int) -> None:
    """Make the entry of `owner` earlier, wherever it is: a search of the heap, for the rare clock that ran back."""
    for i in range(d.size[which]):
        if d.owner[which, i] == owner:
            _sift_up(d, which, i, due, owner)
            return


@compiled
def postpone_first(d: Deadlines, which: int, due: int) -> None:
    """Replace the first entry's due time by a later one."""
    _sift_down(d, which, due, d.owner[which, 0])


@compiled
def drop_first(d: Deadlines, which: int) -> None:
    """Remove the first entry."""
    last = d.size[which] - 1
    d.size[which] = last
    if last > 0:
        _sift_down(d, which, d.due[which, last], d.owner[which, last])


def refill(d: Deadlines, which: int, due: NDArray[np.int64], owner: NDArray[np.int64]) -> None:
    """Replace all entries of a heap by these; sorted entries are a heap."""
    order = np.lexsort((owner, due))
    d.due[which, : due.size], d.owner[which, : due.size] = due[order], owner[order]
    d.size[which] = due.size
