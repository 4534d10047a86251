"""The compiled waiting rooms against the specification: the same operations through both, compared after every one."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.plan.events import events_of
from models.plan.extra_calls import extra_table
from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import FREE_LEVELS, Command, call_cost_ns
from models.redis_costs.costs import redis_costs
from models.redis_costs.profile import load_profile
from models.scenario import ExtraCall
from models.vocabulary.operations import FIRST_FAILURE, Answer, Op, Reply
from models.waiting_room import kernel as core
from models.waiting_room import state as rooms
from models.waiting_room.expiry import expire
from models.waiting_room.reference_cost import Bill
from models.waiting_room.specification import WaitingRoom
from sim.ranked import new_ranked
from sim.views import View
from tests.strategies.platform import extra_calls

LOG = 1 << 16
COST_NS = np.random.default_rng(7).integers(1, 1 << 30, (len(Command), 6))
COST_NS[:, FREE_LEVELS] = 2048
"""Random costs: bills over different commands, elements or members do not add up to the same sum."""
WRITING = {Command[name] for name in ("HSET", "HINCRBY", "ZADD", "ZREM", "ZPOPMIN", "SET", "XADD", "EXPIRE", "INCR")}
OPERATIONS = ("join", "status", "status_keys", "enter", "leave", "expire", "read")
WHERE = {rooms.OUT: Answer.UNKNOWN, rooms.LINE: Answer.WAITING, rooms.CALLED: Answer.READY}


def _sizes(room: WaitingRoom) -> dict[str, int]:
    """Return the members of the sorted sets that an extra call may walk."""
    return {"none": 0, "line": len(room.line), "called": len(room.called), "seen": len(room.seen)}


class Twins:
    """Some events' waiting rooms in both forms; every operation is done to both and its outcome compared."""

    def __init__(
        self, rules: RoomRules, shard: Sequence[int], tokens: int, log_size: int = LOG, extra: Sequence[ExtraCall] = ()
    ) -> None:
        self.bill: list[tuple[Command, int, int]] = []
        self.log: list[tuple[int, int, int]] = []
        self.plain = [
            WaitingRoom(rules, lambda *call: self.bill.append(call), lambda *change: self.log.append(change))
            for _ in shard
        ]
        self.extra = extra
        costs = redis_costs(load_profile("talk-m7g"), 0, 1.0, extra_table(extra))._replace(calls=COST_NS)
        homes = np.array(shard, np.int64)
        line = new_ranked(homes.size, tokens + 64, tokens + 64)
        each = np.bincount(events_of(np.arange(homes.size), tokens), minlength=homes.size)
        self.rooms = rooms.new_rooms(
            [rules] * homes.size, homes, max(shard) + 1, each, costs, line, log_size, failing=False
        )
        self.view = View(self.rooms)
        self.tokens = tokens
        self.granted = 0

    def open(self, now_ms: int) -> None:
        for room in self.plain:
            room.open(now_ms)
        rooms.open_rooms(self.view, now_ms)

    def do(self, operation: str, token: int, now_ms: int, **how: object) -> Reply:
        """Do an operation to both and return the answer on which they agree."""
        event = token % len(self.plain)
        shard = self.rooms.shard[event]
        logged = int(self.rooms.logged[shard])
        self.bill.clear()
        self.log.clear()
        rooms.clear_bill(self.view)
        expected = getattr(self, f"_{operation}_plain")(self.plain[event], token, now_ms, **how)
        answer = getattr(self, f"_{operation}_core")(event, token, now_ms, **how)
        script = {"status_keys": "status", "read": "status_read"}.get(operation, operation)
        rooms.bill_extra_calls(self.view, event, Op[script.upper()])
        cost_ns, commands, effect_ns, repeated_ns, _, position, wait_ms, removed = self.rooms.bill.tolist()
        assert Reply(Answer(answer), position, wait_ms, removed) == expected
        self.granted += expected.answer == Answer.GRANTED
        billed = self._changed(self.plain[event], script)
        assert commands == sum(calls for calls, _ in billed.values())
        assert cost_ns == sum(cost for _, cost in billed.values())
        assert repeated_ns == self._bill(self.plain[event], script).repeated_ns
        assert effect_ns == sum(cost for command, (_, cost) in billed.items() if command in WRITING)
        if self.rooms.log.shape[1] > 1:
            assert self.rooms.log[shard, logged : self.rooms.logged[shard]].tolist() == [list(c) for c in self.log]
        return expected

    def _changed(self, room: WaitingRoom, script: str) -> dict[Command, tuple[int, int]]:
        """Return how often and for how much each command is billed, the calls of the changed script included."""
        billed = {
            command: (
                sum(call[0] == command for call in self.bill),
                sum(call_cost_ns(COST_NS, *call) for call in self.bill if call[0] == command),
            )
            for command in Command
        }
        members = _sizes(room)
        for entry in self.extra:
            if entry.operation != script:
                continue
            command = Command[entry.command]
            calls, cost = billed[command]
            price = call_cost_ns(COST_NS, command, entry.elements, members[entry.on])
            left = max(0, calls + entry.calls)
            billed[command] = left, max(0, cost + (left - calls) * price) if left else 0
        return billed

    def _bill(self, room: WaitingRoom, script: str) -> Bill:
        """Return the reference engine's bill of the same run."""
        bill = Bill(COST_NS)
        for call in self.bill:
            bill.call(*call)
        for entry in self.extra:
            if entry.operation == script:
                bill.change(entry, _sizes(room)[entry.on])
        return bill

    def _join_plain(self, room, token, now_ms, score, counter, asks_time):
        return room.join(token, now_ms, None if counter else score, asks_time)

    def _join_core(self, event, token, now_ms, score, counter, asks_time):
        return core.join(self.view, event, token, now_ms, score, counter, asks_time)

    def _status_plain(self, room, token, now_ms, wanted=True):
        reply = room.status(token, now_ms)
        return reply if wanted else reply._replace(position=0)

    def _status_core(self, event, token, now_ms, wanted=True):
        return core.status(self.view, event, token, now_ms, wanted)

    def _status_keys_plain(self, room, token, now_ms, keys):
        return room.status_keys(token, now_ms, keys)

    def _status_keys_core(self, event, token, now_ms, keys):
        core.bill_key_scan(self.view, keys)
        return core.status(self.view, event, token, now_ms, True)

    def _enter_plain(self, room, token, now_ms):
        return room.enter(token, now_ms)

    def _enter_core(self, event, token, now_ms):
        return core.enter(self.view, event, token, now_ms)

    def _leave_plain(self, room, token, now_ms):
        return room.leave(token)

    def _leave_core(self, event, token, now_ms):
        return core.leave(self.view, event, token)

    def _expire_plain(self, room, token, now_ms, limit):
        return room.expire(limit, now_ms)

    def _expire_core(self, event, token, now_ms, limit):
        return expire(self.view, event, limit, now_ms)

    def _read_plain(self, room, token, now_ms, known):
        return Reply(known, room.status_read(token, known))

    def _read_core(self, event, token, now_ms, known):
        core.bill_read(self.view, event, token, known == Answer.WAITING, True)
        return known

    def same_state(self) -> None:
        """Compare everything that either form remembers."""
        events = len(self.plain)
        for event, room in enumerate(self.plain):
            fields = ("opened", "call_credit", "called_at_ms", "bucket", "bucket_at_ms", "tickets", "calls", "granted")
            assert [int(self.rooms.room[event][name]) for name in fields] == [getattr(room, name) for name in fields]
            assert self.rooms.room[event]["called"] == len(room.called)
            assert self._line(event) == room.line
            for token in range(event, self.tokens, events):
                self._same_place(room, token)
            for heap, flag, members in (
                (self.rooms.called, "in_called", room.called),
                (self.rooms.seen, "in_seen", room.seen),
            ):
                owners = sorted(heap.entry["owner"][heap.begin[event] :][: heap.size[event]].tolist())
                assert owners == [t for t in range(event, self.tokens, events) if self.rooms.place[t][flag]]
                assert members.keys() <= set(owners)
        joined, left, silent, lapsed, repeated = self.rooms.counts.tolist()
        assert repeated == sum(room.repeated for room in self.plain) == 0
        assert silent == sum(room.silent for room in self.plain)
        assert lapsed == sum(room.lapsed for room in self.plain)
        assert joined == self.granted + left + silent + lapsed + sum(len(room.seen) for room in self.plain)

    def _line(self, event: int) -> list[tuple[float, int]]:
        line = self.rooms.line
        chunks = line.directory[event, : line.chunks[event]]
        members = [(line.score[c, i], line.member[c, i]) for c in chunks for i in range(line.fill[c])]
        assert len(members) == line.members[event]
        return members

    def _same_place(self, room: WaitingRoom, token: int) -> None:
        place = self.rooms.place[token]
        expected = Answer.WAITING if token in room.score else Answer.UNKNOWN
        expected = Answer.READY if token in room.called else expected
        assert WHERE[int(place["where"])] == expected
        assert place["call_number"] == room.call_number.get(token, 0)
        if token in room.score:
            assert place["score"] == room.score[token]
        if token in room.called:
            assert place["deadline_ms"] == room.called[token]
        assert (expected != Answer.UNKNOWN) == (token in room.seen)
        if token in room.seen:
            assert place["seen_ms"] == room.seen[token]


