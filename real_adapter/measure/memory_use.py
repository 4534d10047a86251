"""What people in line take of a server's memory, measured on a real one: so much each, and the server itself.

A person in line is a member of two sorted sets, `line` and `seen`. Called, they are in `called` instead of `line`,
which is as large. The sets are filled by ZADD, as `join` leaves them, up a ladder of sizes, and at each the server is
asked for its memory (INFO, MEMORY USAGE). Tables of the sets double when they are full, so what one member takes goes
up and down by some percent from one size to the next: the ladder's rungs are not powers of two apart, a straight line
is fitted through all of them, and its error says how far the steps lead away from it.

What is counted is what the server has allocated (`used_memory`). Its process takes more: what its allocator keeps
unused or cannot use, buffers of clients and replicas, and at a save or a full resynchronisation the pages that change.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import redis

from models.redis_costs.parts import Memory
from models.waiting_room.scripts import RoomKeys, room_keys, token_text
from real_adapter.server.server import LocalServer
from sim.errors import BadInput

CLIENTS = 300_000
LEAST_CLIENTS = 5_000
"""Fewer leave too few rungs above the first one."""
FIRST_RUNG = 1_000
"""Sets of up to 128 members are lists of another kind (zset-max-listpack-entries), and the server's own needs show."""
APART = 1.5
SENT_AT_ONCE = 5_000
START_MS = 1_760_000_000_000
PREFIX = "breakwater:memory:"
LOOK_UP = "for _ = 1, ARGV[2] do redis.call('ZSCORE', KEYS[1], ARGV[1]) end"
LOOKED_UP_AT_ONCE = 50_000
SETTLED_S = 2.0
"""Closed connections give their buffers back within one turn of the event loop."""


class Line(NamedTuple):
    """The straight line fixed + each x count, and its worst error in percent at a count left out of the fit."""

    fixed: float
    each: float
    error_percent: float


def measure_memory(server: LocalServer, clients: int = CLIENTS) -> Memory:
    """Fill a room on *server* with *clients* people and fit what they take; what was written is deleted.

    Nobody else should use the server meanwhile. BadInput for too few *clients*.
    """
    if clients < LEAST_CLIENTS:
        raise BadInput(f"clients: {clients} is not allowed; allowed: {LEAST_CLIENTS:,} or more")
    keys, counts = room_keys("room", PREFIX), ladder(clients)
    try:
        used, index = zip(*(_used_by_line(server, keys, *step) for step in _steps(counts)), strict=True)
    finally:
        with server.client() as client:
            client.unlink(keys.line, keys.seen)
    line = fit_line(counts, used)
    return Memory(
        per_client_bytes=line.each,
        per_index_entry_bytes=fit_line(counts, index).each,
        fixed_bytes=line.fixed,
        error_percent=line.error_percent,
        clients=clients,
    )


def ladder(last: int) -> list[int]:
    """Return counts up to *last*, each 1.5 times the one before it, from about 1,000 on."""
    counts = [last]
    while counts[-1] / APART >= FIRST_RUNG:
        counts.append(round(counts[-1] / APART))
    return counts[::-1]


def fit_line(counts: Sequence[float], sizes: Sequence[float]) -> Line:
    """Return the line of least squared relative error through *sizes* > 0 at *counts*, three or more.

    An error of the largest size does not outweigh all others.
    """
    count, size = np.asarray(counts, np.float64), np.asarray(sizes, np.float64)

    def fitted(chosen: "np.ndarray[Any, np.dtype[np.bool_]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
        rows = np.column_stack([np.ones(count.size), count])[chosen] / size[chosen, None]
        return np.linalg.lstsq(rows, np.ones(rows.shape[0]))[0]

    numbers = np.arange(count.size)
    fixed, each = fitted(numbers >= 0)
    left_out = [fitted(numbers != k) @ (1.0, count[k]) / size[k] - 1 for k in numbers]
    return Line(float(fixed), float(each), 100 * float(np.abs(left_out).max()))


def _steps(counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield what each rung adds, as a first token and the one after the last."""
    yield from zip((0, *counts[:-1]), counts, strict=True)


def _used_by_line(server: LocalServer, keys: RoomKeys, first: int, end: int) -> tuple[int, int]:
    """Add places and return the bytes used by the server, and by the index of the line alone."""
    with server.client() as client:
        for batch in _batches(first, end):
            client.zadd(keys.line, {token_text(token): float(START_MS * 1_000_000 + token) for token in batch})
            client.zadd(keys.seen, {token_text(token): float(START_MS) for token in batch})
        for key in (keys.line, keys.seen):
            _finish_growing(client, key, token_text(first), end)
        index = cast(int, client.memory_usage(keys.line, samples=0))
    return _used(server), index


def _finish_growing(client: "redis.Redis", key: str, token: str, members: int) -> None:
    """Look *token* up as often as there are members: a table that grows moves on with each look-up, as in real use."""
    for first in range(0, members, LOOKED_UP_AT_ONCE):
        client.eval(LOOK_UP, 1, key, token, str(min(LOOKED_UP_AT_ONCE, members - first)))


def _used(server: LocalServer) -> int:
    """Return the least memory used within a moment, when the buffers of the connections before are gone."""
    with server.client() as client:
        least = cast(int, client.info("memory")["used_memory"])
        end = time.monotonic() + SETTLED_S
        while time.monotonic() < end:
            time.sleep(0.02)
            now = cast(int, client.info("memory")["used_memory"])
            if now >= least:
                return least
            least = now
    return least


def _batches(first: int, end: int) -> Iterator[range]:
    for start in range(first, end, SENT_AT_ONCE):
        yield range(start, min(end, start + SENT_AT_ONCE))
