"""Members of the enumerations as the integers that compiled code is given.

They are numpy's, because numba compiles a function anew for every *literal* integer that it is called with.
"""

from enum import IntEnum
from typing import cast

import numpy as np

from models.engine.record import Column
from models.redis_costs.commands import Command
from models.vocabulary.operations import FIRST_FAILURE, OF_THE_ROOM, TOLD_OF_SOLD_OUT, Answer, Kind, News, Op, Stream


def _code(member: IntEnum) -> int:
    return cast(int, np.int64(member))


OP_CONNECT = _code(Op.CONNECT)
OP_ENTER = _code(Op.ENTER)
OP_EXPIRE = _code(Op.EXPIRE)
OP_JOIN = _code(Op.JOIN)
OP_LEAVE = _code(Op.LEAVE)
OP_LIVENESS = _code(Op.LIVENESS)
OP_READINESS = _code(Op.READINESS)
OP_REPLICATE = _code(Op.REPLICATE)
OP_RESERVE = _code(Op.RESERVE)
OP_STATUS = _code(Op.STATUS)
OP_STATUS_READ = _code(Op.STATUS_READ)
IS_OF_THE_ROOM = np.array([op in OF_THE_ROOM for op in Op])
IS_TOLD_OF_SOLD_OUT = np.array([op in TOLD_OF_SOLD_OUT for op in Op])
"""By `Op`, bool[len(Op)]."""

ANSWER_CONNECTION = _code(Answer.CONNECTION)
ANSWER_EXPIRED = _code(Answer.EXPIRED)
ANSWER_GRANTED = _code(Answer.GRANTED)
ANSWER_LEFT = _code(Answer.LEFT)
ANSWER_MAX_CLIENTS = _code(Answer.MAX_CLIENTS)
ANSWER_NOT_CALLED = _code(Answer.NOT_CALLED)
ANSWER_OUT_OF_MEMORY = _code(Answer.OUT_OF_MEMORY)
ANSWER_PASS_EXPIRED = _code(Answer.PASS_EXPIRED)
ANSWER_POOL_TIMEOUT = _code(Answer.POOL_TIMEOUT)
ANSWER_READY = _code(Answer.READY)
ANSWER_REFUSED = _code(Answer.REFUSED)
ANSWER_SOLD = _code(Answer.SOLD)
ANSWER_SOLD_OUT = _code(Answer.SOLD_OUT)
ANSWER_THROTTLED = _code(Answer.THROTTLED)
ANSWER_UNKNOWN = _code(Answer.UNKNOWN)
ANSWER_WAITING = _code(Answer.WAITING)
ANSWER_FIRST_FAILURE = _code(FIRST_FAILURE)

KIND_ARRIVE = _code(Kind.ARRIVE)
KIND_BACKEND_ARRIVE = _code(Kind.BACKEND_ARRIVE)
KIND_BACKEND_DONE = _code(Kind.BACKEND_DONE)
KIND_CLIENT_REPLY = _code(Kind.CLIENT_REPLY)
KIND_CLIENT_TIMEOUT = _code(Kind.CLIENT_TIMEOUT)
KIND_CPU_DONE = _code(Kind.CPU_DONE)
KIND_NODE_ARRIVE = _code(Kind.NODE_ARRIVE)
KIND_NODE_WAKE = _code(Kind.NODE_WAKE)
KIND_PASS_END = _code(Kind.PASS_END)
KIND_POD_REPLY = _code(Kind.POD_REPLY)
KIND_POOL_TIMEOUT = _code(Kind.POOL_TIMEOUT)
KIND_SOURCE = _code(Kind.SOURCE)

NEWS_EMPTY = _code(News.EMPTY)
NEWS_PROBED = _code(News.PROBED)
NEWS_SOLD_OUT = _code(News.SOLD_OUT)

STREAM_BACKEND = _code(Stream.BACKEND)
STREAM_BACKOFF = _code(Stream.BACKOFF)
STREAM_CHOOSE = _code(Stream.CHOOSE)
STREAM_CONVERT = _code(Stream.CONVERT)
STREAM_CPU = _code(Stream.CPU)
STREAM_NET_BACK = _code(Stream.NET_BACK)
STREAM_NET_BASE = _code(Stream.NET_BASE)
STREAM_NET_OUT = _code(Stream.NET_OUT)
STREAM_PING = _code(Stream.PING)
STREAM_POLL = _code(Stream.POLL)
STREAM_ROUTE = _code(Stream.ROUTE)
STREAM_SOURCE_GAP = _code(Stream.SOURCE_GAP)
STREAM_SOURCE_OP = _code(Stream.SOURCE_OP)
STREAM_SOURCE_TOKEN = _code(Stream.SOURCE_TOKEN)
STREAM_THINK = _code(Stream.THINK)

COMMAND_HINCRBY = _code(Command.HINCRBY)
COMMAND_HMGET = _code(Command.HMGET)
COMMAND_HSET = _code(Command.HSET)
COMMAND_KEYS = _code(Command.KEYS)
COMMAND_SET = _code(Command.SET)
COMMAND_TIME = _code(Command.TIME)
COMMAND_XLEN = _code(Command.XLEN)
COMMAND_ZADD = _code(Command.ZADD)
COMMAND_ZCARD = _code(Command.ZCARD)
COMMAND_ZPOPMIN = _code(Command.ZPOPMIN)
COMMAND_ZRANGEBYSCORE = _code(Command.ZRANGEBYSCORE)
COMMAND_ZRANK = _code(Command.ZRANK)
COMMAND_ZREM = _code(Command.ZREM)
COMMAND_ZSCORE = _code(Command.ZSCORE)

COLUMN_ADMISSIONS_REPEATED = _code(Column.ADMISSIONS_REPEATED)
COLUMN_ADMITTED = _code(Column.ADMITTED)
COLUMN_ADMITTED_BY_BUCKET = _code(Column.ADMITTED_BY_BUCKET)
COLUMN_ANSWERED = _code(Column.ANSWERED)
COLUMN_BACKLOG_FULL = _code(Column.BACKLOG_FULL)
COLUMN_CONNECTIONS_REFUSED = _code(Column.CONNECTIONS_REFUSED)
COLUMN_EXPIRED = _code(Column.EXPIRED)
COLUMN_FAILED_CLIENT_TIMEOUT = _code(Column.FAILED_CLIENT_TIMEOUT)
COLUMN_FAILED_CONNECTION = _code(Column.FAILED_CONNECTION)
COLUMN_FAILED_MAX_CLIENTS = _code(Column.FAILED_MAX_CLIENTS)
COLUMN_FAILED_OUT_OF_MEMORY = _code(Column.FAILED_OUT_OF_MEMORY)
COLUMN_FAILED_POOL_TIMEOUT = _code(Column.FAILED_POOL_TIMEOUT)
COLUMN_FAILED_REFUSED = _code(Column.FAILED_REFUSED)
COLUMN_GATEWAY_BUSY_NS = _code(Column.GATEWAY_BUSY_NS)
COLUMN_JOINED = _code(Column.JOINED)
COLUMN_LAPSED = _code(Column.LAPSED)
COLUMN_LEFT = _code(Column.LEFT)
COLUMN_SENT = _code(Column.SENT)
COLUMN_SOLD = _code(Column.SOLD)
COLUMN_THROTTLED = _code(Column.THROTTLED)
