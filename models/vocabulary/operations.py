"""What a client can ask for, what it can be told, and the kinds of events: the vocabulary of both engines."""

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


class News(IntEnum):
    """What the data plane tells control at the instant it happens."""

    SOLD_OUT = 0  # an event, by number
    PROBED = 1  # a probe of a pod, by number, has come back
    EMPTY = 2  # a pod that is ending has answered its last request


class Told(NamedTuple):
    """One piece of news: of which event or pod, of which probe by its number, and whether that succeeded."""

    what: News
    whose: int
    number: int = 0
    succeeded: bool = True


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


class Stream(IntEnum):
    """Streams of random draws, one per purpose (see `sim.draws`)."""

    ARRIVAL = 0
    BOT = 1
    TABS = 2
    NET_BASE = 3
    NET_OUT = 4
    NET_BACK = 5
    CPU = 6
    POLL = 7
    BACKOFF = 8
    PATIENCE = 9
    LEAVE = 10
    CHOOSE = 11
    CONVERT = 12
    ROUTE = 13
    SKEW = 14
    BACKEND = 15
    SOURCE_GAP = 16
    SOURCE_OP = 17
    SOURCE_TOKEN = 18
    THINK = 19
    TAB_DELAY = 20
    PROFILE = 21
    PING = 22
    LAUNCH = 23
    INTERRUPTION = 24
    TOPOLOGY = 25
    PHASE = 26
    HIDDEN = 27
    TAGS = 28
