"""What a client can ask for, and what it can be told."""

from enum import auto
from typing import NamedTuple

from models.vocabulary.numbered import Numbered


class Op(Numbered):
    """The operations. The first five are endpoints a client calls; EXPIRE comes from the control side, REPLICATE from
    a primary to its replica, STATUS_READ is a status poll that a replica may answer. READINESS and LIVENESS are the
    kubelet's probes, CONNECT a pod that opens a connection."""

    JOIN = auto()
    STATUS = auto()
    ENTER = auto()
    LEAVE = auto()
    RESERVE = auto()
    STATUS_READ = auto()
    EXPIRE = auto()
    REPLICATE = auto()
    READINESS = auto()
    LIVENESS = auto()
    CONNECT = auto()


OPS = len(Op)
ENDPOINTS = tuple(op.name.lower() for op in Op if op <= Op.RESERVE)
"""Names of the endpoints by `Op`; a STATUS_READ counts as a status."""


class Answer(Numbered):
    """What comes back. Everything up to EXPIRED is an answer; failures follow, and what the edge refuses with."""

    WAITING = auto()
    READY = auto()
    UNKNOWN = auto()
    GRANTED = auto()
    THROTTLED = auto()
    NOT_CALLED = auto()
    LEFT = auto()
    SOLD = auto()
    SOLD_OUT = auto()
    PASS_EXPIRED = auto()
    EXPIRED = auto()
    POOL_TIMEOUT = auto()
    REFUSED = auto()
    CONNECTION = auto()
    MAX_CLIENTS = auto()  # the node accepts no further connection
    OUT_OF_MEMORY = auto()  # the node has no memory for another place
    BLOCKED = auto()
    CAPTCHA = auto()
    CHALLENGE = auto()


FIRST_FAILURE = Answer.POOL_TIMEOUT
FIRST_REFUSAL = Answer.BLOCKED
"""From this one on no pod has seen the request."""


class Reply(NamedTuple):
    """An answer; `position` (from 1) with WAITING, `wait_ms` with THROTTLED, `removed` with EXPIRED, else 0."""

    answer: Answer
    position: int = 0
    wait_ms: int = 0
    removed: int = 0
