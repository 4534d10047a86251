"""How often each of many keys happened within a look-back, exact whenever it is looked at.

The look-back is cut into spans, of which each key has a count; looks are a span apart. So the counts of a look are
those of the whole look-back before it, to the instant, and counting costs two additions, however long that is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined
from sim.memory import zeros


class SlidingWindow(NamedTuple):
    """Counts of K keys in S spans: `span` int32[S, K], their sum `total` int32[K], and `now` int64[1], the row of the
    span that runs."""

    span: NDArray[np.int32]
    total: NDArray[np.int32]
    now: NDArray[np.int64]


def new_sliding_window(keys: int, spans: int) -> SlidingWindow:
    """Return a window of that many spans in which nothing has happened. Memory: 4 (spans + 1) bytes a key."""
    counts = zeros(spans * keys, np.dtype(np.int32)).reshape(spans, keys)
    return SlidingWindow(counts, zeros(keys, np.dtype(np.int32)), np.zeros(1, np.int64))


@inlined
def note(window: SlidingWindow, key: int) -> None:
    """Count that *key* happened in the span that runs."""
    window.span[window.now[0], key] += 1
    window.total[key] += 1


@compiled
def turn(window: SlidingWindow) -> None:
    """Let the next span begin: what happened in the oldest one is forgotten."""
    row = (window.now[0] + 1) % window.span.shape[0]
    window.now[0] = row
    for key in range(window.total.size):
        window.total[key] -= window.span[row, key]
        window.span[row, key] = 0
