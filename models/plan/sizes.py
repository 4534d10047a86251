"""How long arrays of the compiled engine are at first that grow when needed."""

from typing import NamedTuple

import numpy as np

from models.plan.params import Params
from sim import ranked
from sim.ladder import Room

SPARE = 512
"""Room kept free everywhere for the events between two looks: 16 for each of 32. One takes 10 at most of anything: the
changes of two passes for five replicas each."""


COARSE_BITS = 24
"""Far events lie in buckets of 2**24 ns, 17 ms: 300 in the 5 s between two polls, whose ends the caches hold."""


class Sizes(NamedTuple):
    """Requests under way; what the calendar holds; chunks of the lines, and of the longest line; changes in the log of
    a shard, at least 2."""

    slots: int
    calendar: Room
    chunks: int
    longest: int
    log: int


def usual_sizes(p: Params) -> Sizes:
    """Return sizes that most runs never outgrow."""
    room = p.waiting_room
    return Sizes(
        slots=4096,
        calendar=Room(chunks=4 * coarse_buckets(p) + 16384 + p.clients.sessions // 8, run=4096, heap=16384),
        chunks=room.tokens // (ranked.CHUNK // 2) + 8 * room.events + 64,
        longest=room.largest_event // (ranked.CHUNK // 2) + 64,
        log=1 << 14,
    )


SMALLEST = Sizes(slots=1, calendar=Room(chunks=1, run=1, heap=8), chunks=1, longest=1, log=2)
"""Everything must grow before the first event."""


def coarse_buckets(p: Params) -> int:
    """Return how many buckets reach as far as the timers that everybody has: the poll interval and the timeout."""
    c = p.clients
    far = max(c.timeout, c.poll_interval, c.bot_interval, c.hidden_interval) * 5 // 4 >> COARSE_BITS
    return 1 << int(np.clip(far, 1 << 7, 1 << 15) - 1).bit_length()
