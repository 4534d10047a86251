"""The event heap against Python's heapq."""

import heapq

from hypothesis import given, settings
from hypothesis import strategies as st

from sim import heap

TIMES = st.lists(st.none() | st.integers(0, 5) | st.integers(0, 2**62), max_size=80)
"""Times to push, many of them the same; None takes the first event out."""
KEYS = st.permutations(range(80))


def first(events: heap.Heap) -> tuple[int, int, int]:
    return int(events.time[0]), int(events.key[0]), int(events.item[0])


def drained(events: heap.Heap) -> list[tuple[int, int, int]]:
    out = []
    while events.size[0]:
        out.append(first(events))
        heap.drop_first(events)
    return out


@settings(max_examples=150, deadline=None)
@given(TIMES, KEYS)
def test_events_come_out_by_time_and_then_by_key_with_their_items(times, keys):
    events, plain = heap.new_heap(80), []
    for item, (time, key) in enumerate(zip(times, keys, strict=False)):
        if time is not None:
            heap.push(events, time, key << 50, item)
            heapq.heappush(plain, (time, key << 50, item))
        elif plain:
            assert first(events) == heapq.heappop(plain)
            heap.drop_first(events)
        assert events.size[0] == len(plain)
    assert drained(events) == sorted(plain)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 20))
def test_a_grown_heap_holds_the_same_and_more(times, more):
    events = heap.new_heap(len(times))
    for item, time in enumerate(times):
        heap.push(events, time, item, item)
    events = heap.grown_heap(events, len(times) + more)
    for item in range(more):
        heap.push(events, 7, -1 - item, item)
    expected = [(time, item, item) for item, time in enumerate(times)]
    assert drained(events) == sorted(expected + [(7, -1 - item, item) for item in range(more)])
