"""The requests under way: a slot for each, from its arrival at the load balancer to its last event.

A request keeps its slot also after its client has given up on it. A session's request in the air is only an event.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.sizes import SPARE, Sizes
from sim.batches import Batches, grown_batches, new_batches
from sim.jit import inlined
from sim.memory import CACHE_LINE, zeros

SLOT = np.dtype(
    [
        ("sent_at", "i8"),
        ("stamp", "i8"),  # the pod's clock when the command was made, ns of the epoch; of a change: see below
        ("queued_at", "i8"),  # when it began to wait for a connection; once it has one, when it asked
        ("entity", "i4"),  # and its number of the event key, see `vocabulary.instants`
        ("number", "i4"),
        ("detail", "i4"),  # with the answer: position, or wait in ms
        ("token", "i4"),
        ("pod", "i4"),
        ("node", "i2"),
        ("stage", "i2"),
        ("life", "i2"),  # of its pod, when it came there
        ("op", "i1"),
        ("answer", "i1"),
        ("origin", "i1"),
        ("abandoned", "i1"),
        ("dials", "i1"),  # what it asks the node is to open a connection
        ("node_life", "i1"),  # of the node that its connection is to, which dies once in a run at most
        ("service", "i1"),  # whose program it follows, see `plan.programs`
        ("step", "i1"),  # of that, which it has come to
        ("void", "i1"),  # an event that was to bring it to its node is due, and nothing comes of it
        ("counted", "i1"),  # among those sent: it has reached the load balancer
        ("room", "i4"),  # for what a request through several services needs besides: its parent
    ]
)
"""A request, in one cache line. A change for a replica has where its log ends as `stamp`, and its work in ns as
`queued_at`."""
assert SLOT.itemsize == CACHE_LINE
CLIENT, SOURCE, KUBELET, DIALLER, CONTROL, PRIMARY = range(6)
"""Where a request comes from; for all up to DIALLER, which is a pod that opens connections, a pod waits."""


class Requests(NamedTuple):
    """`slot` SLOT[N] are the requests; queues of them are those of `sim.queues`, linked by `follower` int64[N].

    `free` int64[N] is the stack of slots in no use, of which so many count as `World.total[FREE_SLOTS]` says. `batches`
    hold what nodes have received and work on (see `sim.batches`).
    """

    slot: NDArray[np.void]
    follower: NDArray[np.int64]
    free: NDArray[np.int64]
    batches: Batches


def new(sizes: Sizes, batches: int) -> Requests:
    """Return slots that are all free, and room for all of them in so many *batches*."""
    slots = sizes.slots
    free = np.arange(slots - 1, -1, -1).astype(np.int64)
    return Requests(zeros(slots, SLOT), np.zeros(slots, np.int64), free, new_batches(slots, batches))


@inlined
def short(free: int) -> bool:
    """Tell whether so many free slots could be too few: an event takes one, or one for each replica of a shard."""
    return free < SPARE


def grown(requests: Requests, free: int) -> Requests:
    """Return the same requests with more free slots, on top of the *free* ones."""
    old = requests.slot.size
    slots = max(2 * old, old + SPARE)
    batches = grown_batches(requests.batches, slots - old)
    bigger = Requests(zeros(slots, SLOT), np.zeros(slots, np.int64), np.zeros(slots, np.int64), batches)
    bigger.slot[:old], bigger.follower[:old] = requests.slot, requests.follower
    spare = np.concatenate([np.arange(slots - 1, old - 1, -1), requests.free[:free]])
    bigger.free[: spare.size] = spare
    return bigger
