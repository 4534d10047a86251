"""The web ACL in plain Python: each request that comes is judged by its rules in their order."""

import numpy as np
from numpy.typing import NDArray

from models.edge.rate_rule import is_limited, look, new_rate_rule
from models.engine.recording import EdgeRecord
from models.engine.reference_run import Request, Run
from models.plan.edge import Action, Match
from models.vocabulary.operations import Answer
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
        self.immune_until = [0] * sessions
        self.moved = [0] * sessions
        self.refused = [0] * sessions
        self.acted: NDArray[np.int64] = np.zeros((len(self.rules), p.again.size), np.int64)

    def judge(self, r: Request) -> Answer | None:
        """Return the answer to a request that is refused, None for one that is let through."""
        now, s = int(self.run.env.now), r.entity
        while self.looks_at <= now:
            look(self.rate, self.looks_at)
            self.looks_at += self.p.every
        token = now < self.immune_until[s]
        for number, (match, action) in enumerate(self.rules):
            if not self._matches(match, s, now, token) or (token and action in (Action.CAPTCHA, Action.CHALLENGE)):
                continue
            self.acted[number, self.p.kind[s]] += 1
            if action == Action.ALLOW:
                return None
            if action in REFUSALS:
                self.run.totals["refused"] += 1
                return REFUSALS[action]
        return None

    def _matches(self, match: Match, s: int, now: int, token: bool) -> bool:
        if match == Match.RATE:
            if self.p.by_token:
                return token and bool(is_limited(self.rate, s, now))
            address = int(self.p.address[s]) + self.moved[s] % int(self.p.addresses[self.p.kind[s]])
            return bool(is_limited(self.rate, address, now))
        return bool((self.p.recognised if match == Match.RECOGNISED else self.p.abroad)[s])

    def pause_after(self, s: int, number: int, answer: Answer) -> int | None:
        """Return how long a refused session pauses before it sends the same again, ns; None if it gives up."""
        p, total, kind = self.p, self.run.totals, int(self.p.kind[s])
        u = self.run.chance(Stream.EDGE_REFUSED, s, number)
        self.refused[s] += 1
        solvable = p.solves[kind] if answer == Answer.CAPTCHA else answer == Answer.CHALLENGE and p.scripts[kind]
        gives_up = u < p.gives_up[kind]
        pause = int(p.again[kind])
        if solvable:
            asked = answer == Answer.CAPTCHA
            gives_up = asked and u < p.fails
            total["captchas_shown"] += asked
            total["captchas_abandoned"] += gives_up
            total["captchas_solved"] += asked and not gives_up
            pause = self.run.draw(p.solve, Stream.EDGE_SOLVE, s, number) if asked else 0
        if gives_up:
            total["gave_up_at_the_edge"] += 1
            return None
        if solvable:
            self.immune_until[s] = int(self.run.env.now) + pause + p.immunity
        else:
            self.moved[s] += 1
        total["paused_ns"] += pause
        return pause

    def record(self) -> EdgeRecord:
        """Return what the run leaves behind of it."""
        total = self.run.totals
        return EdgeRecord(
            refused=total["refused"],
            turned_away=total["turned_away"],
            unheard=total["unheard"],
            shown=total["captchas_shown"],
            solved=total["captchas_solved"],
            abandoned=total["captchas_abandoned"],
            gave_up=total["gave_up_at_the_edge"],
            paused_ns=total["paused_ns"],
            acted=self.acted,
            refusals=np.array(self.refused, np.int64),
        )
