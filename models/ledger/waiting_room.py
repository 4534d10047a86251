"""Claims about the demand, the admissions, the order of the line, and those who leave it or do not belong in it."""

from __future__ import annotations

from models.claims import Claim, ClaimVerdict, claims
from models.judge.wording import clock, number
from models.ledger.checks import Check, Sources, redone, rests_on
from models.ledger.entry import Entry, Flip, about, at_least, at_most, exactly, weakest
from models.ledger.rates import good_rates, rate_rows
from models.ledger.runs import RATES_RPS
from sim.estimate import Estimate


def _status_rps(claim: Claim, sources: Sources) -> Entry:
    run, own = sources["spread"], redone(claim)
    peak, second = run.kpi("requests.status_rps_peak_60s"), run.best("requests.status_rps_peak")
    mean = run.best("requests.status_rps_mean")
    published = claim.number("clients") / claim.number("poll_s")
    near = about(peak, published, 0.1)
    why = (
        f"The sum is right, and the busiest minute has {number(peak.best)} RPS. But those who start together poll in "
        f"step: the busiest second has {number(second)}; over the whole event the mean is {number(mean)}."
    )
    verdict = "conditional" if near == "confirmed" and second > 1.1 * published else near
    return Entry(claim, verdict, peak, claim.unit, why, (*own.rests_on, *rests_on(run)))


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
    flips = tuple(Flip("clients.poll_interval_s", f"{poll} or more", "confirmed") for poll in enough[:1])
    return Entry(claim, at_most(peak, limit), peak, claim.unit, why, rests_on(run), flips)


def _wait_rate(claim: Claim, sources: Sources) -> Entry:
    """Judge by the rate at which the mean wait becomes what is asked for, between two that were run."""
    own, wait = redone(claim), claim.number("mean_wait_s")
    means = {rate: sources[f"rate_{rate}"].best("wait.mean_s") for rate in RATES_RPS}
    enough = min((rate for rate, mean in means.items() if mean <= wait), default=None)
    if enough is None:
        why = f"{own.why} Simulated, none of the rates up to {number(max(RATES_RPS))} per second keeps it."
        return Entry(claim, "refuted", None, claim.unit, why, (*own.rests_on, *rests_on(sources["rate_1000"])))
    below = max((rate for rate in RATES_RPS if rate < enough), default=enough)
    longest = sources["rate_1000"].best("wait.max_s")
    needed = Estimate(float(below), own.value, float(enough), 2) if below <= own.value <= enough else None
    why = (
        f"{own.why} Simulated: {number(below)} per second make a mean wait of {clock(means[below])}, "
        f"{number(enough)} one of {clock(means[enough])}; with 1,000 the longest is {clock(longest)}."
    )
    verdict = own.verdict if needed is not None else "inconsistent"
    flips = (Flip("the wait that is meant", "the longest instead of the mean", at_most(exactly(longest), 1.1 * wait)),)
    return Entry(claim, verdict, needed, claim.unit, why, (*own.rests_on, *rests_on(sources["rate_1000"])), flips)


def _optimal(claim: Claim, sources: Sources) -> Entry:
    rows = {row.rate_rps: row for row in rate_rows(sources)}
    good, mine = good_rates(sources), rows[1000]
    rest = rests_on(*(sources[f"rate_{rate}"] for rate in RATES_RPS))
    if not good:
        why = "No rate that was tried keeps both the mean wait and the backend's capacity."
        return Entry(claim, "refuted", None, claim.unit, why, rest)
    cheapest = min(good, key=lambda rate: rows[rate].cost_usd)
    why = (
        f"Of the rates tried, {', '.join(map(number, good))} per second keep the mean wait and the backend's capacity. "
        f"1,000 makes a mean wait of {clock(mine.mean_wait_s)}, uses {number(mine.backend_percent)} % of the backend "
        "in "
        f"its busiest minute and costs ${mine.cost_usd:.2f} an event; {number(cheapest)} makes one of "
        f"{clock(rows[cheapest].mean_wait_s)}, uses {number(rows[cheapest].backend_percent)} % and costs "
        f"${rows[cheapest].cost_usd:.2f}, as people poll for a shorter time."
    )
    verdict: ClaimVerdict = "refuted" if 1000 not in good else "confirmed" if cheapest == 1000 else "conditional"
    flips = (
        Flip("the balance", "cost and wait, with the backend used up to what it can do", "refuted"),
        Flip("backend.reservation_capacity_rps", "1,050 or less, so that no higher rate is left", "confirmed"),
    )
    twin = Estimate(float(min(good)), float(cheapest), float(max(good)), len(RATES_RPS))
    return Entry(claim, verdict, twin, claim.unit, why, rest, flips if verdict == "conditional" else ())


