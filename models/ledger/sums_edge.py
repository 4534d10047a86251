"""What follows from arithmetic and sourced costs for the edge, the mesh, and all layers of security together.

Nothing here is modelled yet: where a sum contradicts itself that is the verdict, where it does not a run is to come.
"""

from __future__ import annotations

from models.judge.wording import clock, number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, at_most, exactly, in_every_case, weakest
from models.ledger.facts import facts, firm, origin
from models.ledger.flips import bisected, by_case
from models.ledger.sums import PRICE, ROUNDING, STATED, Redone, Sum, Vary, known, listed, priced_by
from models.ledger.sums_backend import room_requests
from models.scenario import Scenario
from sim.estimate import Estimate

EDGE = "a run with the edge (WAF, bot control, CAPTCHA) modelled"
MESH = "a run with the mesh modelled"
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


def _mesh_latency(claim: Claim) -> Redone:
    """Check the published shares, and hold what a hop adds at p99 against Istio's own figure."""
    own, p99 = facts(), claim.number("p99_ms")
    hop = own.ambient_hop_ms
    rise, middle = (
        100 * (claim.number(f"ambient_{name}_ms") / claim.number(f"{name}_ms") - 1) for name in ("p99", "p50")
    )
    beside = 100 * (claim.number("sidecar_p99_ms") / p99 - 1)

    def verdict_at(added_ms: float) -> ClaimVerdict:
        return about(exactly(100 * added_ms / p99), claim.figure, PRICE)

    why = (
        f"Ambient is +{number(middle)} % at p50 and +{number(rise)} % at p99, sidecars +{number(beside)} %: the "
        f"percentages are right. But +{number(p99 * rise / 100)} ms at p99 is {number(p99 * rise / 100 / hop.value)} "
        f"times the {number(hop.value)} ms that Istio itself states for a hop, and sidecars' "
        f"+{number(p99 * beside / 100)} ms {number(p99 * beside / 100 / own.sidecar_hop_ms.value)} times its "
        f"{number(own.sidecar_hop_ms.value)} ms: so much is a queue, or a busy node, and not the mesh's own work."
    )
    sound, sourced = about(exactly(rise), claim.figure, ROUNDING), verdict_at(hop.value)
    # what is remembered cannot refute
    held: ClaimVerdict = "conditional" if sourced == "refuted" and not firm(hop) else sourced
    verdict = held if sound == "confirmed" else "inconsistent"
    fits = p99 * claim.figure / 100
    flips = (
        *by_case("what a hop adds at p99, measured", {f"{number(fits)} ms": verdict_at(fits)}),
        *bisected("what a hop adds at p99, measured", verdict_at, fits, 0.0, 10 * fits, unit=" ms"),
    )
    rest = (STATED, origin(hop), origin(own.sidecar_hop_ms))
    return Redone(claim, exactly(100 * hop.value / p99), verdict, why, rest, flips, later=MESH)


def _mesh_cpu(claim: Claim) -> Redone:
    """Work out the share of the gateway's CPU that ztunnel takes, by how many requests a second go through it."""
    own, gateway = facts(), Scenario().gateway
    each, sidecar = own.ztunnel_cores_per_1000_rps, own.sidecar_cores_per_1000_rps
    cores = gateway.pods * gateway.cpu_cores * claims()["gateway.cpu_30k"].figure / 100
    loads = {"calls to the backend alone": claims()["admission.wait_rate"].figure, "clients' requests too": 30_000.0}

    def share(rps: float, per_1000: float) -> Estimate:
        return exactly(100 * per_1000 * rps / 1000 / cores)

    def verdict_at(rps: float) -> ClaimVerdict:
        return at_most(share(rps, each.value), claim.figure)

    said = "; ".join(
        f"{what} ({number(rps)} RPS): {number(share(rps, each.value).best)} % in ambient, "
        f"{number(share(rps, sidecar.value).best)} % with sidecars"
        for what, rps in loads.items()
    )
    why = (
        f"Of the {number(cores)} cores that {number(gateway.pods)} pods use at 30,000 RPS by the talk, {said}. "
        "The talk does not say what goes through the mesh; Redis does not."
    )
    flips = (
        *by_case("what goes through the mesh", {what: verdict_at(rps) for what, rps in loads.items()}),
        *bisected("requests a second through the mesh", verdict_at, min(loads.values()), 1e6),
    )
    low, high = sorted(share(rps, each.value).best for rps in loads.values())
    verdict = in_every_case([verdict_at(rps) for rps in loads.values()])
    rest = (STATED, origin(each), origin(sidecar))
    return Redone(claim, Estimate(low, (low + high) / 2, high, 2), verdict, why, rest, flips, later=MESH)


