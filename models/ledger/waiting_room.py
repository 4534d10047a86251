"""Claims about the demand, the rate of admissions, and what it leaves for the backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.judge.wording import clock, number
from models.ledger.arithmetic import redone
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import (
    Entry,
    Flip,
    about,
    at_most,
    exactly,
    interval_text,
    scaled,
    that_change,
    weakest,
)
from models.ledger.evidence import Evidence
from models.ledger.flips import OPEN, RUN, bisected, stepped
from models.ledger.rates import RateRow, possible_rates, rate_rows
from models.ledger.runs import JITTERS, RATES_RPS
from models.ledger.searches import BUSIEST_MINUTE, RESERVED_MINUTE, RESERVED_SECOND
from models.ledger.turn import holds, open_text, turn_of

ENOUGH = ("enough_polls", "enough_people")
"""Flips of the demand that are found by bisection of its runs."""
NEAR = 0.1
"""Share by which a simulated figure may be off a published one and still be about it."""


def _status_rps(claim: Claim, sources: Sources) -> Entry:
    """Hold the sum against the busiest minute, and against the busiest second, as who starts together polls in step."""
    run, own = sources["spread"], redone(claim)
    jitter = run.scenario.clients.poll_jitter_fraction
    runs = {jitter: run} | {value: sources[f"jitter_{value:g}"] for value in JITTERS}
    peak, second = run.kpi(BUSIEST_MINUTE), run.best("requests.status_rps_peak")

    def verdict_of(other: Evidence) -> ClaimVerdict:
        near = weakest([own.verdict, about(other.kpi(BUSIEST_MINUTE), claim.figure, NEAR)])
        in_step = at_most(other.kpi("requests.status_rps_peak"), (1 + NEAR) * claim.figure) != "confirmed"
        return "conditional" if near == "confirmed" and in_step else near

    verdict = verdict_of(run)
    why = (
        f"The sum comes to {number(own.found.best)}, and the busiest minute has {number(peak.best)} RPS. The busiest "
        f"second has {number(second)}, as people who start together poll in step until their intervals, apart by "
        f"{number(100 * jitter)} % at most, have spread them. {number(100 * NEAR)} % more or less counts as the figure."
    )
    flips = that_change(
        verdict, *stepped("clients.poll_jitter_fraction", {at: verdict_of(other) for at, other in runs.items()}, jitter)
    )
    return Entry(claim, verdict, peak, claim.unit, why, (*own.rests_on, *rests_on(*runs.values())), flips, OPEN)


def _enough(claim: Claim, sources: Sources) -> Entry:
    """Hold the rate against the busiest minute, and tell with which polls, and how many people, it is enough."""
    run, told, limit = sources["spread"], sources["told_1000"], claim.figure
    peak, peak_told = run.kpi(BUSIEST_MINUTE), told.kpi(BUSIEST_MINUTE)
    why = (
        f"The busiest minute asks for {number(peak.best)} RPS, and for {clock(run.best('fact.enough_exceeded_s'))} it "
        f"is more than {number(limit)} in a second. If people are told that the seats are gone, it is "
        f"{number(peak_told.best)}."
    )
    verdict = at_most(peak, limit)
    flips = that_change(
        verdict,
        *(flip for name in ENOUGH for flip in sources.flips[name].flip("confirmed", "refuted", verdict)),
        Flip("event.on_sold_out", "announce", at_most(peak_told, limit), RUN),
    )
    return Entry(claim, verdict, peak, claim.unit, why, rests_on(run, told), flips, OPEN)


def _wait_rate(claim: Claim, sources: Sources) -> Entry:
    """Judge by the rate at which the mean wait becomes what is asked for: of those that were run, and between them."""
    own, wait = redone(claim), claim.number("mean_wait_s")
    means = {rate: sources[f"rate_{rate}"].kpi("wait.mean_s") for rate in RATES_RPS}
    rest = (*own.rests_on, *rests_on(*(sources[f"rate_{rate}"] for rate in RATES_RPS)))
    turn = turn_of({number(rate): holds(at_most(mean, wait)) for rate, mean in means.items()})
    slowest = next((rate for rate in RATES_RPS if means[rate].best <= wait), None)
    if slowest is None:
        none: ClaimVerdict = "conditional" if turn.open else "refuted"
        sure = " for certain" if turn.open else ""
        why = f"{own.why} Simulated, none of the rates up to {number(max(RATES_RPS))} per second keeps it{sure}."
        return Entry(claim, weakest([own.verdict, none]), None, claim.unit, why, rest, no_flip=OPEN)
    below = max((rate for rate in RATES_RPS if rate < slowest), default=None)
    made = [
        f"{number(rate)} per second make a mean wait of {clock(means[rate].best)}" for rate in (below, slowest) if rate
    ]
    longest = sources["rate_1000"].kpi("wait.max_s")
    why = f"{own.why} Simulated, {' and '.join(made)}; with 1,000 the longest is {clock(longest.best)}."
    # of a line that empties evenly the mean wait is the longer, the lower the rate, in proportion
    near = slowest if below is None else below
    needed = scaled(means[near], near / wait)
    found = exactly(needed.best)
    if turn.last_bad is not None and turn.good is not None:
        why += f" A mean wait of {clock(wait)} takes a rate {turn.place} per second{turn.open_text}."
    verdict = weakest([own.verdict, about(needed, claim.figure, NEAR)])
    longest_kept = at_most(longest, (1 + NEAR) * wait)
    flips = that_change(verdict, Flip("the wait that is meant", "the longest instead of the mean", longest_kept, RUN))
    return Entry(claim, verdict, found, claim.unit, why, rest, flips, OPEN)


def _optimal(claim: Claim, sources: Sources) -> Entry:
    rows, told = ({row.rate_rps: row for row in rate_rows(sources, name)} for name in ("rate", "told"))
    possible, mine = possible_rates(rows.values()), rows[1000]
    rest = rests_on(*(sources[f"{name}_{rate}"] for name in ("rate", "told") for rate in RATES_RPS))
    if not possible:
        why = "No rate that was tried keeps both the mean wait and the backend's capacity."
        return Entry(claim, "refuted", None, claim.unit, why, rest)
    cheapest = _cheapest(rows, possible)
    why = (
        f"{_kept_text(rows)} 1,000 makes a mean wait of {clock(mine.mean_wait_s)}, uses {number(mine.backend_percent)} "
        f"% of the backend in its busiest minute and costs ${mine.cost_usd:.2f} an event; the cheapest, "
        f"{number(cheapest)}, makes "
        f"one of {clock(rows[cheapest].mean_wait_s)}, uses {number(rows[cheapest].backend_percent)} % and costs "
        f"${rows[cheapest].cost_usd:.2f}. If people are told that the seats are gone, 1,000 costs "
        f"${told[1000].cost_usd:.2f}. A cost within {number(100 * NEAR)} % of the cheapest counts as the best."
    )
    verdict = _best(rows)
    flips = that_change(
        verdict, Flip("event.on_sold_out", "announce", _best(told), RUN), *_optimal_flips(rows, possible, sources)
    )
    no_flip = "no setting that was tried makes it the cheapest: one would have to weigh wait against cost"
    if mine.keeps is None:
        no_flip = OPEN
    return Entry(claim, verdict, exactly(float(cheapest)), claim.unit, why, rest, flips, no_flip)


def _kept_text(rows: Mapping[int, RateRow]) -> str:
    """Say which of the rates keep wait and backend, and with which it is open."""
    kept, open_ = ([number(rate) for rate, row in rows.items() if row.keeps is state] for state in (True, None))
    good = f"Of the rates tried, {', '.join(kept)} per second keep"
    none = "None of the rates tried is certain to keep"
    return f"{good if kept else none} the mean wait and the backend's capacity{open_text(open_)}."


def _best(rows: Mapping[int, RateRow]) -> ClaimVerdict:
    """Return whether 1,000 a second is the best of the rates: kept by it, and about as cheap as any that may keep it.

    Conditional where it is open whether it is kept, and where one that keeps it, or may, is cheaper.
    """
    if rows[1000].keeps is False:
        return "refuted"
    least = rows[_cheapest(rows, possible_rates(rows.values()))].cost_usd
    return "confirmed" if rows[1000].keeps and rows[1000].cost_usd <= (1 + NEAR) * least else "conditional"


def _optimal_flips(rows: Mapping[int, RateRow], possible: Sequence[int], sources: Sources) -> Iterator[Flip]:
    """Yield with what capacity of the backend 1,000 is the cheapest of the rates that are left.

    It must bear the busiest minute of 1,000, and not that of any higher rate, all of the intervals of both.
    """
    higher, lower = [rate for rate in possible if rate > 1000], [rate for rate in possible if rate <= 1000]
    if not higher or not lower or _cheapest(rows, lower) != 1000:
        return
    mine, *asked = (sources[f"rate_{rate}"].kpi(RESERVED_MINUTE) for rate in (1000, *higher))
    least = mine.best if mine.high is None else mine.high
    most = min(each.best if each.low is None else each.low for each in asked)
    if least < most:
        at = f"between {number(least)} and {number(most)}, so that 1,000 is borne and no higher rate is"
        yield Flip("backend.reservation_capacity_rps", at, "confirmed", RUN)


def _cheapest(rows: Mapping[int, RateRow], rates: Sequence[int]) -> int:
    return min(rates, key=lambda rate: rows[rate].cost_usd)


def _protects(claim: Claim, sources: Sources) -> Entry:
    """Hold what reaches the Reservation API in a second against the rate; of its CPU a share of RPS tells nothing."""
    runs, rate = [sources["spread"], sources["hot"]], claims()["admission.wait_rate"].figure
    worst = max((run.kpi(RESERVED_SECOND) for run in runs), key=lambda found: found.best)
    bounded = at_most(worst, (1 + NEAR) * rate)

    def verdict_at(cpu_us: float) -> ClaimVerdict:
        return weakest([bounded, at_most(exactly(rate * cpu_us / 1e4), claim.figure)])

    limit_us = claim.figure * 1e4 / rate
    bucket, small = sources["hot"].scenario.admission.burst, sources["small_burst"]
    smaller = at_most(small.kpi(RESERVED_SECOND), (1 + NEAR) * rate)
    why = (
        f"In the busiest second {interval_text(worst, 'rps')} reach the Reservation API, {number(rate)} give or take "
        f"{number(100 * NEAR)} % allowed: a bucket that holds {number(bucket)} permits lets in so many at once, and "
        f"only the time in which they choose a seat spreads them. With {number(small.scenario.admission.burst)} it is "
        f"{number(small.best(RESERVED_SECOND))}. CPU of the service is not modelled, and no figure of the talk "
        f"gives it: {number(claim.figure)} % are {number(limit_us)} us for each reservation and core, and a service "
        "may be full at a few per cent of CPU if it waits for others."
    )
    verdict = weakest([bounded, "conditional"])
    setting = "CPU that a reservation takes, for each core of the service"
    flips = that_change(
        verdict,
        *bisected(setting, verdict_at, 0, 1000 * limit_us, unit=" us"),
        *bisected(setting, verdict_at, 1000 * limit_us, 0, unit=" us"),
        Flip("admission.burst", number(small.scenario.admission.burst), weakest([smaller, "conditional"]), RUN),
        *sources.flips["burst"].flip("conditional", "refuted", verdict),
    )
    return Entry(
        claim, verdict, worst, "rps", why, rests_on(*runs), flips, OPEN, "a run with the backend's CPU modelled"
    )


def _reservation(claim: Claim, sources: Sources) -> Entry:
    """The capacity is an input, set to what the talk says: its share can contradict itself, and confirms nothing."""
    run, capacity = sources["spread"], claim.number("capacity_rps")
    to_percent = 100 / capacity
    steady, second = (scaled(run.kpi(kpi), to_percent) for kpi in (RESERVED_MINUTE, RESERVED_SECOND))
    own, value = exactly(claim.number("offered_rps") * to_percent), claim.figure
    why = (
        f"{number(capacity)} RPS is what the twin's backend is set to because the talk says so, so nothing here tests "
        f"it. By that {number(claim.number('offered_rps'))} are {number(own.best)} %; simulated, the busiest minute "
        f"takes {number(steady.best)} % and the busiest second {number(second.best)} %."
    )
    adds_up = about(own, value, NEAR) == "confirmed"
    verdict = weakest([at_most(second, 100.0), "fitted"]) if adds_up else "inconsistent"
    return Entry(claim, verdict, steady, claim.unit, why, (*rests_on(run), "claim's own inputs"), no_flip=OPEN)


_RATE_RUNS = tuple(f"rate_{rate}" for rate in RATES_RPS)
CHECKS = {
    "demand.status_rps": Check(_status_rps, ("spread", *(f"jitter_{value:g}" for value in JITTERS)), ("arithmetic",)),
    "demand.enough_30k": Check(
        _enough,
        ("spread", "told_1000"),
        searches=ENOUGH,
    ),
    "admission.wait_rate": Check(_wait_rate, _RATE_RUNS, ("arithmetic",)),
    "admission.optimal": Check(_optimal, (*_RATE_RUNS, *(f"told_{rate}" for rate in RATES_RPS)), ("cost",)),
    "admission.protects": Check(_protects, ("spread", "hot", "small_burst"), searches=("burst",)),
    "backend.reservation": Check(_reservation, ("spread",)),
}
