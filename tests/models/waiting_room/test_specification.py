"""The waiting room against its rules: random crowds with clocks that disagree, and books kept beside it."""

import copy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import Command
from models.vocabulary.operations import Answer
from models.vocabulary.script_limits import CALLS_PER_OPERATION
from models.waiting_room.specification import WaitingRoom

TOKENS = 10
SLOWEST_MS = 3  # by which a pod's clock may be behind the fastest
RULES = st.builds(
    RoomRules,
    rate_micro_per_ms=st.sampled_from([40_000, 300_007, MICRO]),
    burst_micro=st.sampled_from([MICRO, 3 * MICRO, 5 * MICRO + 1]),
    call_window=st.integers(1, 8),
    call_ttl_ms=st.integers(1, 40),
    heartbeat_ttl_ms=st.integers(5, 80),
)


class Crowd:
    """Does random things in a room; keeps its books from the replies and from the changes that the room announces."""

    def __init__(self, rules: RoomRules, seed: int) -> None:
        self.rules = rules
        self.random = Random(seed)
        self.room = WaitingRoom(rules, lambda *call: None, self.change)
        self.true_ms = self.now_ms = self.latest_ms = 1_000
        self.opened_ms = None
        self.line: dict[int, float] = {}
        self.called: dict[int, int] = {}
        self.alive_ms: dict[int, int] = {}
        self.calls: list[int] = []  # at each call, the latest clock reading that had come with one so far
        self.admissions: list[int] = []
        self.joined = self.gone = 0
        self.score = 0.0

    def change(self, token: int, state: Answer, deadline_ms: int) -> None:
        if state == Answer.WAITING:
            self.gone += self.called.pop(token, None) is not None  # a lapsed call is over when its owner joins anew
            assert token not in self.line
            self.line[token] = self.score
            self.joined += 1
        elif state == Answer.READY:
            assert self.opened_ms is not None
            assert (self.line.pop(token), token) < min(((score, t) for t, score in self.line.items()), default=(1e9, 0))
            self.calls.append(max([*self.calls[-1:], self.now_ms, self.opened_ms]))
            assert deadline_ms == self.calls[-1] + self.rules.call_ttl_ms
            self.called[token] = deadline_ms
        else:
            assert (self.line.pop(token, None) is None) != (self.called.pop(token, None) is None)
            del self.alive_ms[token]
            self.gone += 1

    def step(self) -> None:
        """Let some time pass, read some pod's clock, and do something to somebody, often to one who has been called."""
        if self.random.random() < 0.3:
            self.true_ms += self.random.choice((1, 2, 5, 20))
        self.now_ms = self.true_ms - self.random.randint(0, SLOWEST_MS)
        token = self.random.randrange(TOKENS)
        if self.called and self.random.random() < 0.4:
            token = self.random.choice(list(self.called))
        actions = (self.join, self.join, self.status, self.status, self.enter, self.enter, self.leave, self.expire)
        self.random.choice(actions)(token)
        if self.opened_ms is None and self.random.random() < 0.1:
            self.opened_ms = self.true_ms
            self.room.open(self.true_ms)
        self.check_the_books()

    def is_called(self, token: int) -> bool:
        return self.called.get(token, 0) > self.now_ms

    def position(self, token: int) -> int:
        return 1 + sum((score, other) < (self.line[token], token) for other, score in self.line.items())

    def sign_of_life(self, token: int) -> None:
        self.alive_ms[token] = max(self.alive_ms.get(token, 0), self.now_ms)

    def join(self, token: int) -> None:
        before = self.joined
        held = token in self.line or self.is_called(token)
        counted = self.random.random() < 0.5
        self.score = float(self.room.tickets + 1 if counted else self.now_ms)
        reply = self.room.join(token, self.now_ms, None if counted else self.score)
        assert self.joined - before == (not held)
        if reply.answer == Answer.WAITING:
            assert reply.position == self.position(token)
        else:
            assert reply.answer == Answer.READY
            assert self.is_called(token)
        if not held:
            self.sign_of_life(token)

    def status(self, token: int) -> None:
        reply = self.room.status(token, self.now_ms)
        if token in self.line:
            assert (reply.answer, reply.position) == (Answer.WAITING, self.position(token))
        else:
            assert reply == (Answer.READY if self.is_called(token) else Answer.UNKNOWN, 0, 0, 0)
        if reply.answer != Answer.UNKNOWN:
            self.sign_of_life(token)

    def enter(self, token: int) -> None:
        in_line, called = token in self.line, self.is_called(token)
        reply = self.room.enter(token, self.now_ms)
        if not called:
            assert reply.answer == (Answer.NOT_CALLED if in_line else Answer.UNKNOWN)
        elif reply.answer == Answer.GRANTED:
            assert token not in self.called
            self.admissions.append(max([*self.admissions[-1:], self.now_ms]))
        else:
            assert reply.answer == Answer.THROTTLED
            self.check_the_wait(token, reply.wait_ms)

    def check_the_wait(self, token: int, wait_ms: int) -> None:
        """Somebody told to wait, and still called then, gets in after that time and not a millisecond earlier."""
        for earlier, answer in ((1, Answer.THROTTLED), (0, Answer.GRANTED)):
            if earlier or self.now_ms >= self.admissions[-1]:  # who asks by a slow clock may have to ask again
                later = copy.copy(self.room)
                later.called, later.seen = {token: self.now_ms + wait_ms + 1}, dict(self.room.seen)
                later.effect = lambda *change: None
                assert later.enter(token, self.now_ms + wait_ms - earlier).answer == answer

    def leave(self, token: int) -> None:
        held = token in self.line or token in self.called
        assert self.room.leave(token).answer == (Answer.LEFT if held else Answer.UNKNOWN)
        assert token not in self.line
        assert token not in self.called

    def expire(self, _token: int) -> None:
        limit = self.random.randint(1, 3)
        self.room.status(-1, self.now_ms)  # a stranger's status calls whom expire would call, and changes nothing else
        oldest_first = sorted(self.alive_ms, key=lambda t: (self.alive_ms[t], t))
        silent = [t for t in oldest_first if self.alive_ms[t] < self.now_ms - self.rules.heartbeat_ttl_ms][:limit]
        earliest_first = sorted(self.called.keys() - silent, key=lambda t: (self.called[t], t))
        lapsed = [t for t in earliest_first if self.called[t] <= self.now_ms][:limit]
        stays = self.alive_ms.keys() - {*silent, *lapsed}
        assert self.room.expire(limit, self.now_ms).removed == len(silent) + len(lapsed)
        assert self.alive_ms.keys() == stays

    def check_the_books(self) -> None:
        assert [t for _, t in self.room.line] == sorted(self.line, key=lambda t: (self.line[t], t))
        assert self.room.called == self.called
        assert self.room.seen == self.alive_ms
        assert self.joined == len(self.line) + len(self.called) + self.gone
        assert len(self.called) <= self.rules.call_window

    def check_the_rates(self) -> None:
        """In no window of time are more called, or admitted, than the rate and one burst allow."""
        rate, burst = self.rules.rate_micro_per_ms, self.rules.burst_micro
        for moments in (self.calls, self.admissions):
            beyond_rate = [count * MICRO - rate * moment for count, moment in enumerate(moments)]
            for end, most in enumerate(beyond_rate):
                assert most + MICRO - min(beyond_rate[: end + 1]) <= burst
        for count, moment in enumerate(self.calls, 1):  # the call credit starts empty
            assert count * MICRO <= rate * (moment - self.opened_ms)


