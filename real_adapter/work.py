"""What a request costs, as counts of a profile's costs: so much I/O, so many calls of each command, elements, levels.

A path such as `commands.ZRANK.depth_us` counts levels of skip lists, as `models.commands` bills them. The counts of a
waiting room's operation come from the specification itself (`models.waiting_room`).
"""

from collections.abc import Callable, Iterable

from models.commands import Command, log2_1024
from models.waiting_room import MICRO, RoomRules, WaitingRoom

IO, IO_WARM = "engine.io_us", "engine.io_warm_us"
SCRIPT, FEED = "script_overhead_us", "engine.replica_feed_us"

MIX = {"status": 0.95, "join": 0.04, "enter": 0.01}
"""The mix of the measured curve (`curves`). The published one states none, so it is taken to have the same."""

Work = dict[str, float]
Calls = list[tuple[Command, int, int]]
"""Redis calls of one operation: command, elements, members of the structure."""

TERMS = {
    **dict.fromkeys(Command, ("call_us",)),
    **dict.fromkeys((Command.HMGET, Command.HSET), ("call_us", "element_us")),
    **dict.fromkeys((Command.ZADD, Command.ZREM, Command.ZPOPMIN), ("call_us", "element_us", "depth_us")),
    **dict.fromkeys(
        (Command.ZRANK, Command.ZSCORE, Command.ZCOUNT, Command.ZRANGE, Command.ZRANGEBYSCORE), ("call_us", "depth_us")
    ),
    Command.KEYS: ("call_us", "per_key_us"),
}
"""The costs of each command that measurement can tell apart: an element that every call has is part of the call."""

WALKS_FROM = 1_000
"""Members of the smaller of the two sets that are measured: levels below are not told apart from the call."""

RULES = RoomRules(
    rate_micro_per_ms=MICRO,
    burst_micro=1000 * MICRO,
    call_window=20_000,
    call_ttl_ms=3_600_000,
    heartbeat_ttl_ms=3_600_000,
)
"""Of the rooms that are measured: none of them is opened, so that a line stays as long as it is said to be."""


def work_of(calls: Iterable[tuple[Command, int, int]], times: float = 1.0) -> Work:
    """Return the work of *calls* (command, elements, members), *times* over."""
    work: Work = {}
    for command, elements, members in calls:
        amounts = {
            "call_us": 1.0,
            "element_us": elements,
            "depth_us": elements * max(log2_1024(members + 1) - log2_1024(WALKS_FROM + 1), 0) / 1024,
            "per_key_us": members,
        }
        for term in TERMS[command]:
            if amounts[term]:
                _add(work, f"commands.{command.name}.{term}", times * amounts[term])
    return work


def request_work(calls: Iterable[tuple[Command, int, int]]) -> Work:
    """Return the work of one request whose script makes *calls*."""
    return {IO: 1.0, SCRIPT: 1.0, **work_of(calls)}


def mixed(parts: Iterable[tuple[float, Work]]) -> Work:
    """Return the mean work of a mix: shares and the work of each."""
    work: Work = {}
    for share, part in parts:
        for path, amount in part.items():
            _add(work, path, share * amount)
    return work


class Traced:
    """A waiting room of *members* in the specification, told to run operations for the calls that they make."""

    def __init__(self, members: int, keys: int = 0) -> None:
        self._calls: Calls = []
        self.room = WaitingRoom(RULES, lambda *call: self._calls.append(call), lambda token, answer, deadline_ms: None)
        for token in range(members):
            self.room.line.append((float(token), token))
            self.room.score[token] = float(token)
            self.room.seen[token] = 0
        self.members, self.keys, self._next = members, keys, members

    def status(self) -> Calls:
        """Return the calls of a status from within the line."""
        return self._traced(lambda: self.room.status(self.members // 2, 1))

    def status_keys(self) -> Calls:
        """Return the calls of the first version's status, on a server of so many keys."""
        return self._traced(lambda: self.room.status_keys(self.members // 2, 1, self.keys))

    def join(self) -> Calls:
        """Return the calls of a new place at the end."""
        self._next += 1
        return self._traced(lambda: self.room.join(self._next, 1, float(self._next)))

    def enter(self) -> Calls:
        """Return the calls of an entry that is not granted, as its place has not been called."""
        return self._traced(lambda: self.room.enter(self.members // 2, 1))

    def _traced(self, operation: Callable[[], object]) -> Calls:
        self._calls.clear()
        operation()
        return self._calls.copy()


def _add(work: Work, path: str, amount: float) -> None:
    work[path] = work.get(path, 0.0) + amount
