"""A server with waiting rooms of stated sizes on it, and requests of every operation that is measured.

Operations are `ping`, the scripts `status`, `join`, `enter` (of somebody who has not been called) and `status_keys`,
`mix` of the first three, and those of the probes (`real_adapter.measure.probes`). Rooms are open but call nobody, so a
line stays as long as it is said to be; who joins in a window is taken out again after it. The clock that the scripts
are told goes on, so that a sign of life is one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

from models.vocabulary.units import MILLISECOND
from models.waiting_room.scripts import RoomKeys, Script, room_keys
from real_adapter.drive.connections import Connections
from real_adapter.drive.driver import Driven, drive_closed, drive_open
from real_adapter.drive.requests import Argument, Requests, digits, encode_each, encode_rows, joined
from real_adapter.drive.schedules import bursts_ns, poisson_ns
from real_adapter.measure.cases import Case, Load
from real_adapter.measure.probes import CALLS, FIRST_SCORE, SPACING, START_MS, Probe
from real_adapter.measure.work import FEED, IO, MIX, OPENED_MS, RULES, Calls, Traced, Work, mixed, request_work
from real_adapter.room.redis_room import all_scripts, rule_texts

PLAIN_TOKENS = 10_000
"""Probes without a line use so many tokens."""
CLOSED_PER_MS = 50
"""Requests per millisecond of the scripts' clock in a closed loop: about what a saturated server does."""
MOST_CLOSED_RPS = 200_000
AT_ONCE = 5000
TOKEN_WIDTH, TIME_WIDTH = 12, 13

Column = NDArray[np.bytes_]