@settings(max_examples=150, deadline=None)
@given(RULES, st.integers(0, 2**32), st.integers(1, 300))
def test_a_random_crowd_finds_every_rule_kept(rules, seed, steps):
    crowd = Crowd(rules, seed)
    for _ in range(steps):
        crowd.step()
    crowd.check_the_rates()


def room_of(**changed: int) -> tuple[WaitingRoom, list[tuple[Command, int, int]]]:
    """Return an unopened room that calls 20 a second, and the list of the commands it runs."""
    rules = {"rate_micro_per_ms": 20_000, "burst_micro": 20 * MICRO, "call_window": 200}
    rules |= {"call_ttl_ms": 30_000, "heartbeat_ttl_ms": 60_000} | changed
    commands: list[tuple[Command, int, int]] = []
    return WaitingRoom(RoomRules(**rules), lambda *call: commands.append(call), lambda *change: None), commands


@pytest.mark.parametrize(("window", "admitted_per_s"), [(200, 20), (100, 20), (25, 10)])
def test_a_window_of_rate_times_poll_keeps_the_rate_and_a_small_one_does_not(window, admitted_per_s):
    """Who polls every 5 s takes a call up after 2.5 s on average, so by Little's law 25 calls at once let 10/s in."""
    room, _ = room_of(call_window=window)
    people = 2_500
    for token in range(people):
        room.join(token, 0, None)
    room.open(0)
    admitted = []
    polls = sorted((turn * 5_000 + token * 1847 % 5_000, token) for turn in range(13) for token in range(people))
    for now_ms, token in polls:
        if room.status(token, now_ms).answer == Answer.READY and room.enter(token, now_ms).answer == Answer.GRANTED:
            admitted.append(now_ms)
    steady = [now_ms for now_ms in admitted if 20_000 <= now_ms < 60_000]
    assert len(steady) / 40 == pytest.approx(admitted_per_s, rel=0.1)


