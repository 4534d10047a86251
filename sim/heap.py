"""A binary heap of events, for what is about to happen.

An event is (time, key, item): events of one time are ordered by key, and the item rides along. The heap is a NamedTuple
of arrays so that compiled code can hold it; `size[0]` is its length.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import inlined


class Heap(NamedTuple):
    """Arrays of one heap: `time`, `key` int64[capacity], `item` int64[capacity], `size` int64[1]."""

    time: NDArray[np.int64]
    key: NDArray[np.int64]
    item: NDArray[np.int64]
    size: NDArray[np.int64]


def new_heap(capacity: int) -> Heap:
    """Return an empty heap that holds up to `capacity` events."""
    return Heap(
        np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(1, np.int64)
    )


def grown_heap(heap: Heap, capacity: int) -> Heap:
    """Return a heap of larger `capacity` with the same content."""
    bigger = new_heap(capacity)
    old = heap.time.size
    bigger.time[:old] = heap.time
    bigger.key[:old] = heap.key
    bigger.item[:old] = heap.item
    bigger.size[:] = heap.size
    return bigger


@inlined
def push(heap: Heap, time: int, key: int, item: int) -> None:
    """Add an event; the caller has made sure that there is room."""
    i = heap.size[0]
    heap.size[0] = i + 1
    while i > 0:
        parent = (i - 1) >> 1
        if heap.time[parent] < time or (heap.time[parent] == time and heap.key[parent] <= key):
            break
        heap.time[i] = heap.time[parent]
        heap.key[i] = heap.key[parent]
        heap.item[i] = heap.item[parent]
        i = parent
    heap.time[i] = time
    heap.key[i] = key
    heap.item[i] = item


@inlined
def drop_first(heap: Heap) -> None:
    """Remove the earliest event (read it at index 0 before)."""
    last = heap.size[0] - 1
    i = 0
    child = 1
    while child < last:
        left_time = heap.time[child]
        right_time = heap.time[child + 1]
        child += int((right_time < left_time) | ((right_time == left_time) & (heap.key[child + 1] < heap.key[child])))
        heap.time[i] = heap.time[child]
        heap.key[i] = heap.key[child]
        heap.item[i] = heap.item[child]
        i = child
        child = 2 * i + 1
    # the hole is at the bottom; the last event, which comes from there, rises from it, mostly not at all
    heap.size[0] = i
    if i != last:
        push(heap, heap.time[last], heap.key[last], heap.item[last])
    heap.size[0] = last
