"""The web ACL as the compiled engine has it: each request that comes is judged by its rules in their order."""

from models.edge.rate_rule import is_limited, look
from models.edge.state import LOOKS_AT, REFUSED
from models.engine.agenda import NOTHING
from models.engine.network import forward
from models.engine.world import World
from models.plan.edge import Action, Match
from models.vocabulary.codes import (
    ANSWER_BLOCKED,
    ANSWER_CAPTCHA,
    ANSWER_CHALLENGE,
    PLACE_CLIENT,
    PLACE_GATEWAY,
    code,
)
from models.vocabulary.endpoints import endpoint_of
from sim.jit import compiled

ALLOW, BLOCK, COUNT = code(Action.ALLOW), code(Action.BLOCK), code(Action.COUNT)
CAPTCHA, CHALLENGE = code(Action.CAPTCHA), code(Action.CHALLENGE)
RATE, RECOGNISED = code(Match.RATE), code(Match.RECOGNISED)


@compiled
def turn_away(w: World, now: int, slot: int) -> bool:
    """Judge a request that is at the load balancer; tell whether it is refused, its answer being on its way then."""
    r = w.requests.slot[slot]
    answer = _judged(w, now, r.entity)
    if answer == NOTHING:
        return False
    w.edge.total[REFUSED] += 1
    w.edge.by_second[w.record.second[0], endpoint_of(r.op)] += 1
    r.answer = answer
    r.detail = 0
    forward(w, now, slot, PLACE_GATEWAY, PLACE_CLIENT)
    return True


@compiled
def _judged(w: World, now: int, s: int) -> int:
    """Return the answer to a session's request if it is refused, NOTHING if it is let through."""
    while w.edge.total[LOOKS_AT] <= now:
        look(w.edge.rate, w.edge.total[LOOKS_AT])
        w.edge.total[LOOKS_AT] += w.p.edge.every
    v = w.edge.visitor[s]
    asked = now <= v.captcha_until
    challenged = now <= v.challenge_until
    for rule in range(w.p.edge.rules.shape[0]):
        match, action = w.p.edge.rules[rule, 0], w.p.edge.rules[rule, 1]
        if not _matches(w, now, s, match, asked or challenged):
            continue
        if (action == CAPTCHA and asked) or (action == CHALLENGE and challenged):
            continue
        w.edge.acted[rule, v.kind] += 1
        if action == ALLOW:
            return NOTHING
        if action == BLOCK:
            return ANSWER_BLOCKED
        if action != COUNT:
            return ANSWER_CAPTCHA if action == CAPTCHA else ANSWER_CHALLENGE
    return NOTHING


@compiled
def _matches(w: World, now: int, s: int, match: int, has_token: bool) -> bool:
    """Tell whether a rule matches a session's request; a rate rule counts it."""
    p, v = w.p.edge, w.edge.visitor[s]
    if match == RATE:
        if p.by_token:
            return has_token and is_limited(w.edge.rate, s, now)
        address = v.address if v.moved == 0 else v.address + v.moved % p.addresses[v.kind]
        return is_limited(w.edge.rate, address, now)
    return (v.recognised if match == RECOGNISED else v.abroad) != 0