def _total(claim: Claim) -> Redone:
    """Add up CPU, milliseconds and dollars of all layers, the dollars at list prices and at the talk's."""
    cost, prices = Scenario().cost, listed().prices
    request, common = (
        known(prices.waf_usd_per_million_requests),
        known(prices.bot_control_common_usd_per_million_requests),
    )
    talk_usd, bounds = claims()["waf.price"].figure, (claim.number("least_usd"), claim.number("most_usd"))
    cpu = exactly(claim.number("mesh_percent") + claim.number("falco_percent"))
    ms = claims()["mesh.latency"].number("ambient_p99_ms") - claims()["mesh.latency"].number("p99_ms")
    millions = room_requests() / 1e6 * cost.events_per_month
    people = claims()["demand.status_rps"].number("clients") * cost.captcha_percent / 100
    captcha = people / 1000 * known(prices.captcha_usd_per_thousand_attempts).value * cost.events_per_month
    rules = cost.waf_rules * known(prices.waf_rule_usd_per_month).value
    fees = rules + known(prices.waf_acl_usd_per_month).value + known(prices.bot_control_usd_per_month).value

    def month_at(per_million: float) -> float:
        return claim.number("teleport_usd") + fees + captcha + millions * per_million

    def money(per_million: float) -> ClaimVerdict:
        usd = exactly(month_at(per_million))
        return weakest([at_least(usd, bounds[0]), at_most(usd, bounds[1])])

    mine = request.value + common.value
    rest_of = weakest([at_most(cpu, claim.figure), at_most(exactly(ms), claim.number("ms"))])
    cases = {f"${usd:.2f}": weakest([rest_of, money(usd)]) for usd in (mine, talk_usd)}
    why = (
        f"CPU: {number(cpu.best)} %. Latency: {number(ms)} ms at p99 of the mesh; operators' access is not on the way. "
        f"Money, for {number(cost.events_per_month)} events of {number(room_requests() / 1e6)} million requests a "
        f"month: ${number(month_at(mine))} at list prices, ${number(month_at(talk_usd))} at the ${number(talk_usd)} a "
        f"million that the talk itself has for the WAF; ${number(claim.number('teleport_usd'))} of it are Teleport."
    )
    flips = (
        *by_case("a million requests at the edge", cases),
        *bisected("a million requests at the edge, $", lambda usd: weakest([rest_of, money(usd)]), mine, 10 * mine),
    )
    rest = (STATED, priced_by(request), priced_by(common), "assumption: cost.events_per_month")
    return Redone(claim, cpu, in_every_case([*cases.values()]), why, rest, flips, later=f"{EDGE}; {MESH}")


SUMS = {
    "waf.blocked": Sum(_blocked),
    "waf.gateway_cpu": Sum(_gateway_cpu),
    "waf.rate_rule": Sum(_rate_rule, (Vary("poll_s", "clients.poll_interval_s", (0.5,)),)),
    "mesh.latency": Sum(_mesh_latency),
    "mesh.cpu": Sum(_mesh_cpu),
    "security.total": Sum(_total),
}
