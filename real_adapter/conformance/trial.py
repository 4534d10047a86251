"""The same operations through the scripts on a server and through the specification: what differs, made small."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import redis

from models.plan.hash_slots import shard_of, slot_of
from models.vocabulary.operations import Reply
from models.vocabulary.script_limits import PASS_GARBAGE_MS
from models.waiting_room.scripts import Script
from real_adapter.conformance.operations import ModelRoom, Operation, Settings, call_of
from real_adapter.room.redis_room import Client, RedisRoom, all_scripts, answer_of, run_pipelined
from real_adapter.room.state import garbage_left_ms

LONGEST_TRIAL_MS = 600_000
"""Of the server's own time, by which the garbage of a trial has aged."""
MOST_REPLAYED = 20_000
"""Operations are left out of a failing sequence until trying has taken so many."""
SHOWN = 40


@dataclass
class Site:
    """Where trials take place: a server or cluster, the prefix of all keys, the scripts, and the tags to use in turn.

    `tags` are the events of one trial, told apart from those of the next by a number. On a single server operations
    are sent many at once; of a cluster each goes its own way, through the client of the cluster.
    """

    client: Client
    prefix: str = ""
    tags: Sequence[str] = ("a", "b", "c")
    scripts: Mapping[str, Script] = field(default_factory=all_scripts)
    numbers: Iterator[int] = field(default_factory=count)
    lease_s: int | None = None
    watch: Callable[[], None] = lambda: None
    """Called before every trial: BadInput ends them."""

    def prepare(self) -> None:
        """Load the scripts, so that they can be called by name in a pipeline."""
        if not isinstance(self.client, redis.RedisCluster):
            for script in self.scripts.values():
                self.client.script_load(script.source)

    def left_over(self) -> list[str]:
        """Tell which keys are still there when all trials have deleted theirs: scripts have written others."""
        keys = self.client.scan_iter(match=f"{self.prefix}*", count=1000)
        return [f"a key that belongs to no event and no token is left: {key!r}" for key in keys]


class Trial:
    """Rooms of their own on the server and in the specification, to be compared; a context manager that cleans up."""

    def __init__(self, site: Site, settings: Settings) -> None:
        site.watch()
        self.site, self.settings = site, settings
        self.clock_us: tuple[int, int] | None = None
        """Between which times by the server's clock the operations judged have run, if that is known."""
        self.outcomes: Counter[str] = Counter()
        """How often each operation had each answer, as text."""
        stem, ttl = f"{site.prefix}{next(site.numbers)}:", settings.pass_ttl_ms
        self.models = [ModelRoom(rules, ttl) for rules in settings.rules]
        self.rooms = [
            RedisRoom(site.client, tag, rules, stem, pass_ttl_ms=ttl, scripts=site.scripts, lease_s=site.lease_s)
            for tag, rules in zip(site.tags, settings.rules, strict=False)
        ]

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *error: object) -> None:
        for room in self.rooms:
            room.delete(self.settings.all_tokens)

    def play(self, operations: Sequence[Operation]) -> tuple[int, str] | None:
        """Run *operations* on both sides; return the number of the first that differs and how, None if none does.

        The states are compared at the end: a difference there counts as one of the last operation.
        """
        for k, (operation, raw) in enumerate(zip(operations, self._send(operations), strict=True)):
            told = self.judge(operation, raw)
            if told is not None:
                return k, told
        told = self.states()
        return None if told is None else (len(operations) - 1, told)

    def states(self) -> str | None:
        """Compare the states of all events; tell what differs, None if nothing does."""
        for k, (room, model) in enumerate(zip(self.rooms, self.models, strict=True)):
            for told in room.state(self.settings.all_tokens).differences(model.state()):
                return f"state of event {k}, on the server (here) and in the specification (there): {told}"
            due = garbage_left_ms(room.client, room.keys, model.passes)
            latest = self.settings.pass_ttl_ms + PASS_GARBAGE_MS
            for token, left in due.items():
                if not latest - LONGEST_TRIAL_MS <= left <= latest:
                    when = "never" if left < 0 else f"in {left} ms"
                    return f"event {k}: the server collects the pass of token {token} {when}, not in {latest} ms"
        return None

    def judge(self, operation: Operation, raw: Any) -> str | None:
        """Run *operation* in the specification; tell what differs from the server's reply *raw*, None if nothing."""
        model = self.models[operation.event]
        if isinstance(raw, Exception):
            return f"the server answers with an error: {raw}"
        call = call_of(operation, self.rooms[operation.event])
        answered = answer_of(call, raw)
        expected = model.apply(operation, answered.time_us)
        if expected is not None:
            self.outcomes[f"{operation.name} {expected.answer.name}"] += 1
        if expected is not None and answered.reply != expected:
            return f"the server answers {_told(answered.reply)}, the specification {_told(expected)}"
        if (answered.time_us is not None) != model.asked_time:
            return f"the server's clock was asked {'here' if answered.time_us else 'in the specification'} only"
        if self.clock_us and answered.time_us and not self.clock_us[0] <= answered.time_us <= self.clock_us[1]:
            return f"the time {answered.time_us} us is not between {self.clock_us[0]} and {self.clock_us[1]} us"
        return None

    def _send(self, operations: Sequence[Operation]) -> list[Any]:
        client = self.site.client
        calls = [call_of(operation, self.rooms[operation.event]) for operation in operations]
        if not isinstance(client, redis.RedisCluster):
            began_us = clock_us(client)
            raws = run_pipelined(client, calls)
            for room in self.rooms:
                room.lease()
            self.clock_us = began_us, clock_us(client)
            return raws
        raws = []
        for operation, call in zip(operations, calls, strict=True):
            try:
                raws.append(self.rooms[operation.event].evaluate(call))
                self.rooms[operation.event].lease()
            except redis.exceptions.ResponseError as error:
                raws.append(error)
        return raws


