"""Lists in chunks against plain lists: several share one pool, which grows on the way."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import batches

LISTS = 3


def items_of(queue, which, pool):
    place, found = batches.first(queue, which), []
    for at in range(queue[which, batches.LENGTH]):
        found.append(int(pool.item[place]))
        if at + 1 < queue[which, batches.LENGTH]:
            place = batches.following(pool, place)
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, LISTS - 1), st.integers(0, 3 * batches.CHUNK)), max_size=30))
def test_a_list_holds_what_was_put_in_until_it_is_emptied(steps):
    queue, pool = np.zeros((LISTS, 3), np.int64), batches.new_batches(1, LISTS)
    plain = [[] for _ in range(LISTS)]
    for which, count in steps:
        for item in range(count):
            items = sum(len(each) for each in plain) + 1
            if items > pool.item.size - LISTS * batches.CHUNK:
                pool = batches.grown_batches(pool, items)
            batches.put(queue, which, pool, item)
            plain[which].append(item)
        if count == 0:
            batches.empty(queue, which, pool)
            plain[which] = []
        assert [items_of(queue, which, pool) for which in range(LISTS)] == plain
    used = sum(-(-len(each) // batches.CHUNK) for each in plain)
    assert pool.spare[0] == pool.next.size - used
