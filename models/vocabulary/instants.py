"""When an event of an instant happens, and who it is about: no two who can meet in one kind have the same number.

An event's key is kind << 58 | entity << 30 | number: 2**28 entities, 2**30 numbers each. At one instant events of a
kind happen in the order of these ranges. Nodes, pods and pools count from 0 in the kinds that are only theirs. A
scenario is refused before it has more of anything than there are numbers for: a test compares the table with those
bounds.
"""

from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

NUMBER_BITS = 30
ENTITY_BITS = 28
_ALL = 1 << ENTITY_BITS
_MILLION = 1 << 20


class Kind(IntEnum):
    """Kinds of data-plane events; events of the same instant happen in this order, then by entity and number."""

    ARRIVE = 0  # a request reaches the load balancer
    CPU_DONE = 1  # its pod has parsed it
    POOL_TIMEOUT = 2  # the first in line for a Redis connection has waited too long
    NODE_ARRIVE = 3  # its command is readable at the Redis node
    PASS_END = 4  # a Redis node's pass ends and its replies leave
    BACKEND_ARRIVE = 5  # a reservation reaches the backend
    BACKEND_DONE = 6  # a reservation has been worked on
    POD_REPLY = 7  # the answer is back at the pod
    CLIENT_REPLY = 8  # the answer is at the client
    CLIENT_TIMEOUT = 9  # the client stops waiting for it
    SOURCE = 10  # an open-loop source sends its next request
    NODE_WAKE = 11  # the engine thread of a Redis node runs again


class Entities(NamedTuple):
    """The numbers of a table row: from `first` up to, without it, `end`."""

    first: int
    end: int


CLIENTS = Entities(0, 220 * _MILLION)
"""Sessions; then the requests of an open loop, each its own."""
FEEDS = Entities(CLIENTS.end, CLIENTS.end + _MILLION)
"""The changes for a replica, by node."""
CONNECTING = Entities(FEEDS.end, FEEDS.end + 33 * _MILLION)
"""The opening of connections, by pool."""
PROBES = Entities(CONNECTING.end, CONNECTING.end + _MILLION)
"""The kubelet's probes, two for each pod: readiness and liveness."""
CONTROL = Entities(PROBES.end, _ALL)
"""Requests of control's, by event, from the last number down."""

TABLE = (CLIENTS, FEEDS, CONNECTING, PROBES, CONTROL)
assert all(row.first < row.end for row in TABLE)
assert all(row.end == following.first for row, following in pairwise(TABLE))
assert (TABLE[0].first, TABLE[-1].end) == (0, _ALL)


def event_key(kind: int, entity: int, number: int) -> int:
    """Return the key that orders events of one instant: by kind, entity, then number."""
    return kind << (ENTITY_BITS + NUMBER_BITS) | entity << NUMBER_BITS | number