def shrunk(site: Site, settings: Settings, operations: Sequence[Operation]) -> tuple[list[Operation], str] | None:
    """Return a short sequence out of a failing one that still fails, and how; None if it does not fail again.

    Ever smaller pieces are left out, and left out for good where the rest fails without them.
    """
    left = MOST_REPLAYED

    def failure(tried: Sequence[Operation]) -> tuple[list[Operation], str] | None:
        nonlocal left
        left -= len(tried)
        with Trial(site, settings) as trial:
            found = trial.play(tried)
        return None if found is None else (list(tried[: found[0] + 1]), found[1])

    best = failure(operations)
    size = len(operations) // 2
    while best is not None and size > 0 and left > 0:
        at = len(best[0]) - 1 - size
        while at > -size and left > 0:
            smaller = failure(best[0][: max(at, 0)] + best[0][at + size :])
            best = smaller or best
            at = min(at, len(best[0]) - 1) - size
        size //= 2
    return best


def described(settings: Settings, operations: Sequence[Operation], told: str) -> str:
    """Return a difference as text: the rules of the events that take part, the last operations, what differs."""
    events = sorted({operation.event for operation in operations})
    lines = [f"event {k}: {settings.rules[k]}, pass_ttl_ms={settings.pass_ttl_ms}" for k in events]
    if len(operations) > SHOWN:
        lines.append(f"... {len(operations) - SHOWN} operations before these")
    return "\n".join([*lines, *map(str, operations[-SHOWN:]), told])


def clock_us(client: "redis.Redis") -> int:
    """Return the time by the server's clock, us of the epoch."""
    seconds, micros = client.time()
    return int(seconds) * 1_000_000 + int(micros)


def tag_on(shard: int, shards: int) -> str:
    """Return an event tag whose keys live on *shard* of a cluster that has its slots from `models.plan.hash_slots`."""
    return next(tag for tag in map(str, count()) if shard_of(slot_of(tag), shards) == shard)


def _told(reply: Reply) -> str:
    details = ", ".join(f"{name} {value}" for name, value in reply._asdict().items() if name != "answer" and value)
    return reply.answer.name + (f" ({details})" if details else "")