@dataclass
class Bench:
    """Rooms on one server, driven through `connections` by a driver that runs on `cores` (None: anywhere).

    `tag` of the rooms picks their slot in a cluster.
    """

    client: "redis.Redis"
    connections: Connections
    prefix: str = ""
    cores: Collection[int] | None = None
    tag: str = "bench"
    scripts: dict[str, Script] = field(default_factory=all_scripts)
    probes: dict[tuple[str, int], Probe] = field(default_factory=dict)
    """By name and members: the same script runs on rooms of several sizes."""
    keys_on_server: int = 0
    watch: Callable[[], None] = lambda: None
    """Called while rooms are filled, and for whoever measures to call between windows: BadInput ends it."""
    lease_s: int | None = None
    """What is written expires after so long, should nobody be left to remove it."""
    _shas: dict[tuple[str, int], str] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _now_ms: int = START_MS
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self) -> None:
        for script in self.scripts.values():
            self.client.script_load(script.source)

    def add_room(self, members: int) -> None:
        """Let *members* wait in a room of their own, as joins would have left them."""
        keys = self.keys_of(members)
        self.client.evalsha(self.scripts["open"].sha1, 1, keys.gate, OPENED_MS, *rule_texts(RULES).values())
        self.client.xadd(keys.place, {"token": "0"})
        for first in range(0, members, AT_ONCE):
            self.watch()
            tokens = [f"{token:0{TOKEN_WIDTH}}" for token in range(first, min(members, first + AT_ONCE))]
            pipeline = self.client.pipeline(transaction=False)
            pipeline.zadd(keys.line, {token: float(FIRST_SCORE + SPACING * int(token)) for token in tokens})
            pipeline.zadd(keys.seen, dict.fromkeys(tokens, START_MS - 1))
            pipeline.execute()
            self._lease(members)
        self._lease(members)
        self._sizes[members] = members

    def look_after(self) -> None:
        """See that nobody is harmed and that what was written since expires: between windows, as it costs CPU."""
        self.watch()
        for members in {*self._sizes, *(members for _, members in self.probes)}:
            self._lease(members)

    def _lease(self, members: int) -> None:
        """Let the keys of the room of that size expire, if that is wanted."""
        if self.lease_s is not None:
            keys = self.keys_of(members)
            pipeline = self.client.pipeline(transaction=False)
            for key in (*keys.lasting, _string_of(keys)):
                pipeline.expire(key, self.lease_s)
            pipeline.execute()

    def add_keys(self, members: int, count: int) -> None:
        """Put *count* keys on the server that KEYS lists when it is asked for those of the room of that size.

        As the first version had them, one of the event for everybody: what KEYS finds it has to hand to the script,
        which takes ten times as long as to see that a key is not meant.
        """
        stem = self.keys_of(members).stem
        for first in range(0, count, AT_ONCE):
            names = (f"{stem}user:{k}" for k in range(first, min(count, first + AT_ONCE)))
            self.client.mset(dict.fromkeys(names, b"1"))
        self.keys_on_server = int(self.client.dbsize())

    def add_probes(self, probes: Collection[Probe]) -> None:
        """Load the probes' scripts."""
        for probe in probes:
            self.probes[probe.name, probe.members] = probe
            self._shas[probe.name, probe.members] = str(self.client.script_load(probe.script()))

    def drive(self, case: Case, seed: int, script: Script | None = None) -> Driven:
        """Put the load of *case* on the server once; *script*, if there is one, runs in place of the operation's.

        A request that the server answers with an error raises that, as redis-py would.
        """
        if script is not None:
            own = self.scripts[case.operation]
            self.client.script_load(script.source)
            self.scripts[case.operation] = script
            try:
                return self.drive(case, seed)
            finally:
                self.scripts[case.operation] = own
        load = case.load
        if load.rate_rps is None:
            count = int(MOST_CLOSED_RPS * load.seconds) + load.users
            requests = self.requests(case, np.arange(count, dtype=np.int64) // CLOSED_PER_MS)
            driven = drive_closed(self.connections, requests, load.users, load.seconds, cores=self.cores)
        else:
            due_ns = _due_ns(load, seed)
            requests = self.requests(case, due_ns // MILLISECOND)
            driven = drive_open(self.connections, requests, due_ns, cores=self.cores)
        if driven.errors:
            raise _refused(driven.first_error or "")
        self._take_out(case.members)
        return driven

    def requests(self, case: Case, after_ms: NDArray[np.int64]) -> Requests:
        """Return requests of the case's operation at these times of the scripts' clock, from the last ones on."""
        now_ms = self._now_ms + after_ms
        if now_ms.size:
            self._now_ms = int(now_ms[-1]) + 1
        if case.operation != "mix":
            return self._of(case.operation, case.members, now_ms)
        chosen = self._random.choice(len(MIX), now_ms.size, p=list(MIX.values()))
        parts = [self._of(name, case.members, now_ms[chosen == k]) for k, name in enumerate(MIX)]
        order = np.empty(now_ms.size, np.int64)
        order[np.argsort(chosen, kind="stable")] = np.arange(now_ms.size)
        return joined([part for part in parts if len(part)]).take(order)

    def work(self, case: Case) -> Work:
        """Return what one request of *case* costs, as counts of a profile's costs."""
        fed = Work({FEED: 1.0 * case.replicas} if case.replicas else {})
        return self._work(case) + fed

    def _work(self, case: Case) -> Work:
        name = case.operation
        if name == "ping":
            return Work({IO: 1.0})
        if probe := self.probes.get((name, case.members)):
            return probe.work()
        traced = Traced(case.members, keys=case.keys or self.keys_on_server)
        by_name: Mapping[str, Any] = {"status": traced.status, "join": traced.join, "enter": traced.enter}
        if name == "mix":
            return mixed((share, request_work(part, by_name[part]())) for part, share in MIX.items())
        calls: Calls = traced.status_keys() if name == "status_keys" else by_name[name]()
        return request_work(name, calls)

    def _of(self, name: str, members: int, now_ms: NDArray[np.int64]) -> Requests:
        count = now_ms.size
        if name == "ping":
            return encode_each([("PING",)]).take(np.zeros(count, np.int64))
        if probe := self.probes.get((name, members)):
            return self._of_probe(probe, now_ms)
        script, clock = self.scripts[name], digits(now_ms, TIME_WIDTH)
        head: list[Argument] = ["EVALSHA", script.sha1, len(script.key_names), *self.keys_of(members).of(script)]
        if name == "join":
            first = self._sizes[members]
            self._sizes[members] = first + count
            tokens = digits(np.arange(first, first + count), TOKEN_WIDTH)
            return encode_rows([*head, tokens, clock, "score", np.char.add(clock, b"000000")])
        more: tuple[Argument, ...] = {"enter": ("600000",), "status_keys": (f"{self.keys_of(members).stem}*",)}.get(
            name, ()
        )
        return encode_rows([*head, self._present(members, count), clock, *more])

    def _of_probe(self, probe: Probe, now_ms: NDArray[np.int64]) -> Requests:
        keys = self.keys_of(probe.members)
        names = (keys.line, keys.gate, _string_of(keys), keys.place, keys.seen)
        tokens = [self._present(probe.members or PLAIN_TOKENS, now_ms.size) for _ in range(CALLS)]
        head: list[Argument] = ["EVALSHA", self._shas[probe.name, probe.members], len(names), *names]
        return encode_rows([*head, *tokens, digits(now_ms, TIME_WIDTH)])

    def _present(self, members: int, count: int) -> Column:
        return digits(self._random.integers(0, members, count), TOKEN_WIDTH)

    def _take_out(self, members: int) -> None:
        """Remove who joined, so that the line is as long as it was."""
        last = self._sizes.get(members, members)
        keys = self.keys_of(members)
        for first in range(members, last, AT_ONCE):
            tokens = [f"{token:0{TOKEN_WIDTH}}" for token in range(first, min(last, first + AT_ONCE))]
            pipeline = self.client.pipeline(transaction=False)
            pipeline.zrem(keys.line, *tokens)
            pipeline.zrem(keys.seen, *tokens)
            pipeline.execute()
        if members in self._sizes:
            self._sizes[members] = members

    def keys_of(self, members: int) -> RoomKeys:
        """Return the keys of the room of that size."""
        return room_keys(self.tag, f"{self.prefix}{members}:")


@contextmanager
def bench_on(
    client: "redis.Redis",
    url: str,
    connections: int,
    cores: Collection[int] | None,
    prefix: str = "",
    tag: str = "bench",
) -> Iterator[Bench]:
    """Return a bench on the server at *url*, driven over so many connections."""
    with Connections([url], connections) as lines:
        yield Bench(client, lines, prefix, cores, tag)


def _string_of(keys: RoomKeys) -> str:
    """Return the key of the string that probes write and read."""
    return f"{keys.stem}string"


def _refused(text: str) -> redis.exceptions.ResponseError:
    """Return the error reply *text* as redis-py raises it."""
    code, _, rest = text.partition(" ")
    kinds = {
        "NOPERM": redis.exceptions.NoPermissionError,
        "OOM": redis.exceptions.OutOfMemoryError,
        "READONLY": redis.exceptions.ReadOnlyError,
    }
    return kinds[code](rest) if code in kinds else redis.exceptions.ResponseError(text)


def _due_ns(load: Load, seed: int) -> NDArray[np.int64]:
    rate = float(load.rate_rps or 0.0)
    if load.together == 1:
        return poisson_ns(rate, load.seconds, seed)
    return bursts_ns(load.together, load.together / rate, load.seconds)
