"""What is due: every event that will happen, in a ladder (see `sim.ladder`)."""

import math

import numpy as np

from models.plan.params import Params
from models.plan.sizes import COARSE_BITS, SPARE, Sizes, coarse_buckets
from models.vocabulary.units import SECOND
from sim import ladder
from sim.jit import inlined
from sim.ladder import Ladder, Room, grown_ladder, new_ladder, room_of

FINE_BITS = (15, 19)
"""The least and the most that the width in bits of the buckets can have in which events are put in order.

Below 2**15 ns opening buckets costs more than short ones spare (`tests/bench/notes.md`): from 800,000 polling people on
the least binds."""
EVENTS_A_REQUEST = 3
"""Where steps are fused: it comes, is at its node, and now and then a timer looks after it. Otherwise it is six."""
TOGETHER = 32
"""Events that share such a bucket while everybody polls, unless FINE_BITS bound its width: fewer are sorted faster,
more are fetched earlier. The width that follows was the fastest of those tried (`tests/bench/notes.md`)."""


def new(p: Params, sizes: Sizes) -> Ladder:
    """Return an empty calendar."""
    return new_ladder(_fine_bits(p), COARSE_BITS, coarse_buckets(p), sizes.calendar)


def _fine_bits(p: Params) -> int:
    """Return the width in bits of the buckets in which events are put in order, so that TOGETHER share one at most."""
    c, rates = p.clients, p.clients.stage_rate
    rps = max(c.sessions * SECOND / c.poll_interval, float(rates.max()) if rates.size else 0.0, 1.0)
    return int(np.clip(math.log2(TOGETHER / EVENTS_A_REQUEST * SECOND / rps), *FINE_BITS))


@inlined
def late_short(calendar: Ladder, in_flight: int, coming: int) -> int:
    """Return for how many late events the heap may lack room, 0 or less: for none.

    Every request in flight is due once at most, whenever that may be, and an event adds a few: a timer, the next of a
    source. So many more are *coming* at once: control says how many requests it breaks off, the loop how many events a
    bucket has that it deals out or opens.
    """
    return calendar.heap.size[0] + in_flight + coming + SPARE - calendar.heap.time.size


@inlined
def chunks_short(calendar: Ladder, in_flight: int, coming: int) -> int:
    """Return how many chunks the ladder may lack for the same events, 0 or less: none."""
    return ladder.chunks_for(calendar, in_flight + coming + SPARE) - calendar.state[ladder.FREE]


@inlined
def run_short(calendar: Ladder) -> int:
    """Return how many events of the next bucket have no room in the run, 0 or less: none."""
    return calendar.state[ladder.RUN_NEEDS] - (calendar.run.size - ladder.PADDING)


@inlined
def short(calendar: Ladder, in_flight: int, coming: int) -> bool:
    """Tell whether the next events could be too many, with so many requests *in_flight* and events *coming* at once."""
    return (
        late_short(calendar, in_flight, coming) > 0
        or chunks_short(calendar, in_flight, coming) > 0
        or run_short(calendar) > 0
    )


def grown(calendar: Ladder, late: int, chunks: int, run: int) -> Ladder:
    """Return the same calendar with room for so many more *late* events, *chunks* and events of a *run*, and twice."""
    held = room_of(calendar)
    return grown_ladder(
        calendar,
        Room(
            chunks=held.chunks + max(chunks, held.chunks) if chunks > 0 else held.chunks,
            run=2 * (held.run + run) if run > 0 else held.run,
            heap=2 * (held.heap + late) if late > 0 else held.heap,
        ),
    )
