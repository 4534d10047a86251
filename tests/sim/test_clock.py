"""One clock: SimPy processes and a tiny core, each acting at exact times on what the other has done."""

import pytest
import simpy

from sim import clock
from sim.clock import DRAINED, REACHED, Stop


class Core:
    """Events at given times; those of `watched` stop it right after them. It writes down what it does."""

    def __init__(self, events: list[int], watched: set[int] = frozenset()) -> None:
        self.events = sorted(events)
        self.watched = watched
        self.said: list[tuple[str, int]] = []

    def advance(self, until: int) -> Stop:
        while self.events and self.events[0] < until:
            time = self.events.pop(0)
            self.said.append(("core", time))
            if time in self.watched:
                return Stop(time, "seen")
        return Stop(until, REACHED) if self.events else Stop(self.said[-1][1] if self.said else 0, DRAINED)


def beat(env: simpy.Environment, core: Core, every: int):
    while True:
        yield env.timeout(every)
        core.said.append(("control", env.now))


def nothing(cause: str) -> None:
    raise AssertionError(f"nothing was to be watched, but there came {cause}")


def test_each_acts_at_its_time_and_control_first_at_the_same_instant():
    env, core = simpy.Environment(), Core([3, 10, 15, 20, 29, 35])
    env.process(beat(env, core, 10))
    assert clock.run(env, core, 30, nothing) == Stop(30, REACHED)
    assert core.said == [
        ("core", 3),
        ("control", 10),
        ("core", 10),
        ("core", 15),
        ("control", 20),
        ("core", 20),
        ("core", 29),
    ]
    assert core.events == [35]


def test_everything_control_does_at_an_instant_comes_before_the_core():
    """Also what it does in answer to itself, in several steps of SimPy."""
    env, core = simpy.Environment(), Core([10, 11])

    def chain():
        yield env.timeout(10)
        for _ in range(3):
            yield env.timeout(0)
            core.said.append(("control", env.now))

    env.process(chain())
    clock.run(env, core, 100, nothing)
    assert core.said == [("control", 10)] * 3 + [("core", 10), ("core", 11)]


def test_what_control_adds_to_the_core_happens_at_its_time():
    env, core = simpy.Environment(), Core([90])

    def add():
        yield env.timeout(40)
        core.events = [40, 41, *core.events]

    env.process(add())
    clock.run(env, core, 100, nothing)
    assert core.said == [("core", 40), ("core", 41), ("core", 90)]


def test_a_watched_condition_is_told_at_once_and_starts_processes_at_that_instant():
    env, core = simpy.Environment(), Core([5, 17, 17, 18, 20], watched={17})
    env.process(beat(env, core, 10))
    news = env.event()

    def listener():
        cause = yield news
        core.said.append((cause, env.now))
        yield env.timeout(2)
        core.said.append(("later", env.now))

    def watched(cause: str) -> None:
        assert (cause, env.now) == ("seen", 17)
        if not news.triggered:
            news.succeed(cause)

    env.process(listener())
    clock.run(env, core, 25, watched)
    assert core.said == [
        ("core", 5),
        ("control", 10),
        ("core", 17),
        ("seen", 17),
        ("core", 17),
        ("core", 18),
        ("later", 19),
        ("control", 20),
        ("core", 20),
    ]


def test_it_ends_where_the_core_has_nothing_left():
    env, core = simpy.Environment(), Core([5, 25])
    env.process(beat(env, core, 10))
    assert clock.run(env, core, 100, nothing) == Stop(25, DRAINED)
    assert core.said[-2:] == [("control", 20), ("core", 25)]


@pytest.mark.parametrize("control", [False, True])
def test_events_at_the_end_do_not_happen(control):
    env, core = simpy.Environment(), Core([9, 10, 11])
    if control:
        env.process(beat(env, core, 10))
    assert clock.run(env, core, 10, nothing) == Stop(10, REACHED)
    assert core.said == [("core", 9)]


def test_times_beyond_the_exact_range_of_floats_are_exact():
    late = 2**53 + 1
    env, core = simpy.Environment(), Core([late, late + 2])
    env.process(beat(env, core, late + 1))
    clock.run(env, core, late + 10, nothing)
    assert core.said == [("core", late), ("control", late + 1), ("core", late + 2)]
