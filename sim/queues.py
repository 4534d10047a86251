"""First-in-first-out queues of numbered items, linked through one array: no capacity, no copying.

`follower[i]` is the item behind item i. A queue is a row (first, last, length) of an int64 array.
"""

import numpy as np
from numpy.typing import NDArray

from sim.jit import inlined

FIRST, LAST, LENGTH = range(3)


@inlined
def put(queue: NDArray[np.int64], which: int, follower: NDArray[np.int64], item: int) -> None:
    """Add an item that is in no queue at the end of queue `which`."""
    if queue[which, LENGTH] == 0:
        queue[which, FIRST] = item
    else:
        follower[queue[which, LAST]] = item
    queue[which, LAST] = item
    queue[which, LENGTH] += 1


@inlined
def take(queue: NDArray[np.int64], which: int, follower: NDArray[np.int64]) -> int:
    """Remove the first item of queue `which`, which is not empty, and return it."""
    item = queue[which, FIRST]
    queue[which, FIRST] = follower[item]
    queue[which, LENGTH] -= 1
    return item
