"""Events in order: against Python's own sort, for every length and every degree of order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.event_sort import EVENT, FEW, sort_events

BEGIN, BITS = 5 << 40, 17
TIMES = st.integers(0, 3) | st.integers(0, 2**BITS - 1)
KEYS = st.integers(0, 70) | st.integers(0, 2**63 - 1)
PAIRS = st.lists(st.tuples(TIMES, KEYS), max_size=FEW) | st.lists(st.tuples(TIMES, KEYS), min_size=FEW, max_size=300)


def in_order(events: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the events as `sort_events` leaves them, which must not touch what lies behind them."""
    behind = [(-7, -8, -9)] * 3
    unsorted = np.array([(BEGIN + time, key, item) for time, key, item in events] + behind, EVENT)
    into = np.array([(0, 0, 0)] * len(events) + behind, EVENT)
    sort_events(unsorted, into, np.zeros(FEW, np.int64), len(events), BEGIN, BITS)
    assert into[len(events) :].tolist() == unsorted[len(events) :].tolist() == behind
    return [(time - BEGIN, key, item) for time, key, item in into[: len(events)].tolist()]


@settings(max_examples=200)
@given(PAIRS)
def test_events_are_ordered_by_time_then_by_key(pairs):
    events = [(time, key, item) for item, (time, key) in enumerate(pairs)]
    assert in_order(events) == sorted(events)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, FEW - 1, FEW, FEW + 1, 2 * FEW, 3000])
@pytest.mark.parametrize("times", [1, 5, 2**BITS])
def test_any_number_of_events(count, times):
    drawn = np.random.default_rng(count + times)
    events = [
        (int(time), int(key), item)
        for item, (time, key) in enumerate(zip(drawn.integers(0, times, count), drawn.permutation(count), strict=True))
    ]
    expected = sorted(events)
    assert in_order(events) == expected
    assert in_order(expected) == expected
    assert in_order(expected[::-1]) == expected
