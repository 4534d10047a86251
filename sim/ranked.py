"""Sorted lists that know ranks: where one stands, and who is first, for compiled code.

Several lists share one pool of chunks; a list is a directory of chunks in order, each with up to 128 members sorted by
(score, member). The number of members is kept per group of 32 chunks, so a rank is two short sums. Joining at the end
and taking from the front, what a waiting line mostly does, touch one chunk.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled

CHUNK = 128
GROUP = 32


class Ranked(NamedTuple):
    """Arrays of L lists over C chunks, each list of at most D chunks.

    `score` float64[C, 128], `member` int64[C, 128], `fill` int64[C]; `directory` int64[L, D]; `group` int64[L, D / 32]
    members per 32 chunks; `chunks` and `members` int64[L]; `free` int64[C] the stack of unused chunks; `state` int64[2]
    is the number of those and the longest directory so far.
    """

    score: NDArray[np.float64]
    member: NDArray[np.int64]
    fill: NDArray[np.int64]
    directory: NDArray[np.int64]
    group: NDArray[np.int64]
    chunks: NDArray[np.int64]
    members: NDArray[np.int64]
    free: NDArray[np.int64]
    state: NDArray[np.int64]


FREE, LONGEST = range(2)


def new_ranked(lists: int, chunks: int, longest: int) -> Ranked:
    """Return empty lists over a pool of *chunks*, none with more than *longest* of them."""
    return Ranked(
        np.zeros((chunks, CHUNK), np.float64),
        np.zeros((chunks, CHUNK), np.int64),
        np.zeros(chunks, np.int64),
        np.zeros((lists, longest), np.int64),
        np.zeros((lists, longest // GROUP + 1), np.int64),
        np.zeros(lists, np.int64),
        np.zeros(lists, np.int64),
        np.arange(chunks - 1, -1, -1).astype(np.int64),
        np.array([chunks, 0], np.int64),
    )


def grown_ranked(ranked: Ranked, chunks: int, longest: int) -> Ranked:
    """Return the same lists with room for more *chunks* and *longest* directories."""
    bigger = new_ranked(ranked.chunks.size, chunks, longest)
    old = ranked.fill.size
    for name in ("score", "member", "fill"):
        getattr(bigger, name)[:old] = getattr(ranked, name)
    bigger.directory[:, : ranked.directory.shape[1]] = ranked.directory
    bigger.group[:, : ranked.group.shape[1]] = ranked.group
    bigger.chunks[:] = ranked.chunks
    bigger.members[:] = ranked.members
    spare = np.concatenate([np.arange(chunks - 1, old - 1, -1), ranked.free[: ranked.state[FREE]]])
    bigger.free[: spare.size] = spare
    bigger.state[:] = (spare.size, ranked.state[LONGEST])
    return bigger


@compiled
def _chunk_of(ranked: Ranked, which: int, score: float, member: int) -> int:
    """Return the position in the directory of the last chunk that begins at or before (score, member), or 0."""
    low = 0
    high = ranked.chunks[which] - 1
    middle = high  # newcomers belong to the last chunk: look there first
    while low < high:
        chunk = ranked.directory[which, middle]
        first = ranked.score[chunk, 0]
        if first < score or (first == score and ranked.member[chunk, 0] <= member):
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) >> 1
    return low


@compiled
def _place_in(ranked: Ranked, chunk: int, score: float, member: int) -> int:
    """Return how many members of `chunk` come before (score, member)."""
    low = 0
    high = ranked.fill[chunk]
    while low < high:
        middle = (low + high) >> 1
        other = ranked.score[chunk, middle]
        if other < score or (other == score and ranked.member[chunk, middle] < member):
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _regroup(ranked: Ranked, which: int, start: int) -> None:
    """Count the groups anew from the one that holds directory position `start`."""
    chunks = ranked.chunks[which]
    for g in range(start // GROUP, ranked.group.shape[1]):
        total = 0
        for p in range(g * GROUP, min((g + 1) * GROUP, chunks)):
            total += ranked.fill[ranked.directory[which, p]]
        ranked.group[which, g] = total
        if total == 0:
            break


@compiled
def _open_chunk(ranked: Ranked, which: int, position: int) -> int:
    """Put an empty chunk into the directory at `position` and return it."""
    ranked.state[FREE] -= 1
    chunk = ranked.free[ranked.state[FREE]]
    ranked.fill[chunk] = 0
    for p in range(ranked.chunks[which], position, -1):
        ranked.directory[which, p] = ranked.directory[which, p - 1]
    ranked.directory[which, position] = chunk
    ranked.chunks[which] += 1
    ranked.state[LONGEST] = max(ranked.state[LONGEST], ranked.chunks[which])
    return chunk


@compiled
def _split(ranked: Ranked, which: int, position: int) -> None:
    """Move the upper half of a full chunk into a new one behind it."""
    chunk = ranked.directory[which, position]
    fresh = _open_chunk(ranked, which, position + 1)
    half = CHUNK // 2
    for i in range(half, CHUNK):
        ranked.score[fresh, i - half] = ranked.score[chunk, i]
        ranked.member[fresh, i - half] = ranked.member[chunk, i]
    ranked.fill[chunk] = half
    ranked.fill[fresh] = CHUNK - half
    _regroup(ranked, which, position)


@compiled
def insert(ranked: Ranked, which: int, score: float, member: int) -> int:
    """Add a member that is not in the list and return its rank; two free chunks and directory places must be left."""
    if ranked.chunks[which] == 0:
        _open_chunk(ranked, which, 0)
    position = _chunk_of(ranked, which, score, member)
    chunk = ranked.directory[which, position]
    place = _place_in(ranked, chunk, score, member)
    if ranked.fill[chunk] == CHUNK:
        if place == CHUNK and position == ranked.chunks[which] - 1:
            position += 1
            chunk = _open_chunk(ranked, which, position)
            place = 0
        else:
            _split(ranked, which, position)
            if place > CHUNK // 2:
                position += 1
                place -= CHUNK // 2
            chunk = ranked.directory[which, position]
    for i in range(ranked.fill[chunk], place, -1):
        ranked.score[chunk, i] = ranked.score[chunk, i - 1]
        ranked.member[chunk, i] = ranked.member[chunk, i - 1]
    ranked.score[chunk, place] = score
    ranked.member[chunk, place] = member
    ranked.fill[chunk] += 1
    ranked.members[which] += 1
    ranked.group[which, position // GROUP] += 1
    return _before(ranked, which, position) + place


@compiled
def _before(ranked: Ranked, which: int, position: int) -> int:
    """Return how many members stand in chunks before directory position `position`."""
    total = 0
    whole = position // GROUP
    for g in range(whole):
        total += ranked.group[which, g]
    for p in range(whole * GROUP, position):
        total += ranked.fill[ranked.directory[which, p]]
    return total


@compiled
def rank(ranked: Ranked, which: int, score: float, member: int) -> int:
    """Return how many members come before (score, member), which is in the list."""
    position = _chunk_of(ranked, which, score, member)
    return _before(ranked, which, position) + _place_in(ranked, ranked.directory[which, position], score, member)


@compiled
def _drop(ranked: Ranked, which: int, position: int, place: int) -> None:
    chunk = ranked.directory[which, position]
    last = ranked.fill[chunk] - 1
    for i in range(place, last):
        ranked.score[chunk, i] = ranked.score[chunk, i + 1]
        ranked.member[chunk, i] = ranked.member[chunk, i + 1]
    ranked.fill[chunk] = last
    ranked.members[which] -= 1
    ranked.group[which, position // GROUP] -= 1
    if last == 0:
        ranked.free[ranked.state[FREE]] = chunk
        ranked.state[FREE] += 1
        ranked.chunks[which] -= 1
        for p in range(position, ranked.chunks[which]):
            ranked.directory[which, p] = ranked.directory[which, p + 1]
        _regroup(ranked, which, position)


@compiled
def remove(ranked: Ranked, which: int, score: float, member: int) -> None:
    """Take (score, member), which is in the list, out of it."""
    position = _chunk_of(ranked, which, score, member)
    _drop(ranked, which, position, _place_in(ranked, ranked.directory[which, position], score, member))


@compiled
def take_first(ranked: Ranked, which: int) -> int:
    """Take the first member out of a list that is not empty and return it."""
    member = ranked.member[ranked.directory[which, 0], 0]
    _drop(ranked, which, 0, 0)
    return member


@compiled
def refill(ranked: Ranked, which: int, score: NDArray[np.float64], member: NDArray[np.int64]) -> None:
    """Replace a list by these members, sorted by (score, member), 128 to a chunk; there must be as many free chunks."""
    for p in range(ranked.chunks[which]):
        ranked.free[ranked.state[FREE]] = ranked.directory[which, p]
        ranked.state[FREE] += 1
    ranked.chunks[which] = 0
    ranked.members[which] = 0
    ranked.group[which, :] = 0
    for i in range(score.size):
        insert(ranked, which, score[i], member[i])
