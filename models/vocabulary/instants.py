"""When an event of an instant happens, and who it is about: no two who can meet in one kind have the same number.

An event's key is kind << 56 | entity << 26 | number: 128 kinds, 2**30 entities, 2**26 numbers each, in the 63 bits that
a key has without its sign. At one instant events of a kind happen in the order of these ranges. Nodes, pods and pools
count from 0 in the kinds that are only theirs. A scenario is refused before it has more of anything than there are
numbers for (see `scenario.number_checks`): a test compares the table with those bounds.
"""

from enum import auto
from itertools import pairwise
from typing import NamedTuple

from models.vocabulary.numbered import Numbered

KIND_BITS = 7
ENTITY_BITS = 30
NUMBER_BITS = 26
assert KIND_BITS + ENTITY_BITS + NUMBER_BITS == 63
NUMBERS = (1 << NUMBER_BITS) - 1
"""The last number."""
_ALL = 1 << ENTITY_BITS
_MILLION = 1 << 20


class Kind(Numbered):
    """Kinds of data-plane events; events of the same instant happen in this order, then by entity and number."""

    ARRIVE = auto()  # a request reaches the load balancer
    CPU_DONE = auto()  # its pod has parsed it
    POOL_TIMEOUT = auto()  # the first in line for a Redis connection has waited too long
    NODE_ARRIVE = auto()  # its command is readable at the Redis node
    PASS_END = auto()  # a Redis node's pass ends and its replies leave
    BACKEND_ARRIVE = auto()  # a reservation reaches the backend
    BACKEND_DONE = auto()  # a reservation has been worked on
    POD_REPLY = auto()  # the answer is back at the pod
    CLIENT_REPLY = auto()  # the answer is at the client
    CLIENT_TIMEOUT = auto()  # the client stops waiting for it
    SOURCE = auto()  # an open-loop source sends its next request
    NODE_WAKE = auto()  # the engine thread of a Redis node runs again


assert max(Kind) < 1 << KIND_BITS


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
CONTROL = Entities(PROBES.end, PROBES.end + _MILLION)
"""Requests of control's, by event, from the last number down."""
FREE = Entities(CONTROL.end, _ALL)
"""For those who move in. Ranges that are in use stay where they are: some draws are by the number of the entity."""

TABLE = (CLIENTS, FEEDS, CONNECTING, PROBES, CONTROL, FREE)
assert all(row.first < row.end for row in TABLE)
assert all(row.end == following.first for row, following in pairwise(TABLE))
assert (TABLE[0].first, TABLE[-1].end) == (0, _ALL)


def event_key(kind: int, entity: int, number: int) -> int:
    """Return the key that orders events of one instant: by kind, entity, then number."""
    return kind << (ENTITY_BITS + NUMBER_BITS) | entity << NUMBER_BITS | number


def turn(count: int) -> int:
    """Return the number of an event of an entity that has counted so far, from 0 again after the last number.

    Only for what an entity does one after the other, never two at an instant: a node's passes, control's requests for
    an event. Their keys differ in their times.
    """
    return count & NUMBERS
