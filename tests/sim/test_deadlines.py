"""Moving deadlines against a dictionary of the real ones."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import deadlines

OWNERS = 10


class Watch:
    """Heap 1 of two, used as it is meant to be: refreshing touches no heap, only an earlier deadline does."""

    def __init__(self) -> None:
        self.heaps = deadlines.new_deadlines(np.array([3, OWNERS]))
        self.real: dict[int, int] = {}
        self.entry: dict[int, int] = {}

    def set(self, owner: int, due: int) -> None:
        self.real[owner] = due
        if owner not in self.entry:
            deadlines.add(self.heaps, 1, due, owner)
        elif due < self.entry[owner]:
            deadlines.advance_to(self.heaps, 1, due, owner)
        else:
            return
        self.entry[owner] = due

    def next_due(self, now: int) -> int | None:
        """Return the owner of the earliest real deadline up to *now*, which is dropped, or None."""
        while self.heaps.size[1] and deadlines.first_due(self.heaps, 1) <= now:
            owner = int(deadlines.first_owner(self.heaps, 1))
            assert deadlines.first_due(self.heaps, 1) == self.entry[owner]
            if self.entry[owner] < self.real.get(owner, 0):
                self.entry[owner] = self.real[owner]
                deadlines.postpone_first(self.heaps, 1, self.real[owner])
                continue
            deadlines.drop_first(self.heaps, 1)
            del self.entry[owner]
            if self.real.pop(owner, None) is not None:
                return owner
        return None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 300))
def test_the_first_accepted_is_the_earliest_real_one(seed, steps):
    """Ties, which are many, go by owner."""
    watch, now, random = Watch(), 0, Random(seed)
    for _ in range(steps):
        name = random.choice(("set", "set", "set", "refresh", "refresh", "end", "due"))
        owner, number = random.randrange(OWNERS), random.choice((0, 3, 6, 20))
        if name == "set":
            watch.set(owner, now + number)
        elif name == "refresh" and owner in watch.real:
            watch.set(owner, watch.real[owner] + number)
        elif name == "end":
            watch.real.pop(owner, None)
        elif name == "due":
            now += number
            due = sorted((at, who) for who, at in watch.real.items() if at <= now)
            for _, who in due:
                assert watch.next_due(now) == who
            assert watch.next_due(now) is None
        assert watch.heaps.size.tolist() == [0, len(watch.entry)]


DUES = st.dictionaries(st.integers(0, OWNERS - 2), st.integers(0, 9))


@settings(max_examples=60, deadline=None)
@given(DUES, DUES, st.integers(0, 9))
def test_a_refilled_heap_holds_what_it_was_given_and_takes_more(before, after, later):
    heaps = deadlines.new_deadlines(np.array([3, OWNERS]))
    for owner, due in before.items():
        deadlines.add(heaps, 1, due, owner)
    deadlines.refill(heaps, 1, np.array([*after.values()], np.int64), np.array([*after], np.int64))
    deadlines.add(heaps, 1, later, OWNERS - 1)
    found = []
    while heaps.size[1]:
        found.append((int(deadlines.first_due(heaps, 1)), int(deadlines.first_owner(heaps, 1))))
        deadlines.drop_first(heaps, 1)
    assert found == sorted([*((due, owner) for owner, due in after.items()), (later, OWNERS - 1)])
    assert heaps.size[0] == 0