RULES = st.builds(
    RoomRules,
    rate_micro_per_ms=st.sampled_from([1, 7_000, 333_333, MICRO, 5 * MICRO]),
    burst_micro=st.sampled_from([MICRO, 3 * MICRO + 1, 200 * MICRO]),
    call_window=st.integers(1, 12),
    call_ttl_ms=st.integers(1, 60),
    heartbeat_ttl_ms=st.integers(1, 120),
)
CHANGES = st.just([]) | st.lists(extra_calls().map(ExtraCall.model_validate), max_size=5)


def random_operation(twins: Twins, random: Random, now_ms: int) -> None:
    """Do something with random arguments to somebody."""
    operation = random.choice(("join", "join", "status", *OPERATIONS))
    how: dict[str, object] = {}
    if operation == "join":
        how = {
            "score": float(random.randrange(7)),
            "counter": random.random() < 0.3,
            "asks_time": random.random() < 0.5,
        }
    elif operation == "status_keys":
        how = {"keys": random.randrange(1000)}
    elif operation == "expire":
        how = {"limit": random.randrange(4)}
    elif operation == "read":
        how = {"known": random.choice((Answer.WAITING, Answer.READY, Answer.UNKNOWN))}
    elif operation == "status":
        how = {"wanted": random.random() < 0.5}
    twins.do(operation, random.randrange(twins.tokens), now_ms, **how)


