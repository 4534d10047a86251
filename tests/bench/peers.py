"""Two textbook models on the primitives of `sim` beside the same in SimPy: events per second of processor time.

An M/M/1 queue, of which the mean time in the system is known, so that both are seen to do the same; and a hundred
thousand timers, each set again when it goes off, of which the number due in a while is known.
"""

import math
import random
import time
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim import heap, ladder
from sim.draws import uniform
from sim.heap import Heap, new_heap
from sim.jit import compiled, inlined
from sim.ladder import CHUNK, Ladder, Room, new_ladder
from sim.views import seen_compiled

SECOND = 1_000_000_000
LOAD = 0.8
"""Utilisation of the queue: at a service rate of 1 per second a customer stays 1 / (1 - 0.8) = 5 s on average."""
TIMERS = 100_000
FINE_BITS, COARSE_BITS, COARSE = 15, 24, 2048
ARRIVAL, DEPARTURE = range(2)


class Measured(NamedTuple):
    """Events of a run, processor seconds, and a figure that theory knows, too."""

    events: int
    cpu_s: float
    figure: float


@inlined
def gap(start: int, entity: int, number: int, mean_ns: float) -> int:
    """Draw an exponential time in ns."""
    return int(-mean_ns * math.log(1.0 - uniform(start, entity, number)))


@compiled
def queue(events: Heap, came: NDArray[np.int64], start: int) -> int:
    """Serve as many customers as *came* holds, and return how long they all stayed together, ns."""
    arrived = served = stayed = 0
    heap.push(events, gap(start, 0, 0, SECOND / LOAD), ARRIVAL, 0)
    while served < came.size:
        now, kind = events.time[0], events.key[0]
        heap.drop_first(events)
        if kind == ARRIVAL:
            came[arrived] = now
            arrived += 1
            if arrived == served + 1:
                heap.push(events, now + gap(start, 1, served, SECOND), DEPARTURE, 0)
            if arrived < came.size:
                heap.push(events, now + gap(start, 0, arrived, SECOND / LOAD), ARRIVAL, 0)
        else:
            stayed += now - came[served]
            served += 1
            if served < arrived:
                heap.push(events, now + gap(start, 1, served, SECOND), DEPARTURE, 0)
    return stayed


@compiled
def timers(due: Ladder, count: int, events: int, start: int) -> int:
    """Set *count* timers of a second on average, let so many *events* happen, and return when the last one did, ns."""
    now = 0
    for timer in range(count):
        ladder.insert(due, gap(start, timer, 0, SECOND), timer, 1)
    for _ in range(events):
        while not ladder.has_first(due):
            if ladder.must_deal(due):
                deal(due)
            elif not ladder.open_next(due):
                return -1
        if ladder.first_is_late(due):
            now, timer, number = due.heap.time[0], due.heap.key[0], due.heap.item[0]
            heap.drop_first(due.heap)
        else:
            event = due.run[due.state[ladder.AT]]
            now, timer, number = event.time, event.key, event.item
            due.state[ladder.AT] += 1
        ladder.insert(due, now + gap(start, timer, number, SECOND), timer, number + 1)
    return now


@compiled
def deal(due: Ladder) -> None:
    """Deal the next coarse bucket out into the fine ones."""
    chunk, last = ladder.take_coarse(due)
    while chunk != ladder.NONE:
        for at in range(chunk * CHUNK, chunk * CHUNK + ladder.fill_of(chunk, last)):
            event = due.event[at]
            ladder.insert(due, event.time, event.key, event.item)
        chunk = ladder.release(due, chunk)


def our_queue(customers: int) -> Measured:
    """Run the queue on our heap; the figure is the mean time in the system, s."""
    came, events, start = np.zeros(customers, np.int64), seen_compiled(new_heap(8)), np.uint64(1)
    cpu_s, stayed = timed(lambda: queue(events, came, start))
    return Measured(2 * customers, cpu_s, stayed / customers / SECOND)


def simpy_queue(customers: int) -> Measured:
    """Run the queue as SimPy's documentation would; the figure is the mean time in the system, s."""
    env, draw, stayed = simpy.Environment(), random.Random(1), [0.0]
    server = simpy.Resource(env)

    def customer() -> Generator[Any, Any, None]:
        came = env.now
        with server.request() as turn:
            yield turn
            yield env.timeout(draw.expovariate(1.0))
        stayed[0] += env.now - came

    def source() -> Generator[Any, Any, None]:
        for _ in range(customers):
            yield env.timeout(draw.expovariate(LOAD))
            env.process(customer())

    env.process(source())
    cpu_s, _ = timed(env.run)
    return Measured(2 * customers, cpu_s, stayed[0] / customers)


def our_timers(events: int) -> Measured:
    """Run the timers on our ladder; the figure is how many go off per timer and second."""
    room = Room(chunks=TIMERS, run=1 << 14, heap=1 << 14)
    due, start = seen_compiled(new_ladder(FINE_BITS, COARSE_BITS, COARSE, room)), np.uint64(1)
    cpu_s, now = timed(lambda: timers(due, TIMERS, events, start))
    if now < 0:
        raise SystemExit("the ladder of the timers has no room for a bucket")
    return Measured(events, cpu_s, events / TIMERS / (now / SECOND))


def simpy_timers(events: int) -> Measured:
    """Run the timers as processes; the figure is how many go off per timer and second."""
    env, draw, fired = simpy.Environment(), random.Random(1), [0]
    enough = env.event()

    def timer() -> Generator[Any, Any, None]:
        while True:
            yield env.timeout(draw.expovariate(1.0))
            fired[0] += 1
            if fired[0] == events:
                enough.succeed()

    for _ in range(TIMERS):
        env.process(timer())
    cpu_s, _ = timed(lambda: env.run(enough))
    return Measured(events, cpu_s, events / TIMERS / env.now)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds that a call takes, and what it returns."""
    began = time.process_time()
    returned = run()
    return time.process_time() - began, returned


def peers(quick: bool) -> list[str]:
    """Measure both models on both, one after the other in this process, and return the rows of a table."""
    for compile_first in (our_queue, our_timers):
        compile_first(1000)
    few, many = (10_000, 1_000_000) if quick else (100_000, 10_000_000)
    rows = [
        "| model | `sim`: million events per second | SimPy | ratio | found by each | in theory |",
        "|---|---|---|---|---|---|",
    ]
    for name, ours, theirs, unit, truth in (
        ("M/M/1 at 80 %", our_queue, simpy_queue, "s in the system", f"{1 / (1 - LOAD):.0f}"),
        (f"{TIMERS:,} timers of 1 s", our_timers, simpy_timers, "per timer and second", "1"),
    ):
        slow, fast = theirs(few if ours is our_queue else 10 * few), ours(many)
        a, b = (each.events / each.cpu_s / 1e6 for each in (fast, slow))
        rows.append(f"| {name} | {a:.1f} | {b:.2f} | **{a / b:.0f}x** "
                    f"| {fast.figure:.2f}, {slow.figure:.2f} {unit} | {truth} |")  # fmt: skip
        print(f"  {name:24} {a:6.1f} and {b:5.2f} million events per second", flush=True)
    return rows
