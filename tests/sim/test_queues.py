"""Linked queues against deques: several share one array of links."""

from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import queues

ITEMS, QUEUES = 12, 3


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, QUEUES - 1), st.integers(0, ITEMS - 1)), max_size=100))
def test_first_in_first_out(steps):
    queue, follower = np.zeros((QUEUES, 3), np.int64), np.full(ITEMS, -7, np.int32)
    plain = [deque() for _ in range(QUEUES)]
    for puts, which, item in steps:
        if puts and not any(item in other for other in plain):
            queues.put(queue, which, follower, item)
            plain[which].append(item)
        elif plain[which]:
            assert queues.take(queue, which, follower) == plain[which].popleft()
        assert queue[:, queues.LENGTH].tolist() == [len(items) for items in plain]
        for row, items in zip(queue, plain, strict=True):
            if items:
                assert (row[queues.FIRST], row[queues.LAST]) == (items[0], items[-1])
