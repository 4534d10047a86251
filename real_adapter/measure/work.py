"""What a request costs, as counts of a profile's costs: so much I/O, so many calls of each command, elements, levels.

A path such as `commands.ZRANK.depth_us` counts levels of skip lists, as `models.redis_costs.commands` bills them. The
counts of a waiting room's operation come from the specification itself (`models.waiting_room.specification`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import Command, log2_1024
from models.waiting_room.script_cost import is_warm
from models.waiting_room.specification import WaitingRoom

IO, IO_WARM = "engine.io_us", "engine.io_warm_us"
GARBAGE = "engine.garbage_us"
SCRIPT, FEED = "script_overhead_us", "engine.replica_feed_us"
ENTERED = "probe.script"
"""What a probe's script and its arguments cost without the calls. Of no use to a profile: the waiting room's scripts
have other arguments, and more to do in Lua between their calls."""
OWN_SCRIPT = {operation: f"scripts.{operation}.overhead_us" for operation in ("join", "enter")}
"""Of the scripts that are measured by themselves; all others are taken for as much as the status, `SCRIPT`."""

MIX = {"status": 0.95, "join": 0.04, "enter": 0.01}
"""The mix of the measured curve (`curves`). The published one states none, so it is taken to have the same."""

Calls = list[tuple[Command, int, int]]
"""Redis calls of one operation: command, elements, members of the structure."""

TERMS = {
    **dict.fromkeys(Command, ("call_us",)),
    **dict.fromkeys((Command.HMGET, Command.HSET), ("call_us", "element_us")),
    **dict.fromkeys((Command.ZADD, Command.ZREM, Command.ZPOPMIN), ("call_us", "element_us", "depth_us")),
    **dict.fromkeys(
        (Command.ZRANK, Command.ZSCORE, Command.ZCOUNT, Command.ZRANGE, Command.ZRANGEBYSCORE), ("call_us", "depth_us")
    ),
    Command.KEYS: ("call_us", "per_key_us", "per_key_doubling_us"),
}
"""The costs of each command that measurement can tell apart: an element that every call has is part of the call."""

WALKS_FROM = 1_000
"""Members of the smaller of the two sets that are measured: levels below are not told apart from the call."""

KEYS_NEAR = 20_000
"""Keys that lie in a processor's own caches and the next (1 and 32 MB on the machines that were measured): up to there
KEYS took as long for each, and from there on longer by as much with each doubling (`models/profiles/curves`)."""

RULES = RoomRules(
    rate_micro_per_ms=MICRO,
    burst_micro=1000 * MICRO,
    call_window=20_000,
    call_ttl_ms=3_600_000,
    heartbeat_ttl_ms=3_600_000,
)
OPENED_MS = 10**14
"""Of the rooms that are measured: open, as they are for most of an on-sale, but of a time that their clocks never come
to, so that nobody is called and a line stays as long as it is said to be."""


@dataclass(frozen=True)
class Work:
    """Counts of costs by dotted path; `repeated` are those of them that meet warm caches (see `script_cost`)."""

    counts: Mapping[str, float]
    repeated: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: "Work") -> "Work":
        """Return both together."""
        return mixed([(1.0, self), (1.0, other)])


def work_of(calls: Iterable[tuple[Command, int, int]]) -> Work:
    """Return the work of *calls* (command, elements, members), which one run makes in this order."""
    counts: dict[str, float] = defaultdict(float)
    repeated: dict[str, float] = defaultdict(float)
    called = set()
    for command, elements, members in calls:
        amounts = {
            "call_us": 1.0,
            "element_us": elements,
            "depth_us": elements * max(log2_1024(members + 1) - log2_1024(WALKS_FROM + 1), 0) / 1024,
            "per_key_us": members,
            "per_key_doubling_us": members * max(log2_1024(members + 1) - log2_1024(KEYS_NEAR + 1), 0) / 1024,
        }
        for term in TERMS[command]:
            if amounts[term]:
                counts[f"commands.{command.name}.{term}"] += amounts[term]
                if command in called or is_warm(int(command), members):
                    repeated[f"commands.{command.name}.{term}"] += amounts[term]
        called.add(command)
    return Work(dict(counts), dict(repeated))


def request_work(operation: str, calls: Iterable[tuple[Command, int, int]]) -> Work:
    """Return the work of one request whose script, that of *operation*, makes *calls*."""
    return Work({IO: 1.0, OWN_SCRIPT.get(operation, SCRIPT): 1.0}) + work_of(calls)


def runs_a_script(work: Work) -> bool:
    """Return whether requests of this work run a script, any script."""
    return bool(work.counts.keys() & {SCRIPT, ENTERED, *OWN_SCRIPT.values()})


def mixed(parts: Iterable[tuple[float, Work]]) -> Work:
    """Return the mean work of a mix: shares and the work of each."""
    counts: dict[str, float] = defaultdict(float)
    repeated: dict[str, float] = defaultdict(float)
    for share, part in parts:
        for found, own in ((counts, part.counts), (repeated, part.repeated)):
            for path, amount in own.items():
                found[path] += share * amount
    return Work(dict(counts), dict(repeated))


class Traced:
    """A waiting room of *members* in the specification, told to run operations for the calls that they make."""

    def __init__(self, members: int, keys: int = 0) -> None:
        self._calls: Calls = []
        self.room = WaitingRoom(RULES, lambda *call: self._calls.append(call), lambda token, answer, deadline_ms: None)
        self.room.open(OPENED_MS)
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
