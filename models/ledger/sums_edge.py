"""What follows for the web ACL from arithmetic: whom it stops, whom it refuses wrongly, and what it spares.

These are sums and no runs: where one contradicts itself that is the verdict, where it does not, runs are to come.
"""

from __future__ import annotations

import math

from models.judge.wording import clock, number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, at_most, exactly, in_every_case, weakest
from models.ledger.facts import facts, origin
from models.ledger.flips import bisected, by_case
from models.ledger.shared_addresses import MIX, RULE, SUBSCRIBERS, line_s, people_refused, requests_refused, sharing
from models.ledger.sums import PRICE, ROUNDING, STATED, Redone, Sum, Vary
from models.scenario.edge import Addresses
from sim.estimate import Estimate

EDGE = "runs of waf-off, waf-on and waf-carrier-nat as evidence"
NO_CROWD = "no number of people behind an address, and no interval of a bot's polls, decides it"
LEAST_REQUESTS = 3
"""What anybody makes who gets through a line: a join, one poll, an enter."""
LONGER = 2
"""How many times as long as the talk's a line may well last: at half its rate, or with twice the people."""


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
        why += _of_people(share - bots.figure, bots.figure)
    consistent = adds_up == "confirmed" and enough == "confirmed"
    verdict: ClaimVerdict = "not_yet_modelled" if consistent else "inconsistent"
    rest = (STATED, f"claim {demand.id}", f"claim {bots.id}", RULE, MIX)
    return Redone(claim, exactly(share), verdict, why, rest, later=EDGE)


def _of_people(share: float, bots: float) -> str:
    """Say under what assumptions people's requests are that *share* of all that are blocked, both in percent."""
    needed, short, long = 100 * share / (100 - bots), line_s(), LONGER * line_s()
    found = {length: requests_refused(length) for length in (short, long)}
    return (
        f" If bots are {number(bots)} % and poll as people do, {number(share)} % of all requests were people's, and "
        f"blocked: {number(needed)} % of theirs, even if no bot gets through. By the addresses assumed here, the rule "
        f"blocks {number(found[short])} % of them in a line of {clock(short)} and {number(found[long])} % in one of "
        f"{clock(long)}: {_had(needed, found)}"
    )


def _had(needed: float, found: dict[float, float]) -> str:
    """Say in which of these lines, by their length in seconds, at least so many percent are refused."""
    lines = [length for length, percent in sorted(found.items()) if percent >= needed]
    return f"enough in a line of {clock(lines[0])}." if lines else "too few in either, so the split cannot be had."


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
    fewest = math.floor(claim.figure / each) + 1
    why = (
        f"One person alone makes {number(polls)} polls, a join and an enter: {number(each)}. Two tabs, or two people "
        f"behind one address, make {number(2 * each)}: {'let through' if spared(2) == 'confirmed' else 'blocked'}. "
        f"A bot is stopped only if it polls more often than every {clock(fastest)}; one that polls as a person does "
        f"makes {number(each)} as well, and one that polls every second gets through with "
        f"{number(math.ceil((claim.number('window_s') + 2) / claim.figure))} addresses by turns. Every request of an "
        f"address counts, those for the page and its pictures too. {_sharing(fewest)}"
    )
    flips = (
        *bisected("people, or tabs, behind one address", spared, 1, 1000),
        *bisected("clients.bots.poll_interval_s", stopped, 1, 60, unit=" s"),
    )
    return Redone(claim, exactly(each), verdict, why, (STATED, RULE, MIX), flips, NO_CROWD, EDGE)


def _sharing(fewest: int) -> str:
    """Say how many people share an address with so many that all of them exceed the limit, and are refused by it."""
    short, long = line_s(), LONGER * line_s()
    return (
        f"By the addresses assumed here {number(sharing(fewest))} % of people are {fewest} or more behind theirs; in a "
        f"line of {clock(short)} {number(people_refused(short))} % of people are still in it when the block holds, in "
        f"one of {clock(long)} {number(people_refused(long))} %."
    )


def _captcha(claim: Claim) -> Redone:
    """Count who exceeds the rate rule because of others at the same address, if that rule is what asks."""
    solve_s, clicked, typed = claim.number("solve_s"), facts().captcha_click_s, facts().captcha_text_s
    short, each = line_s(), Addresses().carrier_nat.subscribers
    # how long other CAPTCHAs take cannot refute what is said of this one
    quick: ClaimVerdict = "confirmed" if solve_s >= clicked.value else "conditional"

    def asked(percent: float) -> ClaimVerdict:
        return weakest([at_most(exactly(percent), claim.figure), quick])

    def asked_with(subscribers: float) -> ClaimVerdict:
        return asked(people_refused(short, round(subscribers)))

    shares = {subscribers: people_refused(short, subscribers) for subscribers in SUBSCRIBERS}
    by_line = {length: people_refused(length) for length in (short / LONGER, short, LONGER * short)}
    said = ", ".join(f"{number(share)} % with {number(subscribers)}" for subscribers, share in shares.items())
    why = (
        f"If it is the rate rule that asks, who sees a CAPTCHA has others at the same address. In a line of "
        f"{clock(short)} that are {said} subscribers behind an address of a carrier; with {number(each)}, "
        f"{number(by_line[short / LONGER])} % in a line of {clock(short / LONGER)} and "
        f"{number(by_line[LONGER * short])} % in one of {clock(LONGER * short)}. A join or a poll that is answered "
        f"with one needs its integration in the page: without it nobody can solve it. {clock(solve_s)} are "
        f"{'no ' if quick == 'confirmed' else ''}less than the {clock(clicked.value)} of the quickest kind that was "
        f"measured, a click; typed text takes {clock(typed.value)} or more, and nobody publishes it of AWS's own."
    )
    verdict = in_every_case([asked(share) for share in (*shares.values(), *by_line.values())])
    setting, ends = "edge.addresses.carrier_nat.subscribers", (min(SUBSCRIBERS), max(SUBSCRIBERS))
    lines = {clock(length): asked(share) for length, share in by_line.items()}
    flips = (
        *bisected(setting, asked_with, *ends),
        *bisected(setting, asked_with, *reversed(ends)),
        *by_case("how long the line lasts", lines),
    )
    found = Estimate(min(shares.values()), by_line[short], max(shares.values()), len(shares))
    return Redone(claim, found, verdict, why, (STATED, RULE, MIX, origin(clicked), origin(typed)), flips, later=EDGE)


SUMS = {
    "waf.blocked": Sum(_blocked),
    "waf.gateway_cpu": Sum(_gateway_cpu),
    "waf.rate_rule": Sum(_rate_rule, (Vary("poll_s", "clients.poll_interval_s", (0.5,)),)),
    "waf.captcha": Sum(_captcha),
}
