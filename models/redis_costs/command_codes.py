"""Redis commands as the integers that compiled code is given (see `vocabulary.codes`)."""

from models.redis_costs.commands import Command
from models.vocabulary.codes import code

COMMAND_HINCRBY = code(Command.HINCRBY)
COMMAND_HMGET = code(Command.HMGET)
COMMAND_HSET = code(Command.HSET)
COMMAND_KEYS = code(Command.KEYS)
COMMAND_SET = code(Command.SET)
COMMAND_TIME = code(Command.TIME)
COMMAND_XLEN = code(Command.XLEN)
COMMAND_ZADD = code(Command.ZADD)
COMMAND_ZCARD = code(Command.ZCARD)
COMMAND_ZPOPMIN = code(Command.ZPOPMIN)
COMMAND_ZRANGEBYSCORE = code(Command.ZRANGEBYSCORE)
COMMAND_ZRANK = code(Command.ZRANK)
COMMAND_ZREM = code(Command.ZREM)
COMMAND_ZSCORE = code(Command.ZSCORE)