@settings(max_examples=100, deadline=None)
@given(RULES, CHANGES, st.integers(0, 2**32), st.integers(1, 300))
def test_few_people_in_close_succession(rules, extra, seed, steps):
    """Clocks of pods differ by a few ms: `now_ms` runs back as well as forth."""
    twins, random, true_ms = Twins(rules, shard=(0, 1, 0), tokens=9, extra=extra), Random(seed), 10_000
    opens_after = random.choice((0, 20, 100))
    for done in range(steps):
        if done == opens_after:
            twins.open(true_ms)
        true_ms += random.choice((0, 0, 1, 2, 10))
        random_operation(twins, random, true_ms - random.randrange(6))
    twins.same_state()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowd_that_joins_polls_enters_and_vanishes(seed):
    """Thousands of places, so that lines split into chunks, deadlines move and whole crowds expire."""
    rules = RoomRules(MICRO // 2, 10 * MICRO, call_window=300, call_ttl_ms=150, heartbeat_ttl_ms=900)
    tokens = 3000
    twins = Twins(rules, shard=(0, 0), tokens=tokens, log_size=LOG if seed == 1 else 1)
    generator = np.random.default_rng(seed)
    kinds = generator.choice(OPERATIONS, 15_000, p=(0.4, 0.3, 0.01, 0.2, 0.03, 0.01, 0.05))
    answers: set[Answer] = set()
    for i, operation in enumerate(kinds):
        if i == 4000:
            twins.open(10_000 + i // 4)
        now_ms = 10_000 + i // 4 - int(generator.integers(0, 5))
        token = int(generator.integers(0, tokens))
        if operation in ("status", "enter"):  # hold back, then come all at once: too many for the bucket
            operation = "status" if i % 2000 < 1000 else "enter"
        if operation == "enter":  # mostly somebody who has been called, as somebody who polls would know
            called = list(twins.plain[0].called)
            token = called[token % len(called)] if called and token % 4 else token
        how: dict[str, object] = {}
        if operation == "join":
            counter = token % 2 == 1
            how = {"score": float(now_ms), "counter": counter, "asks_time": not counter}
        elif operation == "status_keys":
            how = {"keys": tokens}
        elif operation == "expire":
            how = {"limit": 25}
        elif operation == "read":
            how = {"known": Answer(int(generator.integers(0, 3)))}
        answers.add(twins.do(operation, token, now_ms, **how).answer)
    twins.same_state()
    of_backend = {Answer.SOLD, Answer.SOLD_OUT, Answer.PASS_EXPIRED}
    assert answers == {answer for answer in Answer if answer < FIRST_FAILURE} - of_backend
    assert twins.rooms.counts[: rooms.REPEATED].min() > 0


def test_who_rejoins_after_a_lapsed_call_begins_anew():
    rules = RoomRules(MICRO, MICRO, call_window=5, call_ttl_ms=10, heartbeat_ttl_ms=1000)
    twins = Twins(rules, shard=(0,), tokens=3)
    for token in range(3):
        twins.do("join", token, 0, score=0.0, counter=True, asks_time=False)
    twins.open(0)
    assert twins.do("status", 0, 1).answer == Answer.READY
    assert twins.do("status", 0, 11).answer == Answer.UNKNOWN  # and with it the second is called
    rejoined = twins.do("join", 0, 11, score=0.0, counter=True, asks_time=False)
    assert (rejoined.answer, rejoined.position) == (Answer.WAITING, 2)
    assert twins.do("status", 2, 12).answer == Answer.READY
    assert twins.do("status", 0, 13).answer == Answer.READY
    twins.same_state()
    assert twins.do("expire", 0, 22, limit=9).removed == 2  # not the one who joined anew
    assert twins.do("status", 0, 22).answer == Answer.READY
    twins.same_state()


@pytest.mark.parametrize("passes", [0, 1])
def test_a_clock_that_ran_back_makes_the_next_deadline_earlier(passes):
    """Also where an expiry pass has meanwhile moved the entry in the heap of deadlines to a later sign of life."""
    rules = RoomRules(MICRO, MICRO, call_window=1, call_ttl_ms=10, heartbeat_ttl_ms=100)
    twins = Twins(rules, shard=(0,), tokens=2)
    twins.do("join", 0, 20, score=1.0, counter=False, asks_time=False)
    twins.do("status", 0, 105)
    for _ in range(passes):
        assert twins.do("expire", 0, 150, limit=1).removed == 0
    twins.do("leave", 0, 105)
    twins.do("join", 1, 104, score=2.0, counter=False, asks_time=False)
    twins.do("join", 0, 103, score=3.0, counter=False, asks_time=False)
    assert twins.do("expire", 0, 203, limit=1).removed == 0
    assert twins.do("expire", 0, 204, limit=1).removed == 1
    assert twins.do("status", 0, 204).answer == Answer.UNKNOWN
    twins.same_state()


def test_a_pod_whose_clock_is_behind_does_not_turn_the_bucket_back():
    """It would give twice what it gave for the time between."""
    rules = RoomRules(MICRO // 10, 3 * MICRO, call_window=5, call_ttl_ms=1000, heartbeat_ttl_ms=1000)
    twins = Twins(rules, shard=(0,), tokens=4)
    for token in range(4):
        twins.do("join", token, 0, score=float(token), counter=False, asks_time=False)
    twins.open(0)
    twins.do("status", 0, 40)
    twins.do("status", 0, 80)
    assert [twins.do("enter", token, now_ms).answer for token, now_ms in ((0, 80), (1, 60), (2, 60))] == 3 * [
        Answer.GRANTED
    ]
    assert twins.rooms.room[0]["bucket_at_ms"] == 80
    throttled = twins.do("enter", 3, 85)
    assert (throttled.answer, throttled.wait_ms) == (Answer.THROTTLED, 5)
    twins.same_state()


def test_an_operation_calls_64_places_and_the_next_one_goes_on():
    rules = RoomRules(MICRO, 200 * MICRO, call_window=100, call_ttl_ms=1000, heartbeat_ttl_ms=1000)
    twins = Twins(rules, shard=(0,), tokens=70)
    for token in range(70):
        twins.do("join", token, 0, score=float(token), counter=False, asks_time=False)
    twins.open(0)
    for called in (64, 70):
        twins.do("status", 69, 150)
        assert twins.rooms.room[0]["called"] == called
    twins.same_state()
