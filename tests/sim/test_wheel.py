"""The timing wheel against a list of timers: each comes out in its bucket, once, however far ahead it was set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import wheel

TICK_BITS, BUCKETS, CHUNKS = 4, 8, 40
STEP = st.one_of(
    st.just("turn"),
    st.just("turn"),
    st.just("grow"),
    st.tuples(st.integers(0, 15) | st.integers(0, 700), st.integers(1, 70)),
)


class Timers:
    """A wheel as its user handles it: what comes early, from beyond the horizon, is put back."""

    def __init__(self) -> None:
        self.wheel = wheel.new_wheel(TICK_BITS, BUCKETS, CHUNKS)
        self.waiting: set[tuple[int, int, int]] = set()
        self.made = self.put_back = 0

    def add(self, time: int) -> None:
        self.made += 1
        timer = (time, -self.made, self.made)
        wheel.insert(self.wheel, *timer)
        self.waiting.add(timer)

    def turn(self) -> None:
        """Empty the next bucket: whatever is due in it must be there."""
        head, size = wheel.next_bucket(self.wheel), 0
        while head != wheel.NONE:
            size += wheel.fill_of(head)
            head = wheel.follower(self.wheel, head)
        head = wheel.take_bucket(self.wheel)
        end = wheel.emptied_until(self.wheel)
        due = set()
        taken = 0
        while head != wheel.NONE:
            at = wheel.chunk_of(head)
            for event in self.wheel.event[at : at + wheel.fill_of(head)].tolist():
                taken += 1
                if event[0] < end:
                    due.add(event)
                else:
                    self.put_back += 1
                    wheel.insert(self.wheel, *event)
            head = wheel.release(self.wheel, head)
        assert taken == size
        assert due == {timer for timer in self.waiting if timer[0] < end}
        self.waiting -= due

    def grow(self) -> None:
        self.wheel = wheel.grown_wheel(self.wheel, self.wheel.next.size + 3)

    def run_out(self) -> None:
        while self.waiting:
            self.turn()
        chunks = self.wheel.next.size
        assert self.wheel.state[wheel.FREE] == chunks
        assert sorted(self.wheel.free.tolist()) == list(range(chunks))


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_every_timer_comes_in_its_bucket_and_every_chunk_comes_back(steps):
    timers = Timers()
    for step in steps:
        if step == "turn":
            timers.turn()
        elif step == "grow":
            timers.grow()
        else:
            ahead, count = step
            for i in range(count):
                if timers.wheel.state[wheel.FREE] > 1:
                    timers.add(wheel.emptied_until(timers.wheel) + ahead + i)
    timers.run_out()


def test_a_timer_beyond_the_horizon_is_put_back_once_a_turn_of_the_wheel():
    timers = Timers()
    horizon = BUCKETS << TICK_BITS
    for time in (horizon - 1, horizon, 5 * horizon, 5 * horizon + 1):
        timers.add(time)
    for _ in range(5 * BUCKETS):
        timers.turn()
    assert {timer[0] for timer in timers.waiting} == {5 * horizon, 5 * horizon + 1}
    assert timers.put_back == 0 + 1 + 5 + 5
    timers.run_out()


def test_a_bucket_of_many_chunks_lies_side_by_side():
    """All chunks of a bucket but the newest are full: 100 timers of 31 a chunk take four."""
    timers = Timers()
    for _ in range(100):
        timers.add(3)
    assert timers.wheel.state[wheel.FREE] == CHUNKS - 4
    assert wheel.fill_of(wheel.next_bucket(timers.wheel)) == 100 - 3 * wheel.CHUNK
    timers.run_out()


def test_the_number_of_buckets_must_be_a_power_of_two():
    with pytest.raises(ValueError, match=r"buckets \(12\) must be a power of two"):
        wheel.new_wheel(4, 12, 10)
    assert np.all(wheel.new_wheel(4, 16, 10).head == wheel.NONE)
