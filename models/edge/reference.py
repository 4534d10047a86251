"""The web ACL in plain Python: each request that comes is judged by its rules in their order."""

import numpy as np
from numpy.typing import NDArray

from models.edge.rate_rule import is_limited, look, new_rate_rule
from models.edge.state import ABANDONED, ASKED, GAVE_UP, PAUSED, SHOWN, SOLVED
from models.engine.recording import EdgeRecord
from models.engine.reference_run import Request, Run
from models.plan.edge import Action, Match
from models.vocabulary.operations import ENDPOINTS, Answer
from models.vocabulary.streams import Stream

REFUSALS = {Action.BLOCK: Answer.BLOCKED, Action.CAPTCHA: Answer.CAPTCHA, Action.CHALLENGE: Answer.CHALLENGE}


class WebAcl:
    """The rules, and what they know of sessions: whose token is valid until when, and who took another address."""

    def __init__(self, run: Run) -> None:
        self.run, p = run, run.p.edge
        self.p = p
        self.rules = [(Match(match), Action(action)) for match, action in p.rules.tolist()]
        self.rate = new_rate_rule(p.limit, p.delay, p.lift_delay, p.most, p.keys, p.spans)
        self.looks_at = p.every
        sessions = p.kind.size
        self.captcha_until = [-1] * sessions
        self.challenge_until = [-1] * sessions
        self.moved = [0] * sessions
        self.refused = [0] * sessions
        self.acted: NDArray[np.int64] = np.zeros((len(self.rules), p.again.size), np.int64)
        self.asked: NDArray[np.int64] = np.zeros((ASKED, p.again.size), np.int64)
        rows = run.series.shape[0] if p.on else 0
        self.by_second: NDArray[np.int64] = np.zeros((rows, len(ENDPOINTS)), np.int64)

    def judge(self, r: Request) -> Answer | None:
        """Return the answer to a request that is refused, None for one that is let through."""
        now, s = int(self.run.env.now), r.entity
        while self.looks_at <= now:
            look(self.rate, self.looks_at)
            self.looks_at += self.p.every
        passes = set()
        if now <= self.captcha_until[s]:
            passes.add(Action.CAPTCHA)
        if now <= self.challenge_until[s]:
            passes.add(Action.CHALLENGE)
        for number, (match, action) in enumerate(self.rules):
            if not self._matches(match, s, now, bool(passes)) or action in passes:
                continue
            self.acted[number, self.p.kind[s]] += 1
            if action == Action.ALLOW:
                return None
            if action in REFUSALS:
                self.run.totals["refused"] += 1
                self.by_second[self.run.row(), r.endpoint] += 1
                return REFUSALS[action]
        return None

    def _matches(self, match: Match, s: int, now: int, token: bool) -> bool:
        if match == Match.RATE:
            if self.p.by_token:
                return token and bool(is_limited(self.rate, s, now))
            address = int(self.p.address[s]) + self.moved[s] % int(self.p.addresses[self.p.kind[s]])
            return bool(is_limited(self.rate, address, now))
        return bool((self.p.recognised if match == Match.RECOGNISED else self.p.abroad)[s])

    def pause_after(self, s: int, number: int, answer: Answer, patient_until: int) -> int | None:
        """Return how long a refused session pauses before it sends the same again, ns; None if it gives up."""
        now, kind = int(self.run.env.now), int(self.p.kind[s])
        u = self.run.chance(Stream.EDGE_REFUSED, s, number)
        if answer == Answer.CAPTCHA and self.p.solves[kind]:
            return self._solve(s, number, u < self.p.fails, patient_until)
        if answer == Answer.CHALLENGE and self.p.scripts[kind]:
            self.challenge_until[s] = now + self.p.challenge_immunity
            return 0
        if u < self.p.gives_up[kind]:
            self.asked[GAVE_UP, kind] += 1
            return None
        self.moved[s] += 1
        self.asked[PAUSED, kind] += self.p.again[kind]
        return int(self.p.again[kind])

    def _solve(self, s: int, number: int, fails: bool, patient_until: int) -> int | None:
        """Solve a CAPTCHA and return how long that takes, ns; leave it if one fails, or is gone before."""
        now, kind = int(self.run.env.now), int(self.p.kind[s])
        pause = self.run.draw(self.p.solve, Stream.EDGE_SOLVE, s, number)
        self.asked[SHOWN, kind] += 1
        if fails or now + pause >= patient_until:
            self.asked[ABANDONED, kind] += 1
            return None if fails else pause
        self.asked[SOLVED, kind] += 1
        self.asked[PAUSED, kind] += pause
        self.captcha_until[s] = now + pause + self.p.captcha_immunity
        return pause

    def record(self) -> EdgeRecord:
        """Return what the run leaves behind of it."""
        total = self.run.totals
        return EdgeRecord(
            refused=total["refused"],
            turned_away=total["turned_away"],
            unheard=total["unheard"],
            acted=self.acted,
            asked=self.asked,
            refusals=np.array(self.refused, np.int64),
            by_second=self.by_second,
        )
