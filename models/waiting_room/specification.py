"""The waiting room of one event: what each operation answers and which Redis commands it takes.

This is the specification, in plain Python, of the scripts that run in Redis; the reference engine uses it as it is and
the compiled engine (`kernel.py`, `expiry.py`) must agree with it. Everything an operation reads
or writes would be under keys with the event's hash tag:

    line    sorted set  token -> score          people who wait, in order
    called  sorted set  token -> deadline (ms)  people whose turn has come and who have not entered
    seen    sorted set  token -> last sign of life (ms)
    gate    hash        call credit, admission bucket, ticket counter
    pass    string      one per admitted token, with a TTL

Time is an argument (`now_ms`), as it is for the scripts: a gateway passes its own clock. Amounts of permission are
integers (millionths of an admission per millisecond), exact in Redis' float64 as in int64. Tokens are numbers here and
fixed-width strings there, so their order is the same.

A command is billed for a walk through a sorted set of so many members. Two kinds are billed for a set of none: one
that looks for a member which is not there, as the hash table beside the skip list tells Redis without a walk, and a
ZADD of a new member, which goes to the end, past a few nodes that stay in the processor's cache.
"""

import bisect
import copy
from collections.abc import Callable, Collection
from typing import Self

from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import Command
from models.vocabulary.operations import Answer, Reply
from models.vocabulary.script_limits import CALLS_PER_OPERATION

XLENS_PER_KEYS_STATUS = 9
"""What makes ten commands a request with the one KEYS: the talk saw over 100k commands/s at 10k requests/s before the
index. So it is taken from that claim and supports nothing: the ledger works the claim out from what the first version
is known to have called (`ledger/before_index.py`). It is no setting, as `waiting_room.extra_calls` is one: XLEN of
status, more or fewer.
"""
KEYS_PER_EVENT = 5
"""Keys of an event that the first version's KEYS lists beside a stream for every place (assumption)."""
NEVER = -1


Trace = Callable[[Command, int, int], None]
"""Told of every Redis command an operation runs: command, elements it handles, members of the structure."""
Effect = Callable[[int, Answer, int], None]
"""Told of every change a replica would see: token, its new state (WAITING, READY or UNKNOWN), its deadline in ms."""