def test_nobody_is_called_or_let_in_before_the_opening():
    room, _ = room_of()
    room.join(1, 0, None)
    assert room.status(1, 10**9).answer == Answer.WAITING
    assert room.enter(1, 10**9).answer == Answer.NOT_CALLED


def test_a_slow_clock_neither_takes_from_the_buckets_nor_fills_them():
    room, _ = room_of(rate_micro_per_ms=MICRO, burst_micro=5 * MICRO, call_window=2)
    for token in range(12):
        room.join(token, 0, None)
    room.open(0)
    room.status(11, 5)
    assert list(room.called) == [0, 1]
    room.enter(0, 5)
    room.status(11, 1)  # of five calls three are left, whatever the time
    assert list(room.called) == [1, 2]
    room.rules = RoomRules(MICRO, 5 * MICRO, call_window=20, call_ttl_ms=1000, heartbeat_ttl_ms=1000)
    room.status(11, 10)
    answers = [room.enter(token, 8 + 2 * (token % 2)).answer for token in range(1, 8)]
    assert answers == [Answer.GRANTED] * 5 + [Answer.THROTTLED] * 2


def test_one_operation_calls_a_bounded_number():
    room, _ = room_of(rate_micro_per_ms=1000 * MICRO, burst_micro=1000 * MICRO, call_window=1000)
    for token in range(200):
        room.join(token, 0, None)
    room.open(0)
    room.status(199, 100)
    assert len(room.called) == CALLS_PER_OPERATION
    room.status(199, 100)
    assert len(room.called) == 2 * CALLS_PER_OPERATION


def test_places_go_by_score_then_token_and_by_the_counter_as_they_come():
    room, _ = room_of()
    assert [room.join(token, 0, 5.0).position for token in (3, 1, 2)] == [1, 1, 2]
    assert room.join(9, 0, 4.0).position == 1
    room, _ = room_of()
    assert [room.join(token, 0, None).position for token in (3, 1, 2)] == [1, 2, 3]


def names(commands: list[tuple[Command, int, int]]) -> str:
    return " ".join(command.name for command, _, _ in commands)


def test_a_command_on_a_member_that_is_absent_or_new_walks_no_set():
    room, commands = room_of()
    for token in range(50):
        room.join(token, 0, None)
    commands.clear()
    room.status(99, 0)
    room.enter(99, 0)
    room.leave(99)
    room.status_read(99, Answer.UNKNOWN)
    assert names(commands) == "HMGET ZRANK ZSCORE HMGET ZSCORE ZRANK ZREM ZREM ZREM ZRANK ZSCORE"
    assert {members for command, _, members in commands if command in (Command.ZRANK, Command.ZREM)} == {0}
    commands.clear()
    room.join(99, 0, None)
    assert names(commands) == "HMGET ZRANK ZSCORE HINCRBY ZADD ZADD ZRANK"
    assert [members for *_, members in commands] == [1, 0, 0, 1, 0, 0, 51]


def test_a_command_on_a_member_walks_the_set_that_holds_it():
    room, commands = room_of()
    for token in range(50):
        room.join(token, 0, None)
    commands.clear()
    room.status(7, 0)
    assert commands == [(Command.HMGET, 1, 1), (Command.ZRANK, 1, 50), (Command.ZADD, 1, 50)]
    commands.clear()
    room.leave(7)
    assert commands == [(Command.ZREM, 1, 50), (Command.ZREM, 1, 0), (Command.ZREM, 1, 50)]
    commands.clear()
    room.expire(30, 60_001)
    assert commands[2:] == [
        (Command.ZREM, 30, 49),
        (Command.ZREM, 30, 49),
        (Command.ZREM, 0, 0),
        (Command.ZRANGEBYSCORE, 1, 0),
    ]


def test_the_first_version_scans_every_key_and_then_does_the_same():
    room, commands = room_of()
    room.join(1, 0, None)
    commands.clear()
    room.status_keys(1, 0, 1234)
    assert commands[0] == (Command.KEYS, 1, 1234)
    assert names(commands[1:]) == " ".join(["XLEN"] * 9 + ["HMGET", "ZRANK", "ZADD"])
