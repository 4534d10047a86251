"""Whether people were called in the order in which they came."""

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled


def order_kept(
    came_at: NDArray[np.int64], call_number: NDArray[np.int32], event: NDArray[np.int64]
) -> tuple[float | None, int | None]:
    """Return Kendall's tau of coming and being called, and the most places anybody lost between the two.

    All arrays have one entry per person: `came_at` in ns, -1 for those who never came; `call_number` within the
    `event`, 0 for those never called, who do not count. tau is that of each event, averaged by people called; None
    where no event called two. Places lost: rank among those called minus rank among them by arrival; None if nobody
    was called.
    """
    counted = (call_number > 0) & (came_at >= 0)
    came_at, call_number, event = came_at[counted], call_number[counted], event[counted]
    if came_at.size == 0:
        return None, None
    weighted, people, lost = 0.0, 0, 0
    for one in np.unique(event).tolist():
        mine = event == one
        by_arrival = np.lexsort((call_number[mine], came_at[mine]))
        called = call_number[mine][by_arrival]
        call_rank = np.empty(called.size, np.int64)
        call_rank[np.argsort(called, kind="stable")] = np.arange(called.size)
        lost = max(lost, int((call_rank - np.arange(called.size)).max()))
        tau = kendall_tau(came_at[mine][by_arrival], call_rank)
        if tau is not None:
            weighted += tau * called.size
            people += called.size
    return (weighted / people if people else None), lost


def kendall_tau(x: NDArray[np.int64], ranks: NDArray[np.int64]) -> float | None:
    """Return Kendall's tau-b of *x*, ascending, and *ranks*, a permutation ascending wherever *x* is equal.

    None where it is undefined: fewer than two values, or all of *x* equal. O(n log n), after Knight, "A computer method
    for calculating Kendall's tau with ungrouped data" (JASA 61, 1966).
    """
    pairs = x.size * (x.size - 1) // 2
    _, equal = np.unique(x, return_counts=True)
    tied = int((equal * (equal - 1) // 2).sum())
    if pairs == tied:
        return None
    discordant = int(inversions(ranks.astype(np.int64)))
    return (pairs - tied - 2 * discordant) / float(np.sqrt(float(pairs - tied) * pairs))


@compiled
def inversions(values: NDArray[np.int64]) -> int:
    """Return how many pairs stand in the wrong order, by a merge sort from the bottom; sorts *values*."""
    spare = np.empty_like(values)
    inversions = 0
    width = 1
    while width < values.size:
        for low in range(0, values.size, 2 * width):
            middle, high = min(low + width, values.size), min(low + 2 * width, values.size)
            left, right = low, middle
            for at in range(low, high):
                if right == high or (left < middle and values[left] <= values[right]):
                    spare[at] = values[left]
                    left += 1
                else:
                    spare[at] = values[right]
                    inversions += middle - left
                    right += 1
        values, spare = spare, values
        width *= 2
    return inversions
