"""The Redis commands of the waiting room and what one call of each costs the engine thread.

A script costs its own overhead plus the sum of its calls, and a call is priced by what it does, so a
changed script changes the prediction before anyone measures it:

    call + elements x (element + depth x levels) + members x (per_key + per_key_doubling x doublings)
    levels    = log2((members + 1) / (walks_from + 1)), at least 0
    doublings = log2((members + 1) / (keys_near + 1)), at least 0

*element* is what each field, member or field-value pair costs, *depth* one level of the walk through a
sorted set's skip list, and *per_key* one key visited by KEYS, which walks the whole keyspace; it is zero
for every other command.

A keyspace of *keys_near* keys at most lies in the processor's caches. Of a larger one each doubling puts about the same
share of the keys one step further away (a farther cache, memory, pages that the processor has to look up), and adds
*per_key_doubling* to what every key costs. Where *walks_from* members are not 0, a sorted set no larger lies in the
processor's own caches and its levels cost next to nothing: what they cost is in *element*, or in *call*. The costs are
those of a profile (`models.redis_costs.profile.Profile.cost_table`).
"""

from enum import auto

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.numbered import Numbered
from sim.bits import leading_zeros
from sim.jit import compiled


class Command(Numbered):
    """Redis commands in the order of a cost table's rows; those from GET on serve changed and deployed scripts only."""

    HMGET = auto()
    HSET = auto()
    HINCRBY = auto()
    TIME = auto()
    ZADD = auto()
    ZREM = auto()
    ZRANK = auto()
    ZSCORE = auto()
    ZCARD = auto()
    ZPOPMIN = auto()
    ZRANGEBYSCORE = auto()
    SET = auto()
    KEYS = auto()
    XLEN = auto()
    XADD = auto()
    EXPIRE = auto()
    GET = auto()
    HGET = auto()
    EXISTS = auto()
    INCR = auto()
    ZCOUNT = auto()
    ZRANGE = auto()


CALL, ELEMENT, DEPTH, PER_KEY, PER_KEY_DOUBLING, FREE_LEVELS = COLUMNS = range(6)
"""Columns of a cost table: five costs in ns, and how many levels of a walk, or doublings, are free, in 1/1024."""

WRITES = np.zeros(len(Command), np.int64)
"""1 for the commands that change something, which replicas have to repeat, by `Command`."""
for _command in ("HSET", "HINCRBY", "ZADD", "ZREM", "ZPOPMIN", "SET", "XADD", "EXPIRE", "INCR"):
    WRITES[Command[_command]] = 1


@compiled
def log2_1024(x: int) -> int:
    """Return log2(*x*) in units of 1/1024 for *x* >= 1, in integers, so that both engines agree to the bit.

    Exact at powers of two and linear between them: never above log2, and below it by 0.086 at most (1.44
    times a power of two), plus less than 1/1024 of rounding.
    """
    exponent: int = 63 - leading_zeros(x)
    if exponent > 10:
        return (exponent << 10) + (x >> (exponent - 10)) - 1024
    return (exponent << 10) + (x << (10 - exponent)) - 1024


@compiled
def call_cost_ns(table: NDArray[np.int64], command: int, elements: int, members: int) -> int:
    """Return what one call of *command* costs the engine thread, in ns.

    *table* is a profile's int64[commands, 6] with the columns CALL to FREE_LEVELS.
    *elements* >= 0 counts the fields, members or pairs of the call; *members* >= 0 is the size of the sorted
    set it walks, for KEYS the number of keys in the node's keyspace.
    """
    levels = max(log2_1024(members + 1) - table[command, FREE_LEVELS], 0)
    walk_ns = table[command, DEPTH] * levels >> 10
    element_ns = table[command, ELEMENT] + walk_ns
    key_ns = table[command, PER_KEY] + (table[command, PER_KEY_DOUBLING] * levels >> 10)
    return int(table[command, CALL] + elements * element_ns + key_ns * members)
