"""The ladder queue against a sorted list: every event comes once, by time and key, from wherever it was."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import heap, ladder
from sim.ladder import Room

FINE_BITS, COARSE_BITS, COARSE = 4, 6, 8
FINE, WINDOW = 1 << FINE_BITS, 1 << COARSE_BITS
HORIZON = COARSE * WINDOW
AHEAD = (
    st.integers(0, 3)
    | st.integers(0, 3 * FINE)
    | st.integers(0, 3 * WINDOW)
    | st.integers(0, 20 * HORIZON)
    | st.integers(0, 40).map(lambda buckets: buckets * FINE)
    | st.integers(0, 40).map(lambda windows: windows * WINDOW)
)
KEYS = st.integers(0, 3) | st.integers(0, 2**62)
STEPS = st.lists(
    st.tuples(st.just("insert"), st.lists(st.tuples(AHEAD, KEYS), min_size=1, max_size=4))
    | st.tuples(st.just("insert on a border"), st.lists(st.tuples(st.sampled_from([FINE, WINDOW, HORIZON]), KEYS)))
    | st.tuples(st.just("burst"), st.tuples(AHEAD, st.integers(1, 100)))
    | st.tuples(st.just("take"), st.integers(1, 60)),
    max_size=40,
)


class Agenda:
    """A ladder as its user handles it, who grows it whenever there is not room enough."""

    def __init__(self, room: Room) -> None:
        self.ladder = ladder.new_ladder(FINE_BITS, COARSE_BITS, COARSE, room)
        self.expected: list[tuple[int, int, int]] = []
        self.now = self.made = self.dealt_again = 0

    def insert(self, time: int, key: int) -> None:
        self.make_room(1)
        self.made += 1
        ladder.insert(self.ladder, time, key, self.made)
        heapq.heappush(self.expected, (time, key, self.made))

    def make_room(self, events: int) -> None:
        held = ladder.room_of(self.ladder)
        missing = ladder.chunks_for(self.ladder, events) - int(self.ladder.state[ladder.FREE])
        late = int(self.ladder.heap.size[0]) + events
        self.ladder = ladder.grown_ladder(
            self.ladder,
            Room(
                held.chunks + max(missing, 0),
                max(held.run, int(self.ladder.state[ladder.RUN_NEEDS])),
                max(held.heap, late),
            ),
        )

    def get_ready(self) -> None:
        """Deal out and open until the next event is at hand."""
        while not ladder.has_first(self.ladder):
            if ladder.must_deal(self.ladder):
                self.deal_out()
            elif not ladder.open_next(self.ladder):
                assert self.ladder.state[ladder.RUN_NEEDS] > ladder.room_of(self.ladder).run
                self.make_room(0)

    def deal_out(self) -> None:
        size = ladder.coarse_size(self.ladder)
        self.make_room(size)
        until = ladder.next_dealt_until(self.ladder)
        chunk, last = ladder.take_coarse(self.ladder)
        assert ladder.dealt_until(self.ladder) == until
        while chunk != ladder.NONE:
            first = chunk * ladder.CHUNK
            for event in self.ladder.event[first : first + ladder.fill_of(chunk, last)].tolist():
                size -= 1
                self.dealt_again += event[0] >= until
                ladder.insert(self.ladder, *event)
            chunk = ladder.release(self.ladder, chunk)
        assert size == 0

    def take(self) -> tuple[int, int, int]:
        self.get_ready()
        if ladder.first_is_late(self.ladder):
            late = self.ladder.heap
            event = int(late.time[0]), int(late.key[0]), int(late.item[0])
            heap.drop_first(late)
        else:
            event = self.ladder.run[self.ladder.state[ladder.AT]].item()
            self.ladder.state[ladder.AT] += 1
        self.now = event[0]
        return event

    def take_as_expected(self) -> None:
        """Take an event: the earliest; of several of one time and key it may be any."""
        time, key, item = self.take()
        alike = []
        while self.expected and self.expected[0][:2] == (time, key):
            alike.append(heapq.heappop(self.expected))
        assert (time, key, item) in alike
        for other in alike:
            if other[2] != item:
                heapq.heappush(self.expected, other)

    def run_out(self) -> None:
        while self.expected:
            self.take_as_expected()
        assert not ladder.has_first(self.ladder)
        chunks = self.ladder.next.size
        assert self.ladder.state[ladder.FREE] == chunks
        assert sorted(self.ladder.free.tolist()) == list(range(chunks))
        assert np.all(self.ladder.bucket == ladder.NONE)


@settings(max_examples=150)
@given(STEPS, st.sampled_from([Room(1, 1, 1), Room(400, 500, 500)]))
def test_events_come_out_in_order_however_far_ahead_they_were_inserted(steps, room):
    agenda = Agenda(room)
    for step, what in steps:
        if step == "insert":
            for ahead, key in what:
                agenda.insert(agenda.now + ahead, key)
        elif step == "insert on a border":
            for width, key in what:
                agenda.insert((agenda.now // width + 1) * width, key)
        elif step == "burst":
            ahead, count = what
            for key in range(count, 0, -1):
                agenda.insert(agenda.now + ahead, key)
        else:
            for _ in range(min(what, len(agenda.expected))):
                agenda.take_as_expected()
    agenda.run_out()


def test_what_is_inserted_into_the_open_bucket_comes_in_its_turn():
    agenda = Agenda(Room(1, 1, 1))
    for time in (5, 9):
        agenda.insert(time, 7)
    assert agenda.take()[:2] == (5, 7)
    for time, key in ((9, 6), (9, 8), (5, 1), (FINE - 1, 0)):
        agenda.insert(time, key)
    assert agenda.ladder.heap.size[0] == 4
    assert [agenda.take()[:2] for _ in range(5)] == [(5, 1), (9, 6), (9, 7), (9, 8), (FINE - 1, 0)]


def test_the_last_of_a_bucket_and_the_first_of_the_next_one_are_in_different_buckets():
    agenda = Agenda(Room(1, 1, 1))
    agenda.insert(FINE - 1, 0)
    agenda.insert(FINE, 0)
    agenda.get_ready()
    assert ladder.opened_until(agenda.ladder) == FINE
    assert agenda.ladder.state[ladder.END] == 1
    agenda.insert(FINE, 1)
    assert agenda.ladder.heap.size[0] == 0
    agenda.run_out()


def test_an_event_beyond_the_horizon_is_dealt_out_again_once_a_turn_of_the_wheel():
    """The farthest bucket is COARSE - 1 windows behind the first that has not been dealt out."""
    agenda = Agenda(Room(1, 1, 1))
    for time in (HORIZON - 1, HORIZON, 5 * HORIZON):
        agenda.insert(time, 0)
    agenda.run_out()
    # at 0 the farthest bucket is number 7; each time it comes, the farthest one is number 8 after it
    assert agenda.dealt_again == 0 + 1 + 5


def test_a_bucket_fills_its_chunks_in_the_order_of_insertion():
    agenda = Agenda(Room(40, 200, 1))
    for number in range(100):
        ladder.insert(agenda.ladder, 3 * WINDOW, -number, number)
    assert agenda.ladder.state[ladder.FREE] == 40 - 4
    for _ in range(3):
        agenda.deal_out()
    chunk, last = ladder.take_coarse(agenda.ladder)
    items, fills = [], []
    while chunk != ladder.NONE:
        first, fill = chunk * ladder.CHUNK, ladder.fill_of(chunk, last)
        items += agenda.ladder.event[first : first + fill]["item"].tolist()
        fills.append(fill)
        chunk = ladder.release(agenda.ladder, chunk)
    assert items == list(range(100))
    assert fills == [ladder.CHUNK] * 3 + [100 - 3 * ladder.CHUNK]


@pytest.mark.parametrize("together", [True, False])
def test_chunks_for_is_enough_wherever_events_are_due(together):
    agenda = Agenda(Room(4096, 1, 1))
    events = 3 * agenda.ladder.bucket.shape[0]
    enough = ladder.chunks_for(agenda.ladder, events)
    for number in range(events):
        ladder.insert(agenda.ladder, 0 if together else number * FINE % HORIZON, 0, number)
    used = 4096 - int(agenda.ladder.state[ladder.FREE])
    assert used <= enough < events
    assert ladder.chunks_for(agenda.ladder, 2) == 2


def test_buckets_that_make_no_ladder_are_refused():
    with pytest.raises(ValueError, match=r"coarse buckets \(12\) must be a power of two"):
        ladder.new_ladder(4, 8, 12, Room(1, 1, 1))
    with pytest.raises(ValueError, match=r"coarse buckets \(2\*\*8 ns\) must be wider than fine ones \(2\*\*8 ns\)"):
        ladder.new_ladder(8, 8, 16, Room(1, 1, 1))
