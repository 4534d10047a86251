"""All that is known of one event, read from a server or from the specification, for comparison."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import redis

from models.plan.room_rules import RoomRules
from models.waiting_room.scripts import RoomKeys
from models.waiting_room.specification import WaitingRoom

NO_KEY = -2
"""What PTTL answers where there is no key."""
RULE_FIELDS = {
    "rate_micro_per_ms": "rate",
    "burst_micro": "burst",
    "call_window": "window",
    "call_ttl_ms": "call_ttl_ms",
    "heartbeat_ttl_ms": "heartbeat_ttl_ms",
}
"""The rules and their fields of the gate, in the order in which the script `open` takes them."""


@dataclass(frozen=True)
class RoomState:
    """The line as (score, token) in order; deadlines, signs of life and passes by token in ms; the gate's numbers.

    `passes` holds the deadline of every pass issued.
    """

    line: tuple[tuple[float, int], ...]
    called: Mapping[int, int]
    seen: Mapping[int, int]
    opened: bool
    call_credit: int
    called_at_ms: int
    bucket: int
    bucket_at_ms: int
    tickets: int
    rules: RoomRules
    passes: Mapping[int, int]

    def differences(self, other: "RoomState") -> Iterator[str]:
        """Tell what differs in *other*, one line for each part of the state."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine != theirs:
                yield f"{field.name}: {_without(mine, theirs)} here, {_without(theirs, mine)} there"


def state_of(room: WaitingRoom, passes: Mapping[int, int]) -> RoomState:
    """Return the state of a room of the specification; *passes* are the deadlines of those issued, in ms."""
    return RoomState(
        tuple(room.line),
        dict(room.called),
        dict(room.seen),
        room.opened,
        room.call_credit,
        room.called_at_ms,
        room.bucket,
        room.bucket_at_ms,
        room.tickets,
        room.rules,
        dict(passes),
    )


def read_state(client: "redis.Redis | redis.RedisCluster", keys: RoomKeys, tokens: Iterable[int]) -> RoomState:
    """Return the state of the event with these *keys*, which has rules. Passes are looked for of these *tokens*."""
    gate = {name.decode(): int(text) for name, text in _answer(client.hgetall(keys.gate)).items()}
    return RoomState(
        tuple((score, int(token)) for token, score in _members(client, keys.line)),
        {int(token): int(ms) for token, ms in _members(client, keys.called)},
        {int(token): int(ms) for token, ms in _members(client, keys.seen)},
        bool(gate.get("opened", 0)),
        gate.get("credit", 0),
        gate.get("called_at_ms", 0),
        gate.get("bucket", 0),
        gate.get("bucket_at_ms", 0),
        gate.get("ticket", 0),
        RoomRules(**{name: gate[field] for name, field in RULE_FIELDS.items()}),
        _passes(client, keys, tokens),
    )


def garbage_left_ms(
    client: "redis.Redis | redis.RedisCluster", keys: RoomKeys, tokens: Iterable[int]
) -> dict[int, int]:
    """Return in how many ms the server will collect the pass of each of *tokens* that has one; -1: never."""
    left = {token: int(_answer(client.pttl(keys.passes(token)))) for token in tokens}
    return {token: ms for token, ms in left.items() if ms != NO_KEY}


def _passes(client: "redis.Redis | redis.RedisCluster", keys: RoomKeys, tokens: Iterable[int]) -> dict[int, int]:
    """Return the deadline in ms of every pass on the server, by token."""
    names = {token: keys.passes(token) for token in tokens}
    held = _answer(client.mget(names.values())) if names else []
    return {token: int(deadline) for token, deadline in zip(names, held, strict=True) if deadline is not None}


def _without(part: Any, other: Any) -> Any:
    """Leave out what a mapping or the line has in common with the other, to be readable."""
    if isinstance(part, dict):
        return dict(part.items() - other.items())
    if isinstance(part, tuple):
        return [place for place in part if place not in other] or list(part)  # only the order differs
    return part


def _members(client: "redis.Redis | redis.RedisCluster", key: str) -> list[tuple[bytes, float]]:
    return cast(list[tuple[bytes, float]], client.zrange(key, 0, -1, withscores=True))


def _answer(answer: Any) -> Any:
    """Return a reply as it is: the client's types allow for an awaitable, which these clients never give."""
    return answer
