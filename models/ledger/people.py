"""Claims about the people in line: their order, who leaves it or does not belong in it, and that seats go once."""

from __future__ import annotations

from models.judge.wording import clock, number
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.claims import Claim, ClaimVerdict
from models.ledger.entry import (
    Entry,
    Flip,
    at_least,
    at_most,
    that_change,
    weakest,
)
from models.ledger.evidence import Evidence
from models.ledger.facts import facts, origin
from models.ledger.flips import OPEN, bisected
from models.ledger.runs import REACTIONS_S, SILENT_TTLS_S
from models.scenario.arrival import RushArrival
from sim.estimate import Estimate

PLACES, NO_REMOVAL = "fairness.max_places_lost", "the run without removal"
NEAR = 0.1
"""Share by which a simulated figure may be off a published one and still be about it."""


def _oversell(claim: Claim, sources: Sources) -> Entry:
    """No run sells a seat twice, by construction: told is whether passes repeat, and on what write it hangs."""
    run, real, gap = sources["hot"], sources.measured, facts().read_then_write_ms
    over, sold = run.kpi("seats.oversold"), run.best("seats.sold")
    given, repeated, too_many = (real.of(f"passes.{name}") for name in ("given", "repeated", "too_many"))
    bounded, rate = (
        weakest([at_most(found, 0.0) for found in (over, repeated, too_many)]),
        run.scenario.admission.rate_rps,
    )
    why = (
        f"That {number(over.best)} of {number(sold)} seats are sold twice in a run is no evidence: the twin's backend "
        "takes a seat by one write that fails if it is taken, and so cannot. True if the Inventory API does the same. "
        f"Measured is what comes before: a real Redis gave {number(given.best)} passes, {number(repeated.best)} twice "
        f"and {number(too_many.best)} more than the rate allows. If a seat is read first and then written "
        f"unconditionally, {number(gap.value)} ms later, {number(rate * gap.value / 1000)} reservations lie between "
        "the two at any time."
    )

    def verdict_at(gap_ms: float) -> ClaimVerdict:
        return weakest([bounded, "refuted" if rate * gap_ms / 1000 >= 1 else "confirmed"])

    verdict = weakest([bounded, "conditional"])
    setting = "time between reading a seat and writing it unconditionally"
    flips = that_change(verdict, *bisected(setting, verdict_at, 0, 1000, unit=" ms"))
    rest = (*rests_on(run), real.origin, origin(gap))
    return Entry(claim, verdict, over, claim.unit, why, rest, flips, OPEN, "a run with the inventory's writes modelled")


def _fifo(claim: Claim, sources: Sources) -> Entry:
    """Count the places that the unluckiest loses, of one event and of ten; guaranteed allows none."""
    one, ten, counter, agreed = (sources[name] for name in ("hot", "told", "counter", "clocks_agree"))
    lost, real = one.kpi(PLACES), sources.measured
    by_clock, by_counter = real.of("order.places_lost_pod_clock"), real.of("order.places_lost_counter")
    why = (
        f"The unluckiest of those let in loses {number(lost.best)} places between sending the join and being called if "
        f"all are of one event, {number(ten.best(PLACES))} of ten, with pods' clocks "
        f"{number(one.scenario.gateway.clock_skew_ms)} ms apart; of ten with clocks that agree "
        f"{number(agreed.best(PLACES))}, with a counter in Redis {number(counter.best(PLACES))}: what is left comes of "
        f"the way through network and gateway. On a real Redis, asked in order, skewed clocks cost "
        f"{number(by_clock.best)} places and a counter {number(by_counter.best)}. As deployed the score was the whole "
        f"second and a random token: everybody of one second was shuffled, up to the "
        f"{number(one.best('fact.ceiling_rps'))} requests that a primary takes in it."
    )
    verdict = weakest([at_most(found, 0.0) for found in (lost, ten.kpi(PLACES), by_clock)])
    who = "who reaches Redis first, with waiting_room.ticket_order = counter"
    flips = that_change(verdict, Flip("first come", who, at_most(by_counter, 0.0), "measured on a real Redis"))
    rest = (*rests_on(one, ten, counter, agreed), real.origin, "gateway-api repository, October 2025: scores")
    return Entry(claim, verdict, lost, "places", why, rest, flips, OPEN)