class WaitingRoom:
    """One event's line, calls and admission bucket. `trace` and `effect` are told what an operation does.

    `passes` are the tokens that have been let in, `lost_passes` those of them whose pass went with a primary.
    """

    def __init__(self, rules: RoomRules, trace: Trace, effect: Effect) -> None:
        self.rules = rules
        self.trace = trace
        self.effect = effect
        self.line: list[tuple[float, int]] = []
        self.score: dict[int, float] = {}
        self.called: dict[int, int] = {}
        self.seen: dict[int, int] = {}
        self.opened = False
        self.call_credit = self.called_at_ms = 0
        self.bucket = self.bucket_at_ms = 0
        self.tickets = 0
        self.call_number: dict[int, int] = {}
        self.calls = self.silent = self.lapsed = self.granted = self.repeated = 0
        self.passes: set[int] = set()
        self.lost_passes: set[int] = set()

    def clone(self) -> Self:
        """Return another room in the same state, for what a replica knows."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list | dict | set):
                setattr(other, name, value.copy())
        return other

    def open(self, now_ms: int) -> None:
        """Begin to call and to admit: the bucket starts full, the call credit empty."""
        self.opened = True
        self.called_at_ms = self.bucket_at_ms = now_ms
        self.bucket = self.rules.burst_micro

    def join(self, token: int, now_ms: int, score: float | None, asks_time: bool = False) -> Reply:
        """Take a place, or be told the one held.

        `score` None: the next number of the event's counter. `asks_time`: the score is the server's, by TIME.
        """
        self._call(now_ms)
        self._run(Command.ZRANK, token, self.score)
        if token in self.score:
            return Reply(Answer.WAITING, self._position(token))
        self.trace(Command.ZSCORE, 1, len(self.called))
        if token in self.called:
            if self.called[token] > now_ms:
                return Reply(Answer.READY)
            self.trace(Command.ZREM, 1, len(self.called))
            del self.called[token]
            self.lapsed += 1
        if asks_time:
            self.trace(Command.TIME, 1, 1)
        if score is None:
            self.trace(Command.HINCRBY, 1, 1)
            self.tickets += 1
            score = float(self.tickets)
        self._run(Command.ZADD, token, self.score)
        bisect.insort(self.line, (score, token))
        self.score[token] = score
        self._heartbeat(token, now_ms)
        self._run(Command.ZRANK, token, self.score)
        self.effect(token, Answer.WAITING, 0)
        return Reply(Answer.WAITING, self._position(token))

    def status(self, token: int, now_ms: int) -> Reply:
        """Tell the place in line, or that the turn has come; a sign of life."""
        self._call(now_ms)
        return self._status(token, now_ms)

    def status_keys(self, token: int, now_ms: int, keys: int) -> Reply:
        """The first version: list all `keys` of the node's keyspace by pattern, then count, then answer as `status`."""
        self.trace(Command.KEYS, 1, keys)
        for _ in range(XLENS_PER_KEYS_STATUS):
            self.trace(Command.XLEN, 1, 1)
        return self.status(token, now_ms)

    def status_read(self, token: int, known: Answer) -> int:
        """Bill a read-only status that found the token in the state `known`; return the position (0 if not in line)."""
        self.trace(Command.ZRANK, 1, len(self.line) if known == Answer.WAITING else 0)
        if known != Answer.WAITING:
            self.trace(Command.ZSCORE, 1, len(self.called))
            return 0
        return self._position(token) if token in self.score else 0

    def enter(self, token: int, now_ms: int) -> Reply:
        """Go in, if the place has been called and the bucket has an admission."""
        self.trace(Command.HMGET, 1, 1)
        self.trace(Command.ZSCORE, 1, len(self.called))
        if self.called.get(token, NEVER) <= now_ms:
            self._run(Command.ZRANK, token, self.score)
            return Reply(Answer.NOT_CALLED if token in self.score else Answer.UNKNOWN)
        level = self._level(now_ms)
        if level < MICRO:
            rate = self.rules.rate_micro_per_ms
            return Reply(Answer.THROTTLED, wait_ms=(MICRO - level + rate - 1) // rate)
        self.bucket = level - MICRO
        self.bucket_at_ms = max(self.bucket_at_ms, now_ms)
        self.granted += 1
        self.repeated += token in self.lost_passes
        self.lost_passes.discard(token)
        self.passes.add(token)
        self.trace(Command.ZREM, 1, len(self.called))
        del self.called[token]
        self.trace(Command.ZREM, 1, len(self.seen))
        del self.seen[token]
        self.trace(Command.HSET, 1, 1)
        self.trace(Command.SET, 1, 1)
        self.effect(token, Answer.UNKNOWN, 0)
        return Reply(Answer.GRANTED)

    def leave(self, token: int) -> Reply:
        """Give up the place, wherever it is."""
        for members in (self.score, self.called, self.seen):
            self._run(Command.ZREM, token, members)
        if token not in self.seen:
            return Reply(Answer.UNKNOWN)
        self._remove(token)
        return Reply(Answer.LEFT)

    def expire(self, limit: int, now_ms: int) -> Reply:
        """Remove at most `limit` places without a sign of life for the TTL, then at most `limit` lapsed calls."""
        self._call(now_ms)
        self.trace(Command.ZRANGEBYSCORE, 1, len(self.seen))
        cutoff = now_ms - self.rules.heartbeat_ttl_ms
        silent = sorted((ms, token) for token, ms in self.seen.items() if ms < cutoff)[:limit]
        if silent:
            for held in (self.seen, self.score, self.called):
                self.trace(Command.ZREM, sum(token in held for _, token in silent), len(held))
        for _, token in silent:
            self._remove(token)
        self.trace(Command.ZRANGEBYSCORE, 1, len(self.called))
        lapsed = sorted((ms, token) for token, ms in self.called.items() if ms <= now_ms)[:limit]
        if lapsed:
            for members in (len(self.called), len(self.seen)):
                self.trace(Command.ZREM, len(lapsed), members)
        for _, token in lapsed:
            self._remove(token)
        self.silent += len(silent)
        self.lapsed += len(lapsed)
        return Reply(Answer.EXPIRED, removed=len(silent) + len(lapsed))

    def _run(self, command: Command, token: int, members: Collection[int]) -> None:
        """Bill a command on one member of a sorted set: a walk only if it is there."""
        self.trace(command, 1, len(members) if token in members else 0)

    def _call(self, now_ms: int) -> None:
        """Call those whose turn it is: in line order, at the rate, never more outstanding than the window."""
        self.trace(Command.HMGET, 1, 1)
        if not self.opened:
            return
        elapsed = max(0, now_ms - self.called_at_ms)
        credit = min(self.rules.burst_micro, self.call_credit + self.rules.rate_micro_per_ms * elapsed)
        if credit < MICRO:
            return
        self.trace(Command.ZCARD, 1, len(self.called))
        count = min(credit // MICRO, self.rules.call_window - len(self.called), CALLS_PER_OPERATION)
        if count <= 0:
            return
        self.trace(Command.ZPOPMIN, min(count, len(self.line)), len(self.line))
        count = min(count, len(self.line))
        if count == 0:
            return
        self.trace(Command.ZADD, count, 0)
        self.trace(Command.HSET, 1, 1)
        deadline = max(now_ms, self.called_at_ms) + self.rules.call_ttl_ms
        for _, token in self.line[:count]:
            del self.score[token]
            self.called[token] = deadline
            self.calls += 1
            self.call_number.setdefault(token, self.calls)
            self.effect(token, Answer.READY, deadline)
        del self.line[:count]
        self.call_credit = credit - count * MICRO
        self.called_at_ms = max(self.called_at_ms, now_ms)

    def _status(self, token: int, now_ms: int) -> Reply:
        self._run(Command.ZRANK, token, self.score)
        if token in self.score:
            self._heartbeat(token, now_ms)
            return Reply(Answer.WAITING, self._position(token))
        self.trace(Command.ZSCORE, 1, len(self.called))
        if self.called.get(token, NEVER) <= now_ms:
            return Reply(Answer.UNKNOWN)
        self._heartbeat(token, now_ms)
        return Reply(Answer.READY)

    def _heartbeat(self, token: int, now_ms: int) -> None:
        self._run(Command.ZADD, token, self.seen)
        self.seen[token] = max(self.seen.get(token, NEVER), now_ms)

    def _level(self, now_ms: int) -> int:
        elapsed = max(0, now_ms - self.bucket_at_ms) if self.opened else 0
        return min(self.rules.burst_micro, self.bucket + self.rules.rate_micro_per_ms * elapsed)

    def _position(self, token: int) -> int:
        return bisect.bisect_left(self.line, (self.score[token], token)) + 1

    def _remove(self, token: int) -> None:
        if token in self.score:
            del self.line[self._position(token) - 1]
            del self.score[token]
        self.called.pop(token, None)
        self.seen.pop(token, None)
        self.effect(token, Answer.UNKNOWN, 0)