def _protects(claim: Claim, sources: Sources) -> Entry:
    run, reservation = sources["spread"], claims()["backend.reservation"]
    capacity, offered = reservation.number("capacity_rps"), reservation.number("offered_rps")
    peak = run.kpi("admission.rps_peak")
    used = run.scenario.admission.rate_rps / capacity * 100
    limit = claim.figure
    why = (
        f"The rate is kept, but the bucket starts full: in the busiest second {number(peak.best)} are let in. And "
        f"{number(offered)} of {number(capacity)} RPS are {number(used)} % of what it can do, as the talk says "
        f"itself elsewhere; under {number(limit)} % of CPU would be a capacity of {number(offered / limit * 100)} RPS."
    )
    verdict = "inconsistent" if used > 2 * limit else at_most(peak, offered)
    flips = (Flip("admission.burst", "1", "inconsistent"),)
    return Entry(claim, verdict, exactly(used), claim.unit, why, (*rests_on(run), "claim backend.reservation"), flips)


def _reservation(claim: Claim, sources: Sources) -> Entry:
    run, capacity = sources["spread"], claim.number("capacity_rps")
    peak = run.kpi("admission.rps_peak")
    steady = 100 * run.best("admission.rps_peak_60s") / capacity
    second = 100 * peak.best / capacity
    own = 100 * claim.number("offered_rps") / capacity
    why = (
        f"{number(own)} % by its own sum; simulated, the busiest minute takes {number(steady)} % and the busiest "
        "second "
        f"{number(second)} %, as the bucket starts full."
    )
    value = claim.figure
    verdict = weakest(
        [about(exactly(own), value, 0.1), about(exactly(steady), value, 0.1), at_most(exactly(second), 100.0)]
    )
    return Entry(claim, verdict, exactly(steady), claim.unit, why, (*rests_on(run), "claim's own inputs"))


def _oversell(claim: Claim, sources: Sources) -> Entry:
    run, real = sources["hot"], sources.measured
    over, sold = run.kpi("seats.oversold"), run.best("seats.sold")
    passes = real.of("passes.repeated")
    verdict = weakest([at_most(over, 0.0), at_most(passes, 0.0), at_most(real.of("passes.too_many"), 0.0)])
    why = (
        f"{number(sold)} seats sold, {number(over.best)} twice; on a real Redis {number(passes.best)} passes were "
        "given "
        "twice. True if the Inventory API takes a seat by one conditional write, as the twin assumes: its own code is "
        "not modelled."
    )
    flips = (Flip("the write that takes a seat", "not conditional on its being free", "refuted"),)
    found = "conditional" if verdict == "confirmed" else verdict
    return Entry(claim, found, over, claim.unit, why, (*rests_on(run), real.origin), flips)


def _fifo(claim: Claim, sources: Sources) -> Entry:
    given, counter, agreed = sources["told"], sources["counter"], sources["clocks_agree"]
    lost, real = given.kpi("fairness.max_places_lost"), sources.measured
    why = (
        f"The unluckiest of those let in loses {number(lost.best)} places between sending the join and being called: "
        "by "
        f"pods' clocks {number(given.scenario.gateway.clock_skew_ms)} ms apart, and by the way through network and "
        f"gateway, which mixes as much with clocks that agree ({number(agreed.best('fairness.max_places_lost'))}) or a "
        f"counter in Redis ({number(counter.best('fairness.max_places_lost'))}). On a real Redis, asked in order, "
        "skewed "
        f"clocks cost {number(real.of('order.places_lost_pod_clock').best)} places and a counter "
        f"{number(real.of('order.places_lost_counter').best)}."
    )
    verdict = weakest([at_most(lost, 0.0), at_most(real.of("order.places_lost_pod_clock"), 0.0)])
    flips = (Flip("first come", "who reaches Redis first, with waiting_room.ticket_order = counter", "confirmed"),)
    return Entry(claim, verdict, lost, "places", why, (*rests_on(given, counter, agreed), real.origin), flips)


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
    return Entry(claim, verdict, left, "people", why, (*rests_on(run), real.origin))


def _bots(claim: Claim, sources: Sources) -> Entry:
    run, slow = sources["told"], sources["slow_bots"]
    share, value = run.kpi("bots.seat_share_percent"), claim.figure
    why = (
        f"That 20 % are bots is an input. With a reaction of {run.scenario.clients.bots.reaction_median_s:g} s they "
        f"take {number(share.best)} % of the seats; reacting like a slow person, in 2 s, "
        f"{number(slow.best('bots.seat_share_percent'))} %."
    )
    low = share.best if share.low is None else share.low
    verdict: ClaimVerdict = "conditional" if low > value else "refuted"
    flips = (Flip("clients.bots.reaction_median_s", "2 (slower than people)", "refuted"),)
    return Entry(claim, verdict, share, claim.unit, why, rests_on(run, slow), flips)


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
