"""Putting the events of a bucket in order: a handful, as a rule, and now and then a hundred thousand.

A handful is put in order by counting for each event how many come before it, which needs no branch that depends on the
data, and which the compiler does eight at a time (Knuth, The Art of Computer Programming, volume 3, section 5.2,
comparison counting). More are merged, bottom up, from stretches that were put in order by insertion (5.2.1 and 5.2.4).
"""

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined

EVENT = np.dtype([("time", "i8"), ("key", "i8"), ("item", "i8")])
"""Something that happens at `time`; of what happens at one time, the lower `key` comes first; `item` rides along."""
FEW = 64
"""Up to so many events are put in order by counting."""
_TOGETHER = 8
_STRETCH = 24
_LAST = np.iinfo(np.int64).max


@compiled
def sort_events(
    events: NDArray[np.void], into: NDArray[np.void], word: NDArray[np.int64], count: int, begin: int, bits: int
) -> None:
    """Put the first *count* of *events* into *into* in order of time and key, both EVENT[n]; *events* is used up.

    Their times are from *begin* on, up to, without it, *begin* + 2**bits, and their keys not negative; *word*
    int64[FEW] is room to work in.
    """
    if count <= FEW:
        sort_few(events, 0, into, word, count, begin, bits)
        return
    for first in range(0, count, _STRETCH):
        _insert_in_order(events, first, min(first + _STRETCH, count))
    width = _STRETCH
    in_into = False
    while width < count:
        for first in range(0, count, 2 * width):
            middle, end = min(first + width, count), min(first + 2 * width, count)
            if in_into:
                _merge(into, events, first, middle, end)
            else:
                _merge(events, into, first, middle, end)
        in_into = not in_into
        width *= 2
    if not in_into:
        for at in range(count):
            _copy(events, at, into, at)


@compiled
def sort_few(
    events: NDArray[np.void],
    first: int,
    into: NDArray[np.void],
    word: NDArray[np.int64],
    count: int,
    begin: int,
    bits: int,
) -> None:
    """Put up to FEW of *events* from *first* on into *into*, as `sort_events`, and leave them as they are.

    A word holds the time, as much of the key as there is room for, and which event it is, so that no two are equal.
    Events of one time whose keys differ in their last bits only are put in order behind that.
    """
    for at in range(count):
        event = events[first + at]
        word[at] = (((event.time - begin) << (63 - bits)) | (event.key >> bits)) & ~(FEW - 1) | at
    end = (count + _TOGETHER - 1) & ~(_TOGETHER - 1)
    for at in range(count, end):
        word[at] = _LAST
    for at in range(count):
        mine = word[at]
        before = 0
        for other in range(end):
            before += int(word[other] < mine)
        _copy(events, first + at, into, before)
    _insert_in_order(into, 0, count)


@inlined
def _insert_in_order(events: NDArray[np.void], first: int, end: int) -> None:
    """Put the events from *first* up to *end* in order, one after the other."""
    for new in range(first + 1, end):
        time, key, item = events[new].time, events[new].key, events[new].item
        at = new
        while at > first:
            before = events[at - 1]
            if before.time < time or (before.time == time and before.key <= key):
                break
            _copy(events, at - 1, events, at)
            at -= 1
        if at < new:
            here = events[at]
            here.time, here.key, here.item = time, key, item


@inlined
def _merge(source: NDArray[np.void], target: NDArray[np.void], first: int, middle: int, end: int) -> None:
    """Merge the ordered events of *source* from *first* and from *middle* into *target*, from *first* up to *end*."""
    left, right, at = first, middle, first
    while left < middle and right < end:
        a, b = source[left], source[right]
        of_right = int((b.time < a.time) | ((b.time == a.time) & (b.key < a.key)))
        _copy(source, right if of_right else left, target, at)
        right += of_right
        left += 1 - of_right
        at += 1
    while left < middle:
        _copy(source, left, target, at)
        left += 1
        at += 1
    while right < end:
        _copy(source, right, target, at)
        right += 1
        at += 1


@inlined
def _copy(source: NDArray[np.void], at: int, target: NDArray[np.void], to: int) -> None:
    old, new = source[at], target[to]
    new.time, new.key, new.item = old.time, old.key, old.item
