"""The waiting room against its rules: random crowds with clocks that disagree, watched by somebody who only counts."""

import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.commands import Command
from models.operations import Answer
from models.waiting_room import CALLS_PER_OPERATION, MICRO, RoomRules, WaitingRoom

SKEW_MS = 3  # pods' clocks are behind the fastest by so much
TOKENS = st.integers(0, 15)
BEHIND = st.integers(0, SKEW_MS)


class Crowd(RuleBasedStateMachine):
    """Random operations. The books kept beside the room come from its replies and the changes it announces."""

    @initialize(
        rate=st.sampled_from([40_000, MICRO // 3, MICRO]),
        burst=st.sampled_from([MICRO, 3 * MICRO, 5 * MICRO + 1]),
        window=st.integers(1, 6),
        call_ttl_ms=st.integers(1, 40),
        heartbeat_ttl_ms=st.integers(5, 80),
    )
    def build(self, rate, burst, window, call_ttl_ms, heartbeat_ttl_ms):
        self.rules = RoomRules(rate, burst, window, call_ttl_ms, heartbeat_ttl_ms)
        self.room = WaitingRoom(self.rules, lambda *call: None, self.change)
        self.true_ms = self.latest_ms = 1_000
        self.opened_ms = None
        self.line: dict[int, float] = {}
        self.called: dict[int, int] = {}
        self.alive_ms: dict[int, int] = {}
        self.calls: list[int] = []  # latest clock reading at each call, and at each admission
        self.admissions: list[int] = []
        self.joined = self.removed = 0
        self.next_score = 0.0

    def change(self, token: int, state: Answer, deadline_ms: int) -> None:
        """Keep the books; places must be called first come, first called."""
        if state == Answer.WAITING:
            assert token not in self.line
            self.called.pop(token, None)
            self.line[token] = self.next_score
            self.joined += 1
        elif state == Answer.READY:
            assert (self.line[token], token) == min((score, who) for who, score in self.line.items())
            assert self.opened_ms is not None
            assert deadline_ms == self.latest_ms + self.rules.call_ttl_ms
            del self.line[token]
            self.called[token] = deadline_ms
            self.calls.append(self.latest_ms)
        else:
            assert (token in self.line) != (token in self.called)
            self.line.pop(token, None)
            self.called.pop(token, None)
            self.removed += 1

    def now(self, behind: int) -> int:
        now_ms = self.true_ms - behind
        self.latest_ms = max(self.latest_ms, now_ms)
        return now_ms

    def place(self, token: int) -> int:
        return 1 + sum((score, who) < (self.line[token], token) for who, score in self.line.items())

    def sign_of_life(self, token: int, now_ms: int) -> None:
        self.alive_ms[token] = max(self.alive_ms.get(token, 0), now_ms) if token in self.alive_ms else now_ms

    @rule(ms=st.integers(0, 30))
    def wait(self, ms):
        self.true_ms += ms

    @precondition(lambda self: self.opened_ms is None)
    @rule()
    def open(self):
        self.opened_ms = self.now(0)
        self.room.open(self.opened_ms)

    @rule(token=TOKENS, behind=BEHIND, by=st.sampled_from(["clock", "counter"]))
    def join(self, token, behind, by):
        now_ms = self.now(behind)
        score = float(now_ms) if by == "clock" else None
        self.next_score = float(self.room.tickets + 1) if score is None else score
        before = self.joined
        reply = self.room.join(token, now_ms, score)
        if reply.answer == Answer.READY:
            assert self.called[token] > now_ms
            assert self.joined == before
        else:
            assert (reply.answer, reply.position) == (Answer.WAITING, self.place(token))
        if self.joined > before:
            if token not in self.room.call_number:  # a lapsed place keeps its last sign of life
                self.alive_ms[token] = now_ms
            self.sign_of_life(token, now_ms)
        assert self.room.join(token, now_ms, 0.0)[:1] == reply[:1]
        assert self.joined == before + (self.joined > before)

    @rule(token=TOKENS, behind=BEHIND)
    def status(self, token, behind):
        now_ms = self.now(behind)
        reply = self.room.status(token, now_ms)
        if token in self.line:
            assert (reply.answer, reply.position) == (Answer.WAITING, self.place(token))
        else:
            assert reply.position == 0
            is_called = self.called.get(token, 0) > now_ms
            assert reply.answer == (Answer.READY if is_called else Answer.UNKNOWN)
        if reply.answer != Answer.UNKNOWN:
            self.sign_of_life(token, now_ms)

    @rule(token=TOKENS, behind=BEHIND)
    def enter(self, token, behind):
        now_ms = self.now(behind)
        was_line, was_called = token in self.line, self.called.get(token, 0) > now_ms
        before = copy.deepcopy(self.room, {id(self.room.trace): self.room.trace})
        before.effect = lambda *change: None
        reply = self.room.enter(token, now_ms)
        if not was_called:
            assert reply.answer == (Answer.NOT_CALLED if was_line else Answer.UNKNOWN)
        elif reply.answer == Answer.GRANTED:
            self.admissions.append(self.latest_ms)
            assert self.room.status(token, now_ms).answer == Answer.UNKNOWN
        else:
            assert reply.answer == Answer.THROTTLED
            assert reply.wait_ms > 0
            before.called[token] = now_ms + reply.wait_ms + 1  # so that the call does not lapse meanwhile
            assert before.enter(token, now_ms + reply.wait_ms - 1).answer == Answer.THROTTLED
            if now_ms == self.latest_ms:
                assert before.enter(token, now_ms + reply.wait_ms).answer == Answer.GRANTED

    @rule(token=TOKENS)
    def leave(self, token):
        held = token in self.line or token in self.called
        assert self.room.leave(token).answer == (Answer.LEFT if held else Answer.UNKNOWN)
        assert token not in self.line
        assert token not in self.called

    @rule(limit=st.integers(1, 4), behind=BEHIND)
    def expire(self, limit, behind):
        now_ms = self.now(behind)
        self.room.status(-1, now_ms)  # a stranger's status calls whom expire would call, and changes nothing else
        held = {**self.line, **self.called}
        silent = sorted(t for t in held if self.alive_ms[t] < now_ms - self.rules.heartbeat_ttl_ms)
        lapsed = sorted(t for t, deadline_ms in self.called.items() if deadline_ms <= now_ms and t not in silent)
        before = self.removed
        calls = len(self.calls)
        assert self.room.expire(limit, now_ms).removed == self.removed - before
        gone = held.keys() - self.line.keys() - self.called.keys()
        assert gone <= {*silent, *lapsed}
        silent_gone = len(gone.intersection(silent))
        assert silent_gone >= min(limit, len(silent))
        assert len(gone) <= 2 * limit
        longest = sorted(silent, key=lambda t: (self.alive_ms[t], t))[:limit]
        assert gone.issuperset(longest)
        assert len(gone) >= min(limit, len(silent)) + min(limit, len(lapsed)) or len(self.calls) > calls

    @invariant()
    def the_books_agree(self):
        if not hasattr(self, "room"):
            return
        assert [token for _, token in self.room.line] == sorted(self.line, key=lambda t: (self.line[t], t))
        assert self.room.called == self.called
        assert self.room.seen.keys() == self.line.keys() | self.called.keys()
        assert self.joined == len(self.line) + len(self.called) + self.removed - self.rejoined()
        assert len(self.called) <= self.rules.call_window

    def rejoined(self) -> int:
        return 0

    @invariant()
    def no_window_exceeds_the_rate(self):
        if not hasattr(self, "room") or self.opened_ms is None:
            return
        for moments, at_opening in ((self.calls, 0), (self.admissions, self.rules.burst_micro)):
            for first, start in enumerate(moments):
                for count, end in enumerate(moments[first:], 1):
                    most = self.rules.burst_micro + self.rules.rate_micro_per_ms * (end - start)
                    assert count * MICRO <= most
            if moments:
                most = at_opening + self.rules.rate_micro_per_ms * (moments[-1] - self.opened_ms)
                assert len(moments) * MICRO <= most


Crowd.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
test_a_crowd_finds_the_rules_kept = Crowd.TestCase
