"""Random operations on waiting rooms, and what the specification answers to them.

Crowds are thought up so that the rare cases happen: clocks of pods that disagree, time that stands still or jumps,
places that are due, lapsed or silent, tokens nobody knows, tied scores, buckets that are empty, refilling or full.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import Command
from models.vocabulary.operations import Answer, Reply
from models.waiting_room.scripts import TOKEN_DIGITS
from models.waiting_room.specification import WaitingRoom
from real_adapter.room.redis_room import Call, RedisRoom
from real_adapter.room.state import RoomState, state_of

START_MS = 1_760_000_000_000
SKEW_MS = (0, 0, 0, 0, 1, 2, 5, 500)
PACES_MS = (
    (0, 0, 0, 0, 0, 1),
    (0, 0, 0, 1, 1, 3, 20),
    (0, 0, 1, 1, 50, 300),
    (0, 0, 0, 0, 1, 1, 3, 20, 50, 300, 1000, 20_000),
)
"""Steps of the true time; a trial has one of these paces."""
NEAR_MS = 3000
CROWD = 400
"""So many tokens make a crowd, in which most operations are joins."""
TIE_NS = 256
"""Scores of nanoseconds of the epoch are float64, spaced so far apart."""


@dataclass(frozen=True)
class Operation:
    """One operation on room number `event`: the script `name` and the arguments that it takes, the rest zero.

    `order` of a join is "score", "counter" or "time", as the script has it.
    """

    name: str
    event: int
    now_ms: int
    token: int = 0
    order: str = "score"
    score: float = 0.0
    limit: int = 0

    def __str__(self) -> str:
        what = {"open": "", "expire": f" limit {self.limit}"}.get(self.name, f" token {self.token}")
        how = ""
        if self.name == "join":
            how = f" by {self.order}" + (f" {self.score:.0f}" if self.order == "score" else "")
        return f"event {self.event}, {self.now_ms} ms: {self.name}{what}{how}"


@dataclass(frozen=True)
class Settings:
    """What a trial is about: the rules of each event, the tokens that take part, how long a pass is valid.

    `opening` is the chance of each operation to be the opening, while the event is not yet open; `operations` is how
    many a trial takes to show what these rules lead to.
    """

    rules: tuple[RoomRules, ...]
    first_token: int
    tokens: int
    pass_ttl_ms: int
    opening: float
    operations: int

    @property
    def all_tokens(self) -> range:
        """The tokens that take part."""
        return range(self.first_token, self.first_token + self.tokens)


class ModelRoom:
    """One event in the specification, with the passes that it has issued and the commands of the last operation."""

    def __init__(self, rules: RoomRules, pass_ttl_ms: int) -> None:
        self.room = WaitingRoom(rules, self._note, lambda token, answer, deadline_ms: None)
        self.pass_ttl_ms = pass_ttl_ms
        self.passes: dict[int, int] = {}
        self.commands: Counter[str] = Counter()

    def apply(self, operation: Operation, time_us: int | None) -> Reply | None:
        """Run an operation; *time_us* is what the server's clock said, if the operation asked it. None: no reply."""
        self.commands.clear()
        room, o = self.room, operation
        match o.name:
            case "open":
                room.open(o.now_ms)
                return None
            case "join":
                return self._join(o, time_us)
            case "status":
                return room.status(o.token, o.now_ms)
            case "status_keys":
                return room.status_keys(o.token, o.now_ms, 1)
            case "status_read":
                return self._read(o)
            case "enter":
                return self._enter(o)
            case "leave":
                return room.leave(o.token)
            case "expire":
                return room.expire(o.limit, o.now_ms)
            case _:
                raise ValueError(f"there is no operation {o.name!r}")

    @property
    def asked_time(self) -> bool:
        """Whether the last operation asked the server's clock."""
        return self.commands[Command.TIME.name] > 0

    def state(self) -> RoomState:
        """Return all that is known of the event."""
        return state_of(self.room, self.passes)

    def _join(self, o: Operation, time_us: int | None) -> Reply:
        if o.order == "time":
            # a server that wrongly gives no time is found out by `asked_time`, whatever the score here
            return self.room.join(o.token, o.now_ms, float(time_us or 0), asks_time=True)
        return self.room.join(o.token, o.now_ms, o.score if o.order == "score" else None)

    def _read(self, o: Operation) -> Reply:
        """Answer as a primary does, which knows everything (as in `models.redis.reference_scripts`)."""
        known = Answer.WAITING if o.token in self.room.score else Answer.UNKNOWN
        if known == Answer.UNKNOWN and self.room.called.get(o.token, 0) > o.now_ms:
            known = Answer.READY
        return Reply(known, self.room.status_read(o.token, known))

    def _enter(self, o: Operation) -> Reply:
        reply = self.room.enter(o.token, o.now_ms)
        if reply.answer == Answer.GRANTED:
            self.passes[o.token] = o.now_ms + self.pass_ttl_ms
        return reply

    def _note(self, command: Command, elements: int, members: int) -> None:
        self.commands[command.name] += 1


def call_of(operation: Operation, room: RedisRoom) -> Call:
    """Return what *operation* sends to a server that has *room*."""
    calls, o = room.calls, operation
    match o.name:
        case "open":
            return calls.open(o.now_ms, room.rules)
        case "join":
            score = o.score if o.order == "score" else None
            return calls.join(o.token, o.now_ms, score, asks_time=o.order == "time")
        case "status":
            return calls.status(o.token, o.now_ms)
        case "status_keys":
            return calls.status_keys(o.token, o.now_ms, f"{room.keys.stem}*")
        case "status_read":
            return calls.status_read(o.token, o.now_ms)
        case "enter":
            return calls.enter(o.token, o.now_ms)
        case "leave":
            return calls.leave(o.token)
        case "expire":
            return calls.expire(o.limit, o.now_ms)
        case _:
            raise ValueError(f"there is no operation {o.name!r}")


