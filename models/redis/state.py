"""What the compiled engine remembers of the Redis nodes: engine threads, their queues, and what replicas know."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.params import Params
from models.plan.sizes import SPARE
from models.vocabulary.operations import Answer
from models.waiting_room.state import Rooms
from sim.batches import LENGTH
from sim.jit import compiled

NODE = np.dtype(
    [
        ("idle_since", "i8"),
        ("passes", "i8"),
        ("effect_ns", "i8"),  # writes of the current pass
        ("wake", "i8"),  # what the last wake-up cost, ns
        ("near", "f8"),  # coldness of the caches, see `models.redis_costs.engine_thread`
        ("far", "f8"),
        ("applied", "i8"),  # changes of its shard's log that this replica has seen, or this primary has sent
        ("ends", "i8"),  # the pass under way, or the last one
        ("collected_at", "i8"),  # when it last collected the garbage of scripts
        ("clients", "i8"),  # connections it has accepted and that stand
        ("credit_full_at", "i8"),  # the buckets of its network, see `redis_costs.network_allowance`
        ("line_full_at", "i8"),
        ("throttled_at", "i8"),  # when replies first left later than their pass ended, ns; -1: never
        ("latest", "i8"),  # by how much at most, ns
        ("held_up", "i8"),  # requests whose replies did
        ("scripts", "i4"),  # run since then
        ("expiring", "i4"),  # expiries on their way to it, or not executed yet
        ("busy", "i1"),
        ("dead", "i1"),
        ("life", "i1"),  # the process in it: another one after it has died
        ("listed", "i1"),  # 1 after an odd number of scripts that list keys
        ("refused", "i1"),  # 1 if it has refused somebody a connection in the current pass
    ]
)
assert NODE.itemsize == 133

CONTROL_SENT, CAME, WENT, TOTALS = range(4)
"""Entries of `RedisState.total`: requests that control has sent; requests and changes that nodes have taken in, and
those that they have let go."""


class RedisState(NamedTuple):
    """Of K nodes: `node` NODE[K], lists of requests `inbox` and `in_pass` int64[K, 3] (see `sim.batches`).

    Where replicas are read, `known` int8[replicas, tokens] is what each of a shard's has heard of a place, an `Answer`,
    and `known_deadline` int64[replicas, tokens] until when a call holds, ms. `total` int64[3].
    """

    node: NDArray[np.void]
    inbox: NDArray[np.int64]
    in_pass: NDArray[np.int64]
    known: NDArray[np.int8]
    known_deadline: NDArray[np.int64]
    total: NDArray[np.int64]


def new(p: Params) -> RedisState:
    """Return nodes that are asleep, with cold caches and the connections of the pods that are warm."""
    node = np.zeros(p.redis.nodes, NODE)
    node["near"] = node["far"] = 1.0
    node["throttled_at"] = -1
    node["clients"] = p.service.warm_pods * p.service.warm_connections
    viewed = max(p.redis.replicas, 1), p.waiting_room.tokens if p.waiting_room.replica_reads else 1
    return RedisState(
        node=node,
        inbox=np.zeros((p.redis.nodes, 3), np.int64),
        in_pass=np.zeros((p.redis.nodes, 3), np.int64),
        known=np.full(viewed, Answer.UNKNOWN, np.int8),
        known_deadline=np.zeros(viewed, np.int64),
        total=np.zeros(TOTALS, np.int64),
    )


@compiled
def changes_short(redis: RedisState, p: Params, rooms: Rooms) -> int:
    """Return by how many changes the log of a shard may be too short, 0 or less: it is not.

    No change is overwritten that a replica has not seen. A request changes the one place that it is about, or it
    removes: at most its limit of silent and of lapsed ones, and not more than there are. Besides it calls. Calls fill
    the window; beyond that, each takes the place of one that was called and is not any more, which is a change that has
    been counted.
    """
    size = rooms.log.shape[1]
    if size == 1:
        return 0
    tokens = rooms.place.size
    callable_ = min(tokens, p.waiting_room.call_windows)
    longest = 0
    for shard in range(p.redis.shards):
        seen = rooms.logged[shard]
        for replica in range(p.redis.replicas):
            seen = min(seen, redis.node[p.redis.shards + shard * p.redis.replicas + replica].applied)
        asks = redis.inbox[shard, LENGTH] + SPARE
        removed = min(2 * p.waiting_room.expire_limit * redis.node[shard].expiring, tokens + asks)
        longest = max(longest, rooms.logged[shard] - seen + callable_ + 2 * (asks + removed))
    return longest - size
