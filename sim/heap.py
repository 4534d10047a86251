"""A binary heap of events, for what is about to happen.

An event is (time, key, item): events of one time are ordered by key, and the item rides along. The heap is a NamedTuple
of arrays so that compiled code can hold it; `size[0]` is its length.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Heap(NamedTuple):
    """Arrays of one heap: `time`, `key` int64[capacity], `item` int32[capacity], `size` int64[1]."""

    time: NDArray[np.int64]
    key: NDArray[np.int64]
    item: NDArray[np.int32]
    size: NDArray[np.int64]


def new_heap(capacity: int) -> Heap:
    """Return an empty heap that holds up to `capacity` events."""
    return Heap(
        np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int32), np.zeros(1, np.int64)
    )


def grown_heap(heap: Heap, capacity: int) -> Heap:
    """Return a heap of larger `capacity` with the same content."""
    bigger = new_heap(capacity)
    for new, old in zip(bigger, heap, strict=True):
        new[: old.size] = old
    return bigger


@njit(cache=True, forceinline=True)
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


@njit(cache=True, forceinline=True)
def drop_first(heap: Heap) -> None:
    """Remove the earliest event (read it at index 0 before)."""
    last = heap.size[0] - 1
    heap.size[0] = last
    time = heap.time[last]
    key = heap.key[last]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= last:
            break
        right = child + 1
        if right < last and (
            heap.time[right] < heap.time[child]
            or (heap.time[right] == heap.time[child] and heap.key[right] < heap.key[child])
        ):
            child = right
        if time < heap.time[child] or (time == heap.time[child] and key <= heap.key[child]):
            break
        heap.time[i] = heap.time[child]
        heap.key[i] = heap.key[child]
        heap.item[i] = heap.item[child]
        i = child
    heap.time[i] = time
    heap.key[i] = key
    heap.item[i] = heap.item[last]