def random_settings(random: Random, events: int) -> Settings:
    """Return rules that make trouble: rates that do not divide, tiny and large buckets, windows and TTLs.

    Every fourth time it is a crowd that has waited long, of whom as many are called at once as may be.
    """
    crowded = random.random() < 0.25
    tokens = CROWD if crowded else random.choice((5, 12, 60, 200))
    first = random.choice((0, 999_990, 10**TOKEN_DIGITS - tokens))
    return Settings(
        tuple(_crowded_rules(random) if crowded else _random_rules(random) for _ in range(events)),
        first,
        tokens,
        pass_ttl_ms=random.choice((1, 600_000)),
        opening=0.002 if crowded else random.choice((0.3, 0.03)),
        operations=1500 if crowded else 500,
    )


def _random_rules(random: Random) -> RoomRules:
    return RoomRules(
        rate_micro_per_ms=random.choice((1, 37, 40_000, 300_007, MICRO, 60 * MICRO)),
        burst_micro=random.choice((MICRO - 1, MICRO, MICRO, 3 * MICRO, 5 * MICRO + 1, 100 * MICRO)),
        call_window=random.choice((1, 2, 8, 70, 1000)),
        call_ttl_ms=random.choice((1, 40, 3000, 60_000, 60_000)),
        heartbeat_ttl_ms=random.choice((5, 80, 2000, 60_000, 60_000)),
    )


def _crowded_rules(random: Random) -> RoomRules:
    return RoomRules(
        rate_micro_per_ms=random.choice((65 * MICRO + 1, 200 * MICRO)),
        burst_micro=100 * MICRO,
        call_window=random.choice((70, 1000)),
        call_ttl_ms=random.choice((40, 60_000)),
        heartbeat_ttl_ms=60_000,
    )


class Crowd:
    """Thinks of one operation after the other, in the light of what the specification does with them in `rooms`.

    `keys` False leaves out `status_keys`, which would hold up other users of a server.
    """

    def __init__(self, random: Random, settings: Settings, keys: bool = True) -> None:
        self.random, self.settings = random, settings
        self.rooms = [ModelRoom(rules, settings.pass_ttl_ms) for rules in settings.rules]
        self.true_ms, self.thought = START_MS, 0
        self.pace_ms = random.choice(PACES_MS)
        waiting = ["join"] * (100 if settings.tokens == CROWD else 30) + ["status"] * 18 + ["status_read"] * 8
        waiting += ["leave"] * 3 + ["expire"] * 3 + ["status_keys"] * (2 if keys else 0)
        self.moods = (waiting + ["enter"] * 24, waiting, ["enter"])
        self.names = self.moods[0]

    def next(self) -> Operation:
        """Return the next operation, which has been done in `rooms`."""
        operation = self._think()
        self.thought += 1
        # the clock of a server is not known here; only its order with the scores of others depends on this one
        self.rooms[operation.event].apply(operation, START_MS * 1000 + self.thought)
        return operation

    def _think(self) -> Operation:
        """Think of an operation. There are times when nobody goes in, and then all want to at the same moment."""
        random = self.random
        if random.random() < 0.03:
            self.names = random.choice(self.moods)
        if len(self.names) > 1 and random.random() < 0.5:
            self.true_ms += random.choice(self.pace_ms)
        now_ms = self.true_ms - random.choice(SKEW_MS)
        event = random.randrange(len(self.rooms))
        room = self.rooms[event].room
        if random.random() < (0.0005 if room.opened else self.settings.opening):
            return Operation("open", event, now_ms)
        name = random.choice(self.names)
        if name == "expire":
            silent_ms = [ms + room.rules.heartbeat_ttl_ms for ms in room.seen.values()]
            now_ms = self._edge(now_ms, random.choice((silent_ms, list(room.called.values()))))
            return Operation(name, event, now_ms, limit=random.choice((1, 3, 5000)))
        token = self._token(name, room)
        if token in room.called:
            now_ms = self._edge(now_ms, [room.called[token]])
        if name == "join":
            order = random.choice(("score", "score", "counter", "time"))
            return Operation(name, event, now_ms, token, order, self._score(now_ms) if order == "score" else 0.0)
        return Operation(name, event, now_ms, token)

    def _edge(self, now_ms: int, edges_ms: Sequence[int]) -> int:
        """Return *now_ms*, or rather often the very millisecond of an edge that is near, or the one beside it."""
        if not edges_ms or self.random.random() < 0.6:
            return now_ms
        edge_ms = self.random.choice(edges_ms) + self.random.choice((-1, 0, 0, 1))
        if abs(edge_ms - self.true_ms) > NEAR_MS:
            return now_ms
        self.true_ms = max(self.true_ms, edge_ms)
        return edge_ms

    def _token(self, name: str, room: WaitingRoom) -> int:
        """Return any token, or more often one whose turn has come, or one that has a place."""
        if room.called and self.random.random() < (0.8 if name == "enter" else 0.2):
            in_time = [token for token, deadline_ms in room.called.items() if deadline_ms > self.true_ms]
            return self.random.choice(in_time if in_time and self.random.random() < 0.8 else list(room.called))
        if room.seen and name != "join" and self.random.random() < 0.5:
            return self.random.choice(list(room.seen))
        return self.settings.first_token + self.random.randrange(self.settings.tokens)

    def _score(self, now_ms: int) -> float:
        """Return a pod's clock as a score: often one of few within a millisecond, so that scores are tied."""
        after_ns = self.random.choice((0, TIE_NS // 2, TIE_NS, self.random.randrange(1_000_000)))
        return float(now_ms * 1_000_000 + after_ns)
