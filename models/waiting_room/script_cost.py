"""What one run of a script costs: the commands it calls, and what a changed script calls more or fewer than those.

The waiting room is billed for the calls of its specification (`models.waiting_room.specification`).
`waiting_room.extra_calls` of the scenario says how a script has been changed since: after every run of it, its entries
are added to that run's bill in the order in which they stand, each priced by the sorted set it walks as large as it is
by then. An entry of fewer calls takes back at most as many as the run made, never for more than they cost, and all they
cost if none is left: a script that did not get as far as a heartbeat saves nothing where the heartbeat is dropped.

A call of a command that the run has called before is *repeated*: it finds its code, and often its data, in the caches,
however cold those were when the run began (see `models.redis_costs.engine_thread`). So is a ZADD of a new member, which
is billed for a set of none (see `models.waiting_room.specification`): it touches memory just allocated and the end of
the set, where the last one was added.

The status that only reads, for replicas, is a script of its own: a change of `status` does not change it.
"""

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.commands import Command, call_cost_ns
from sim.jit import compiled

KEYS, ZADD = int(Command.KEYS), int(Command.ZADD)


@compiled
def changed_ns(calls: int, price_ns: int, made: int, paid_ns: int) -> tuple[int, int]:
    """Return how many calls an entry really adds, and what that costs in ns.

    The entry adds *calls* at *price_ns* each, fewer if negative, to a run that so far *made* so many calls of the
    command and *paid_ns* for them.
    """
    if calls > 0:
        return calls, calls * price_ns
    if calls <= -made:
        return -made, -paid_ns
    return calls, max(calls * price_ns, -paid_ns)


@compiled
def repeated_ns(calls: int, cost_ns: int, made: int, repeated: int) -> int:
    """Return by how much an entry of so many *calls*, which cost *cost_ns* together, changes the cost of repeated ones.

    The run had *made* so many calls of the command, of which *repeated* ns were of repeated ones. Fewer calls
    (*cost_ns* is negative) take back repeated ones first.
    """
    if calls <= 0:
        return max(cost_ns, -repeated)
    return cost_ns - (cost_ns // calls if made == 0 else 0)


@compiled
def is_warm(command: int, members: int) -> bool:
    """Tell whether a call meets warm caches though it is the first of its command: a ZADD of a new member."""
    return command == ZADD and members == 0


@compiled
def swing_ns(table: NDArray[np.int64], keys: int, swing: int, odd: int) -> int:
    """Return by how much a run that lists *keys* keys differs from the mean of such runs, ns.

    What KEYS hands to a script is garbage when the script ends, and Lua collects it in some later run: in 27 to 55 % of
    them, on Valkey 9.1 with 1,000 to 20,000 keys. Taken for every second one (assumption): the first of two (*odd* is
    0) takes *swing* / 1024 of the cost of KEYS less, the next one (1) as much more.
    """
    swung = call_cost_ns(table, KEYS, 1, keys) * swing >> 10
    return swung if odd == 1 else -swung
