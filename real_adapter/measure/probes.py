"""Scripts that call one Redis command several times, so that its own cost stands out of a request's.

Each probe makes `CALLS` calls with that many arguments; beside them stands the same request whose script does nothing,
so entering it, and parsing and passing the arguments, is not taken for the command. Arguments are tokens that are
present, at random, for walks that are as long and as cold as those of the waiting room. What adds members is measured
by joins: so many at once as a probe adds have a set's hash table grow in every window, and shrink when they are taken
out.
"""

from dataclasses import dataclass

from models.redis_costs.commands import Command
from real_adapter.measure.work import ENTERED, IO, Calls, Work, work_of

CALLS = 8
START_MS = 1_760_000_000_000
FIRST_SCORE = START_MS * 1_000_000 - 10**12
SPACING = 1024
"""Scores of a measured line: token k has FIRST_SCORE + SPACING k ns, wider apart than float64 can tell (256 ns)."""


@dataclass(frozen=True)
class Probe:
    """A script body, and the calls it makes on a sorted set of `members` (0: it has none).

    In the body, L is the line and S the set of signs of life, H a hash, P the stem of strings, X a stream, A[i] the
    i-th token and NOW a rising number.
    """

    name: str
    body: str
    calls: Calls
    members: int = 0

    def script(self) -> str:
        """Return the Lua text."""
        names = "local L, H, P, X, S = unpack(KEYS)\n"
        return f"{names}local A, NOW = ARGV, tonumber(ARGV[{CALLS + 1}])\n{self.body}\nreturn 0\n"

    def work(self) -> Work:
        """Return the work of one request."""
        return Work({IO: 1.0, ENTERED: 1.0}) + work_of(self.calls)


def _each(call: str) -> str:
    return f"for i = 1, {CALLS} do redis.call({call}) end"


def _many(command: Command, elements: int, members: int) -> Calls:
    return [(command, elements, members)] * CALLS


_ALL = ", ".join(f"A[{i}]" for i in range(1, CALLS + 1))
_PAIRS = ", ".join(f"NOW, A[{i}]" for i in range(1, CALLS + 1))
_SEVEN = "'rate', 'burst', 'window', 'call_ttl_ms', 'heartbeat_ttl_ms', 'ticket', 'credit'"
_TO_END = _each("'ZADD', S, 'GT', NOW, A[i]")
_REMOVE = _each("'ZREM', S, A[i]") + "\n"
_BACK = f"for i = 1, {CALLS} do redis.call('ZADD', S, NOW, p[2 * i - 1]) end"


def plain_probes() -> list[Probe]:
    """Return the probes whose cost does not depend on how many wait."""
    c = Command
    return [
        Probe("nothing", "", []),
        Probe("HMGET of 1", _each("'HMGET', H, 'rate'"), _many(c.HMGET, 1, 1)),
        Probe("HMGET of 7", _each(f"'HMGET', H, {_SEVEN}"), _many(c.HMGET, 7, 1)),
        Probe("HSET of 1", _each("'HSET', H, 'credit', NOW + i"), _many(c.HSET, 1, 1)),
        Probe("HSET of 3", _each("'HSET', H, 'credit', NOW + i, 'x', NOW, 'y', i"), _many(c.HSET, 3, 1)),
        Probe("HINCRBY", _each("'HINCRBY', H, 'ticket', 1"), _many(c.HINCRBY, 1, 1)),
        Probe("HGET", _each("'HGET', H, 'rate'"), _many(c.HGET, 1, 1)),
        Probe("TIME", _each("'TIME'"), _many(c.TIME, 1, 1)),
        Probe("ZCARD", _each("'ZCARD', L"), _many(c.ZCARD, 1, 1)),
        Probe("SET", _each("'SET', P .. A[i], NOW, 'PX', 3600000"), _many(c.SET, 1, 1)),
        Probe("GET", _each("'GET', P .. A[i]"), _many(c.GET, 1, 1)),
        Probe("EXISTS", _each("'EXISTS', P .. A[i]"), _many(c.EXISTS, 1, 1)),
        Probe("EXPIRE", _each("'EXPIRE', P .. A[i], 3600"), _many(c.EXPIRE, 1, 1)),
        Probe("INCR", _each("'INCR', P"), _many(c.INCR, 1, 1)),
        Probe("XADD", _each("'XADD', X, 'MAXLEN', '~', 10000, '*', 'token', A[i]"), _many(c.XADD, 1, 1)),
        Probe("XLEN", _each("'XLEN', X"), _many(c.XLEN, 1, 1)),
    ]


def sorted_set_probes(members: int) -> list[Probe]:
    """Return the probes of a sorted set of *members*."""
    c, n = Command, members
    up_to = f"'ZCOUNT', L, '-inf', {FIRST_SCORE} + {SPACING} * tonumber(A[i])"
    silent = "'ZRANGEBYSCORE', S, '-inf', 1, 'LIMIT', 0, 500"
    pop_each = f"for i = 1, {CALLS} do local p = redis.call('ZPOPMIN', S, 1) redis.call('ZADD', S, NOW, p[1]) end"
    again = _many(c.ZADD, 1, 0)
    return [
        Probe("ZSCORE", _each("'ZSCORE', L, A[i]"), _many(c.ZSCORE, 1, n), n),
        Probe("ZRANK", _each("'ZRANK', L, A[i]"), _many(c.ZRANK, 1, n), n),
        Probe("ZCOUNT", _each(up_to), _many(c.ZCOUNT, 1, n), n),
        Probe("ZCOUNT of all", _each("'ZCOUNT', L, '-inf', '+inf'"), _many(c.ZCOUNT, 1, 0), n),
        Probe("ZRANGE", _each("'ZRANGE', L, tonumber(A[i]), tonumber(A[i])"), _many(c.ZRANGE, 1, n), n),
        Probe("ZRANGEBYSCORE", _each(silent), _many(c.ZRANGEBYSCORE, 1, n), n),
        Probe("ZADD of 1 present", _TO_END, _many(c.ZADD, 1, n), n),
        Probe("ZADD of 8 present", f"redis.call('ZADD', S, 'GT', {_PAIRS})", [(c.ZADD, CALLS, n)], n),
        Probe("ZREM of 1 and back", _REMOVE + _TO_END, _many(c.ZREM, 1, n) + again, n),
        Probe("ZREM of 8 and back", f"redis.call('ZREM', S, {_ALL})\n{_TO_END}", [(c.ZREM, CALLS, n), *again], n),
        Probe("ZREM of none", _each("'ZREM', L, A[i] .. 'x'"), _many(c.ZREM, 1, 0), n),
        Probe("ZPOPMIN of 1 and back", pop_each, _many(c.ZPOPMIN, 1, n) + again, n),
        Probe("ZPOPMIN of 8 and back", f"local p = redis.call('ZPOPMIN', S, {CALLS}) {_BACK}",
              [(c.ZPOPMIN, CALLS, n), *again], n),
    ]  # fmt: skip
