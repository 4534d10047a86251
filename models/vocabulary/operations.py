"""What a client can ask for, and what it can be told."""

from enum import IntEnum
from typing import NamedTuple


class Op(IntEnum):
    """The operations. The first five are endpoints a client calls; EXPIRE comes from the control side, REPLICATE from
    a primary to its replica, STATUS_READ is a status poll that a replica may answer. READINESS and LIVENESS are the
    kubelet's probes, CONNECT a pod that opens a connection."""

    JOIN = 0
    STATUS = 1
    ENTER = 2
    LEAVE = 3
    RESERVE = 4
    STATUS_READ = 5
    EXPIRE = 6
    REPLICATE = 7
    READINESS = 8
    LIVENESS = 9
    CONNECT = 10


OPS = len(Op)
OF_THE_ROOM = frozenset({Op.JOIN, Op.STATUS, Op.ENTER, Op.LEAVE, Op.STATUS_READ})
"""What a pod asks a Redis node for a client."""
TOLD_OF_SOLD_OUT = OF_THE_ROOM - {Op.LEAVE}
"""What a pod that knows its event to be sold out answers so, without asking: whoever leaves is gone anyway."""
ENDPOINTS = ("join", "status", "enter", "leave", "reserve")
"""Names of the endpoints by `Op`; a STATUS_READ counts as a status."""


class Answer(IntEnum):
    """What comes back. Everything up to EXPIRED is an answer; the rest are failures."""

    WAITING = 0
    READY = 1
    UNKNOWN = 2
    GRANTED = 3
    THROTTLED = 4
    NOT_CALLED = 5
    LEFT = 6
    SOLD = 7
    SOLD_OUT = 8
    PASS_EXPIRED = 9
    EXPIRED = 10
    POOL_TIMEOUT = 11
    REFUSED = 12
    CONNECTION = 13
    MAX_CLIENTS = 14  # the node accepts no further connection
    OUT_OF_MEMORY = 15  # the node has no memory for another place


FIRST_FAILURE = Answer.POOL_TIMEOUT


class Reply(NamedTuple):
    """An answer; `position` (from 1) with WAITING, `wait_ms` with THROTTLED, `removed` with EXPIRED, else 0."""

    answer: Answer
    position: int = 0
    wait_ms: int = 0
    removed: int = 0
