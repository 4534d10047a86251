"""What follows from arithmetic and sourced costs for the edge.

Nothing here is modelled yet: where a sum contradicts itself that is the verdict, where it does not a run is to come.
"""

from __future__ import annotations

from models.judge.wording import clock, number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, at_most, exactly, in_every_case, weakest
from models.ledger.flips import bisected
from models.ledger.sums import PRICE, ROUNDING, STATED, Redone, Sum, Vary

EDGE = "a run with the edge (WAF, bot control, CAPTCHA) modelled"
NO_CROWD = "no number of people behind an address, and no interval of a bot's polls, decides it"
LEAST_REQUESTS = 3
"""What anybody makes who gets through a line: a join, one poll, an enter."""


def _blocked(claim: Claim) -> Redone:
    """Hold the requests against the people and polls of the talk, and the blocked against the bots."""
    requests, blocked = claim.number("requests"), claim.number("blocked")
    demand, bots = claims()["demand.status_rps"], claims()["bots.share"]
    people, each = demand.number("clients"), requests / demand.number("clients")
    share = 100 * blocked / requests
    rules = sum(claim.number(name) for name in ("rate_rule_percent", "bot_control_percent", "geo_percent"))
    adds_up = weakest([about(exactly(share), claim.figure, ROUNDING), about(exactly(rules), 100.0, ROUNDING)])
    enough = at_least(exactly(each), LEAST_REQUESTS)
    why = (
        f"{number(blocked)} of {number(requests)} are {number(share)} %, and the rules come to {number(rules)} %. "
        f"They are {number(each)} requests for each of {number(people)} people, and "
        f"{clock(requests / demand.figure)} of {number(demand.figure)} polls a second"
    )
    why += ": fewer than a join, a poll and an enter, and so of another crowd." if enough == "refuted" else "."
    if share > bots.figure:
        why += (
            f" If bots are {number(bots.figure)} % and poll as people do, {number(share - bots.figure)} % of all "
            "requests were people's, and blocked."
        )
    consistent = adds_up == "confirmed" and enough == "confirmed"
    verdict: ClaimVerdict = "not_yet_modelled" if consistent else "inconsistent"
    return Redone(claim, exactly(share), verdict, why, (STATED, f"claim {demand.id}", f"claim {bots.id}"), later=EDGE)


def _gateway_cpu(claim: Claim) -> Redone:
    """Hold the CPU of the gateway against the requests that reached it, before and after."""
    before, bots, passed = claim.number("before_requests"), claim.number("before_bots"), claim.number("passed_requests")
    cpu, value = claim.number("before_percent"), claim.figure
    left, other = exactly(cpu * passed / before), claims()["gateway.cpu_30k"]
    times = (cpu / value * passed - (before - bots)) / bots
    at_30k = before / 30_000
    why = (
        f"{number(before)} requests reached it before and {number(passed)} after, which would take {number(cpu)} % to "
        f"{number(left.best)} %, not to {number(value)} %, unless a bot's request takes {number(times)} times the CPU "
        f"of a person's. And at the {number(other.figure)} % that the talk has for 30,000 RPS, "
        f"{number(before)} requests would last {clock(at_30k)}: {number(cpu)} % is of fewer pods, or of another load."
    )
    agrees = about(left, value, PRICE) == "confirmed"
    verdict: ClaimVerdict = "not_yet_modelled" if agrees else "inconsistent"
    return Redone(claim, left, verdict, why, (STATED, f"claim {other.id}"), later=EDGE)


def _rate_rule(claim: Claim) -> Redone:
    """Count what a person, two behind one address, and a bot that polls like a person make in a window."""
    polls = claim.number("window_s") / claim.number("poll_s")
    each = polls + 2  # a join and an enter

    def spared(people: float) -> ClaimVerdict:
        return at_most(exactly(people * each), claim.figure)

    def stopped(poll_s: float) -> ClaimVerdict:
        return "confirmed" if claim.number("window_s") / poll_s + 2 > claim.figure else "refuted"

    verdict = weakest([spared(1), in_every_case([spared(2), stopped(claim.number("poll_s")), stopped(1.0)])])
    fastest = claim.number("window_s") / max(claim.figure - 2, 1.0)
    why = (
        f"One person alone makes {number(polls)} polls, a join and an enter: {number(each)}. Two tabs, or two people "
        f"behind one address, make {number(2 * each)}: {'let through' if spared(2) == 'confirmed' else 'blocked'}. "
        f"A bot is stopped only if it polls more often than every {clock(fastest)}; one that polls as a person does "
        f"makes {number(each)} as well. Every request of an address counts, those for the page and its pictures too."
    )
    flips = (
        *bisected("people, or tabs, behind one address", spared, 1, 1000),
        *bisected("clients.bots.poll_interval_s", stopped, 1, 60, unit=" s"),
    )
    return Redone(claim, exactly(each), verdict, why, (STATED,), flips, NO_CROWD, EDGE)


SUMS = {
    "waf.blocked": Sum(_blocked),
    "waf.gateway_cpu": Sum(_gateway_cpu),
    "waf.rate_rule": Sum(_rate_rule, (Vary("poll_s", "clients.poll_interval_s", (0.5,)),)),
}
