"""Members of the enumerations as the integers that compiled code is given.

They are numpy's int64, the one width of integers that compiled functions have (see `sim.whole_program`).
"""

from enum import IntEnum
from typing import cast

import numpy as np

from models.vocabulary.instants import Kind
from models.vocabulary.news import News
from models.vocabulary.operations import FIRST_FAILURE, FIRST_REFUSAL, Answer, Op
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from models.vocabulary.verbs import Verb, Whom


def code(member: IntEnum) -> int:
    """Return a member as that integer."""
    return cast(int, np.int64(member))


OP_CONNECT = code(Op.CONNECT)
OP_ENTER = code(Op.ENTER)
OP_EXPIRE = code(Op.EXPIRE)
OP_JOIN = code(Op.JOIN)
OP_LEAVE = code(Op.LEAVE)
OP_LIVENESS = code(Op.LIVENESS)
OP_READINESS = code(Op.READINESS)
OP_REPLICATE = code(Op.REPLICATE)
OP_RESERVE = code(Op.RESERVE)
OP_STATUS = code(Op.STATUS)
OP_STATUS_READ = code(Op.STATUS_READ)

ANSWER_BLOCKED = code(Answer.BLOCKED)
ANSWER_CAPTCHA = code(Answer.CAPTCHA)
ANSWER_CHALLENGE = code(Answer.CHALLENGE)
ANSWER_CONNECTION = code(Answer.CONNECTION)
ANSWER_EXPIRED = code(Answer.EXPIRED)
ANSWER_GRANTED = code(Answer.GRANTED)
ANSWER_LEFT = code(Answer.LEFT)
ANSWER_MAX_CLIENTS = code(Answer.MAX_CLIENTS)
ANSWER_NOT_CALLED = code(Answer.NOT_CALLED)
ANSWER_OUT_OF_MEMORY = code(Answer.OUT_OF_MEMORY)
ANSWER_PASS_EXPIRED = code(Answer.PASS_EXPIRED)
ANSWER_POOL_TIMEOUT = code(Answer.POOL_TIMEOUT)
ANSWER_READY = code(Answer.READY)
ANSWER_REFUSED = code(Answer.REFUSED)
ANSWER_SOLD = code(Answer.SOLD)
ANSWER_SOLD_OUT = code(Answer.SOLD_OUT)
ANSWER_THROTTLED = code(Answer.THROTTLED)
ANSWER_UNKNOWN = code(Answer.UNKNOWN)
ANSWER_WAITING = code(Answer.WAITING)
ANSWER_FIRST_FAILURE = code(FIRST_FAILURE)
ANSWER_FIRST_REFUSAL = code(FIRST_REFUSAL)

KIND_ARRIVE = code(Kind.ARRIVE)
KIND_BACKEND_ARRIVE = code(Kind.BACKEND_ARRIVE)
KIND_BACKEND_DONE = code(Kind.BACKEND_DONE)
KIND_CLIENT_REPLY = code(Kind.CLIENT_REPLY)
KIND_CLIENT_TIMEOUT = code(Kind.CLIENT_TIMEOUT)
KIND_CPU_DONE = code(Kind.CPU_DONE)
KIND_NODE_ARRIVE = code(Kind.NODE_ARRIVE)
KIND_NODE_WAKE = code(Kind.NODE_WAKE)
KIND_PASS_END = code(Kind.PASS_END)
KIND_POD_REPLY = code(Kind.POD_REPLY)
KIND_POOL_TIMEOUT = code(Kind.POOL_TIMEOUT)
KIND_SOURCE = code(Kind.SOURCE)

NEWS_EMPTY = code(News.EMPTY)
NEWS_PROBED = code(News.PROBED)
NEWS_SOLD_OUT = code(News.SOLD_OUT)

PLACE_CLIENT = code(Place.CLIENT)
PLACE_CONTROL = code(Place.CONTROL)
PLACE_GATEWAY = code(Place.GATEWAY)
PLACE_REDIS = code(Place.REDIS)
PLACE_RESERVATION = code(Place.RESERVATION)

STREAM_BACKEND = code(Stream.BACKEND)
STREAM_BACKOFF = code(Stream.BACKOFF)
STREAM_CHOOSE = code(Stream.CHOOSE)
STREAM_CONVERT = code(Stream.CONVERT)
STREAM_CPU = code(Stream.CPU)
STREAM_EDGE_REFUSED = code(Stream.EDGE_REFUSED)
STREAM_EDGE_SOLVE = code(Stream.EDGE_SOLVE)
STREAM_NET_BACK = code(Stream.NET_BACK)
STREAM_NET_BASE = code(Stream.NET_BASE)
STREAM_NET_OUT = code(Stream.NET_OUT)
STREAM_PING = code(Stream.PING)
STREAM_POLL = code(Stream.POLL)
STREAM_ROUTE = code(Stream.ROUTE)
STREAM_SOURCE_GAP = code(Stream.SOURCE_GAP)
STREAM_SOURCE_OP = code(Stream.SOURCE_OP)
STREAM_SOURCE_TOKEN = code(Stream.SOURCE_TOKEN)
STREAM_THINK = code(Stream.THINK)

VERB_ANSWER = code(Verb.ANSWER)
VERB_CALL = code(Verb.CALL)
VERB_CPU = code(Verb.CPU)
VERB_REDIS = code(Verb.REDIS)

WHOM_PINGED = code(Whom.PINGED)
WHOM_PRIMARY = code(Whom.PRIMARY)
WHOM_READER = code(Whom.READER)
WHOM_ROOM = code(Whom.ROOM)
