"""Claims about the demand, the admissions, the order of the line, and those who leave it or do not belong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.claims import Claim, ClaimVerdict, claims
from models.judge.wording import clock, number
from models.ledger.arithmetic import redone
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.entry import Entry, Flip, about, at_least, at_most, exactly, scaled, that_change, weakest
from models.ledger.flips import COMPUTED, OPEN, RUN
from models.ledger.rates import RateRow, good_rates, rate_rows
from models.ledger.runs import RATES_RPS
from sim.estimate import Estimate

NEAR = 0.1
"""Share by which a simulated figure may be off a published one and still be about it."""


def _status_rps(claim: Claim, sources: Sources) -> Entry:
    run, own = sources["spread"], redone(claim)
    peak, second = run.kpi("requests.status_rps_peak_60s"), run.best("requests.status_rps_peak")
    mean = run.best("requests.status_rps_mean")
    near = weakest([own.verdict, about(peak, claim.figure, NEAR)])
    in_step = second > (1 + NEAR) * claim.figure
    why = (
        f"The sum comes to {number(own.found.best)}, and the busiest minute has {number(peak.best)} RPS. "
        f"{'But those who start together poll in step: t' if in_step else 'T'}he busiest second has {number(second)}; "
        f"over the whole event the mean is {number(mean)}."
    )
    verdict = "conditional" if near == "confirmed" and in_step else near
    return Entry(claim, verdict, peak, claim.unit, why, (*own.rests_on, *rests_on(run)), no_flip=OPEN)


def _enough(claim: Claim, sources: Sources) -> Entry:
    run, told = sources["spread"], sources["told_1000"]
    peak = run.kpi("requests.status_rps_peak_60s")
    limit = claim.figure
    longer = {poll: sources[f"poll_{poll}_spread"].best("requests.status_rps_peak_60s") for poll in (10, 12)}
    why = (
        f"The busiest minute asks for {number(peak.best)} RPS, and for {clock(run.best('fact.enough_exceeded_s'))} it "
        f"is more than {number(limit)} in a second. With polls every 10 s it is {number(longer[10])}, every 12 s "
        f"{number(longer[12])}; if people are told that the seats are gone, "
        f"{number(told.best('requests.status_rps_peak_60s'))}."
    )
    enough = [poll for poll, rps in longer.items() if rps <= limit]
    flips = [Flip("clients.poll_interval_s", f"{poll} or more", "confirmed", RUN) for poll in enough[:1]]
    verdict = at_most(peak, limit)
    return Entry(claim, verdict, peak, claim.unit, why, rests_on(run), that_change(verdict, *flips), OPEN)


def _wait_rate(claim: Claim, sources: Sources) -> Entry:
    """Judge by the rate at which the mean wait becomes what is asked for: of those that were run, and between them."""
    own, wait = redone(claim), claim.number("mean_wait_s")
    means = {rate: sources[f"rate_{rate}"].best("wait.mean_s") for rate in RATES_RPS}
    rest = (*own.rests_on, *rests_on(*(sources[f"rate_{rate}"] for rate in RATES_RPS)))
    enough = min((rate for rate, mean in means.items() if mean <= wait), default=None)
    if enough is None:
        why = f"{own.why} Simulated, none of the rates up to {number(max(RATES_RPS))} per second keeps it."
        return Entry(claim, "refuted", None, claim.unit, why, rest, no_flip=OPEN)
    below = max((rate for rate in RATES_RPS if rate < enough), default=None)
    made = [f"{number(rate)} per second make a mean wait of {clock(means[rate])}" for rate in (below, enough) if rate]
    longest = sources["rate_1000"].best("wait.max_s")
    why = f"{own.why} Simulated, {' and '.join(made)}; with 1,000 the longest is {clock(longest)}."
    # of a line that empties evenly the mean wait is the longer, the lower the rate, in proportion
    needed = exactly(enough * means[enough] / wait)
    if below is not None:
        needed = Estimate(float(below), min(below * means[below] / wait, float(enough)), float(enough), 2)
    verdict = weakest([own.verdict, about(exactly(needed.best), claim.figure, NEAR)])
    longest_kept = at_most(exactly(longest), (1 + NEAR) * wait)
    flips = that_change(verdict, Flip("the wait that is meant", "the longest instead of the mean", longest_kept, RUN))
    return Entry(claim, verdict, needed, claim.unit, why, rest, flips, OPEN)


def _optimal(claim: Claim, sources: Sources) -> Entry:
    rows = {row.rate_rps: row for row in rate_rows(sources)}
    good, mine = good_rates(sources), rows[1000]
    rest = rests_on(*(sources[f"rate_{rate}"] for rate in RATES_RPS))
    if not good:
        why = "No rate that was tried keeps both the mean wait and the backend's capacity."
        return Entry(claim, "refuted", None, claim.unit, why, rest, no_flip=OPEN)
    cheapest = _cheapest(rows, good)
    why = (
        f"Of the rates tried, {', '.join(map(number, good))} per second keep the mean wait and the backend's capacity. "
        f"1,000 makes a mean wait of {clock(mine.mean_wait_s)}, uses {number(mine.backend_percent)} % of the backend "
        f"in its busiest minute and costs ${mine.cost_usd:.2f} an event; the cheapest, {number(cheapest)}, makes "
        f"one of {clock(rows[cheapest].mean_wait_s)}, uses {number(rows[cheapest].backend_percent)} % and costs "
        f"${rows[cheapest].cost_usd:.2f}."
    )
    verdict: ClaimVerdict = "refuted" if 1000 not in good else "confirmed" if cheapest == 1000 else "conditional"
    twin = Estimate(float(min(good)), float(cheapest), float(max(good)), len(RATES_RPS))
    flips = tuple(_optimal_flips(rows, good, sources)) if verdict == "conditional" else ()
    return Entry(claim, verdict, twin, claim.unit, why, rest, flips, OPEN)


def _optimal_flips(rows: Mapping[int, RateRow], good: Sequence[int], sources: Sources) -> Iterator[Flip]:
    """Yield by what balance 1,000 is not the best of the rates that are good, and with what backend it is."""
    yield Flip("the balance", "cost alone, of the rates that keep wait and backend", "refuted", RUN)
    higher, lower = [rate for rate in good if rate > 1000], [rate for rate in good if rate <= 1000]
    if higher and _cheapest(rows, lower) == 1000:
        asked = sources[f"rate_{min(higher)}"].best("admission.rps_peak_60s")
        at = f"below {number(asked)}, so that no higher rate is left"
        yield Flip("backend.reservation_capacity_rps", at, "confirmed", RUN)


def _cheapest(rows: Mapping[int, RateRow], rates: Sequence[int]) -> int:
    return min(rates, key=lambda rate: rows[rate].cost_usd)


def _protects(claim: Claim, sources: Sources) -> Entry:
    run, reservation = sources["spread"], claims()["backend.reservation"]
    capacity, offered = reservation.number("capacity_rps"), reservation.number("offered_rps")
    peak, limit = run.kpi("admission.rps_peak"), claim.figure
    used, own = scaled(run.kpi("admission.rps_peak_60s"), 100 / capacity), 100 * offered / capacity
    why = (
        f"The bucket starts full: in the busiest second {number(peak.best)} are let in, not {number(offered)}. And "
        f"{number(offered)} of {number(capacity)} RPS are {number(own)} % of what it can do, as the talk says "
        f"itself elsewhere; under {number(limit)} % of CPU would be a capacity of {number(offered / limit * 100)} RPS."
    )
    verdict = "inconsistent" if at_most(exactly(own), limit) == "refuted" else at_most(peak, offered)
    return Entry(claim, verdict, used, claim.unit, why, (*rests_on(run), f"claim {reservation.id}"), no_flip=OPEN)


def _reservation(claim: Claim, sources: Sources) -> Entry:
    run, to_percent = sources["spread"], 100 / claim.number("capacity_rps")
    steady = scaled(run.kpi("admission.rps_peak_60s"), to_percent)
    second = scaled(run.kpi("admission.rps_peak"), to_percent)
    own, value = exactly(claim.number("offered_rps") * to_percent), claim.figure
    why = (
        f"{number(own.best)} % by its own sum; simulated, the busiest minute takes {number(steady.best)} % and the "
        f"busiest second {number(second.best)} %, as the bucket starts full."
    )
    verdict = weakest([about(own, value, NEAR), about(steady, value, NEAR), at_most(second, 100.0)])
    return Entry(claim, verdict, steady, claim.unit, why, (*rests_on(run), "claim's own inputs"), no_flip=OPEN)


def _oversell(claim: Claim, sources: Sources) -> Entry:
    run, real = sources["hot"], sources.measured
    over, sold = run.kpi("seats.oversold"), run.best("seats.sold")
    given, repeated, too_many = (real.of(f"passes.{name}") for name in ("given", "repeated", "too_many"))
    verdict = weakest([at_most(over, 0.0), at_most(repeated, 0.0), at_most(too_many, 0.0)])
    why = (
        f"{number(sold)} seats sold, {number(over.best)} twice; a real Redis gave {number(given.best)} passes, "
        f"{number(repeated.best)} twice and {number(too_many.best)} more than the rate allows. True if the Inventory "
        "API takes a seat by one conditional write, as the twin assumes: its own code is not modelled."
    )
    found = "conditional" if verdict == "confirmed" else verdict
    flips = that_change(
        found, Flip("the write that takes a seat", "not conditional on its being free", "refuted", COMPUTED)
    )
    return Entry(claim, found, over, claim.unit, why, (*rests_on(run), real.origin), flips, OPEN)


def _fifo(claim: Claim, sources: Sources) -> Entry:
    given, counter, agreed = sources["told"], sources["counter"], sources["clocks_agree"]
    lost, real = given.kpi("fairness.max_places_lost"), sources.measured
    by_clock, by_counter = real.of("order.places_lost_pod_clock"), real.of("order.places_lost_counter")
    why = (
        f"The unluckiest of those let in loses {number(lost.best)} places between sending the join and being called, "
        f"with pods' clocks {number(given.scenario.gateway.clock_skew_ms)} ms apart. With clocks that agree it is "
        f"{number(agreed.best('fairness.max_places_lost'))}, with a counter in Redis "
        f"{number(counter.best('fairness.max_places_lost'))}: what is left comes of the way through network and "
        f"gateway. On a real Redis, asked in order, skewed clocks cost {number(by_clock.best)} places and a counter "
        f"{number(by_counter.best)}."
    )
    verdict = weakest([at_most(lost, 0.0), at_most(by_clock, 0.0)])
    strict = at_most(by_counter, 0.0)
    who = "who reaches Redis first, with waiting_room.ticket_order = counter"
    flips = that_change(verdict, Flip("first come", who, strict, RUN))
    return Entry(claim, verdict, lost, "places", why, (*rests_on(given, counter, agreed), real.origin), flips, OPEN)


def _cleanup(claim: Claim, sources: Sources) -> Entry:
    run, real = sources["silent"], sources.measured
    expired, left = run.best("fact.expired"), run.kpi("fact.waiting_at_end")
    silent, alive = real.of("expiry.silent_left_percent"), real.of("expiry.alive_left_percent")
    within = run.scenario.waiting_room.heartbeat_ttl_s + run.scenario.waiting_room.expire_every_s
    verdict = weakest([at_most(left, 0.0), at_most(silent, 0.0), at_least(alive, 100.0)])
    why = (
        f"{number(expired)} people who stopped polling were removed, within about {clock(within)} of their last sign, "
        f"and {number(left.best)} were still in line at the end; on a real Redis {number(silent.best)} % of the silent "
        f"were left and {number(alive.best)} % of the others."
    )
    return Entry(claim, verdict, left, "people", why, (*rests_on(run), real.origin), no_flip=OPEN)


def _bots(claim: Claim, sources: Sources) -> Entry:
    run, slow = sources["told"], sources["slow_bots"]
    share, slowly = run.kpi("bots.seat_share_percent"), slow.kpi("bots.seat_share_percent")
    quick_s, slow_s = (each.scenario.clients.bots.reaction_median_s for each in (run, slow))
    why = (
        f"That {number(claim.figure)} % are bots is an input. With a reaction of {quick_s:g} s they take "
        f"{number(share.best)} % of the seats; reacting like a slow person, in {slow_s:g} s, {number(slowly.best)} %."
    )
    verdict, otherwise = _more_than_their_share(claim, share), _more_than_their_share(claim, slowly)
    slower = Flip("clients.bots.reaction_median_s", f"{slow_s:g} (slower than people)", otherwise, RUN)
    return Entry(claim, verdict, share, claim.unit, why, rests_on(run, slow), that_change(verdict, slower), OPEN)


def _more_than_their_share(claim: Claim, seats: Estimate) -> ClaimVerdict:
    """Return what follows if bots, whose share of the crowd is given, take this share of the seats, in percent."""
    return "refuted" if at_most(seats, claim.figure) != "refuted" else "conditional"


_RATE_RUNS = tuple(f"rate_{rate}" for rate in RATES_RPS)
CHECKS = {
    "demand.status_rps": Check(_status_rps, ("spread",), ("arithmetic",)),
    "demand.enough_30k": Check(_enough, ("spread", "told_1000", "poll_10_spread", "poll_12_spread")),
    "admission.wait_rate": Check(_wait_rate, _RATE_RUNS, ("arithmetic",)),
    "admission.optimal": Check(_optimal, _RATE_RUNS, ("cost",)),
    "admission.protects": Check(_protects, ("spread",)),
    "backend.reservation": Check(_reservation, ("spread",)),
    "inventory.no_oversell": Check(_oversell, ("hot",), ("real",)),
    "fairness.fifo": Check(_fifo, ("told", "counter", "clocks_agree"), ("real",)),
    "heartbeat.cleanup": Check(_cleanup, ("silent",), ("real",)),
    "bots.share": Check(_bots, ("told", "slow_bots")),
}