def _cleanup(claim: Claim, sources: Sources) -> Entry:
    """Hold a line whose people fall silent against the same line without removal: there they must remain."""
    real, runs = sources.measured, {ttl: sources[f"silent_{ttl}"] for ttl in SILENT_TTLS_S}
    run, without = runs[min(SILENT_TTLS_S)], runs[max(SILENT_TTLS_S)]
    expired, left, stay = run.best("fact.expired"), run.kpi("fact.waiting_at_end"), without.kpi("fact.waiting_at_end")
    silent, alive = real.of("expiry.silent_left_percent"), real.of("expiry.alive_left_percent")
    on_redis = weakest([at_most(silent, 0.0), at_least(alive, 100.0)])
    room = run.scenario.waiting_room
    why = (
        f"{number(expired)} people were removed because their heartbeat had stopped, within about "
        f"{clock(room.heartbeat_ttl_s + room.expire_every_s)} of their last sign, {number(run.best('fact.lapsed'))} "
        f"were called first and did not come, and {number(left.best)} were still in line at the end; without removal "
        f"{number(stay.best)} are. On a real Redis {number(silent.best)} % of the silent were left and "
        f"{number(alive.best)} % of the others. It takes a pass that removes them, every {clock(room.expire_every_s)} "
        "here: an assumption. As deployed a place went only if its owner polled again, and an abandoned head of the "
        "line stayed for up to an hour."
    )
    works = weakest([on_redis, _all_gone(run, stay)])
    verdict = weakest([works, "conditional"])
    as_deployed = Flip("places are removed", "only if their owner polls again, as deployed", _kept(stay), NO_REMOVAL)
    flips = that_change(verdict, *sources.flips["silent_ttl"].flip(verdict, "refuted", verdict), as_deployed)
    rest = (*rests_on(*runs.values()), real.origin, "gateway-api repository, October 2025: removal")
    return Entry(claim, verdict, left, "people", why, rest, flips, OPEN)


def _all_gone(run: Evidence, stay: Estimate) -> ClaimVerdict:
    """Return whether the heartbeat removes who is silent; if none remain without it either, the run cannot tell."""
    if at_least(stay, 1.0) != "confirmed":
        return "conditional"
    return weakest([at_most(run.kpi("fact.waiting_at_end"), 0.0), at_least(run.kpi("fact.expired"), 1.0)])


def _kept(stay: Estimate) -> ClaimVerdict:
    """Return what becomes of the claim where nobody is removed: false if somebody remains."""
    return "refuted" if at_least(stay, 1.0) == "confirmed" else "conditional"


def _bots(claim: Claim, sources: Sources) -> Entry:
    """Hold the seats of bots against their share of the crowd, and find the reaction at which they win no more."""
    run = sources["told"]
    mine_s, seats = run.scenario.clients.bots.reaction_median_s, "bots.seat_share_percent"
    runs = {mine_s: run} | {reaction: sources[f"bots_{reaction:g}"] for reaction in REACTIONS_S}
    share, arrival = run.kpi(seats), run.scenario.clients.arrival
    choose = run.scenario.clients.bots.choose.median_s, run.scenario.event.choose.median_s
    people = f"; people react in {arrival.reaction_median_s:g} s" if isinstance(arrival, RushArrival) else ""
    found = ", ".join(f"{number(each.best(seats))} % in {reaction:g} s" for reaction, each in sorted(runs.items()))
    why = (
        f"That {number(claim.figure)} % are bots is an input, and that none is held up by the edge an assumption, as "
        f"is that they choose a seat in {choose[0]:g} s and people in {choose[1]:g}. By their reaction to the opening "
        f"they take of the seats {found}{people}. A "
        f"share within {number(100 * NEAR)} % of their own is no more than their share."
    )
    verdict = _more_than_their_share(claim, share)
    flips = sources.flips["bots_reaction"].flip("refuted", "conditional", verdict)
    no_flip = f"they take more than their share {sources.flips['bots_reaction'].where}"
    return Entry(claim, verdict, share, claim.unit, why, rests_on(*runs.values()), flips, no_flip)


def _more_than_their_share(claim: Claim, seats: Estimate) -> ClaimVerdict:
    """Return what follows if bots, whose share of the crowd is given, take this share of the seats, in percent."""
    return "refuted" if at_most(seats, (1 + NEAR) * claim.figure) == "confirmed" else "conditional"


CHECKS = {
    "inventory.no_oversell": Check(_oversell, ("hot",), ("real",)),
    "fairness.fifo": Check(_fifo, ("hot", "told", "counter", "clocks_agree"), ("real",)),
    "heartbeat.cleanup": Check(_cleanup, tuple(f"silent_{ttl}" for ttl in SILENT_TTLS_S), ("real",), ("silent_ttl",)),
    "bots.share": Check(
        _bots, ("told", *(f"bots_{reaction:g}" for reaction in REACTIONS_S)), searches=("bots_reaction",)
    ),
}
