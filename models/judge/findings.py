"""What a run shows beyond its service levels, a sentence or two each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.judge.gateway_load import LOAD_S, first_more, load_cores, pods_needed
from models.judge.limit import Limit, within_reach
from models.judge.limits import busy_by_shard
from models.judge.published import TALK_ENOUGH_RPS, TALK_PEOPLE, TALK_STATUS_RPS
from models.judge.wording import clock, number, plural, with_unit
from models.redis_nodes import redis_catalogue

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

KEPT_SHARE = 0.95
"""Admissions keep their rate if they reach this share of it while the line is long enough to fill it."""

NOT_FAILURES = ("errors.rate_percent", "errors.throttled")
"""What is reported under errors and is no cause of failed requests: being told to try again is an answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation under its `topic`. `good` is None where it is neither good nor bad."""

    topic: str
    text: str
    good: bool | None = None


def is_onsale(scenario: Scenario) -> bool:
    """Whether people come for seats (true) or a load generator drives a ladder (false)."""
    return scenario.clients.load.mode == "onsale"


def is_talks_size(scenario: Scenario) -> bool:
    """Whether it is an on-sale of as many people as the talk's, so that its figures can stand beside."""
    return is_onsale(scenario) and scenario.clients.count == TALK_PEOPLE


def findings_of(result: RunResult, scenario: Scenario, limits: tuple[Limit, ...]) -> tuple[Finding, ...]:
    """Everything worth a line, most important first."""
    onsale = is_onsale(scenario)
    found = [
        _binding(limits),
        _failovers(result) if result.facts["failovers"] else None,
        _shards(result, scenario),
        _admissions(result, scenario) if onsale else None,
        _load(result, scenario) if onsale else None,
        _seats(result, scenario) if onsale else None,
        _waits(result) if onsale else None,
        _order(result, scenario) if onsale else None,
        _lost_turns(result, scenario) if onsale else None,
        _bots(result, scenario) if onsale else None,
        _scaling(result, scenario) if scenario.autoscaling else None,
        _errors(result),
        _connections(result),
    ]
    return tuple(finding for finding in found if finding is not None)


def achieved_admissions_rps(result: RunResult, scenario: Scenario) -> float | None:
    """Mean admissions per second while the line could have filled the rate; None if it never could.

    Counted from the first admission to the last second in which at least one second's worth of people waited.
    """
    admitted = result.series["admitted"].to_numpy(float)
    waiting = result.series["waiting"].to_numpy(float)
    started = admitted.nonzero()[0]
    enough = (waiting >= scenario.admission.rate_rps).nonzero()[0]
    if started.size == 0 or enough.size == 0 or enough[-1] <= started[0]:
        return None
    return float(admitted[started[0] + 1 : enough[-1] + 1].mean())


def _binding(limits: tuple[Limit, ...]) -> Finding:
    first = limits[0]
    if not first.bound:
        return Finding("Binds first", f"Nothing is exhausted. Closest: {first.name}, {first.evidence}.", True)
    text = f"The {first.name}, from second {first.first_s} and for {clock(first.seconds)}: {first.evidence}."
    others = [limit for limit in limits[1:] if limit.bound]
    together = [limit.name for limit in others if within_reach(limit, first)]
    if together:
        text += f" With it: {', '.join(together)}."
    later = [f"{limit.name} (second {limit.first_s})" for limit in others if not within_reach(limit, first)]
    if later:
        text += f" Then: {', '.join(later)}."
    return Finding("Binds first", text, False)


def _failovers(result: RunResult) -> Finding:
    """What the death of a primary did: the time without it, what was lost with it, when the line moved as before."""
    died = " and ".join(
        f"primary of shard {item['shard']} dies at second {item['at_s']:g}" for item in result.facts["failovers"]
    )
    outage, recovery = result.best("faults.outage_s"), result.best("faults.recovery_s")
    text = f"The {died}: "
    text += "it is not replaced within the run" if outage is None else f"for {clock(outage)} nobody serves in its place"
    text += f", {number(result.best('errors.connection'))} requests fail. "
    places, admissions = result.best("faults.places_lost") or 0, result.best("faults.admissions_lost") or 0
    text += f"With it go {plural(places, 'place')} and {plural(admissions, 'admission')} that no replica had"
    again = result.best("faults.admissions_repeated")
    text += f"; {number(again)} of those people are let in a second time. " if again else ". "
    if recovery is None:
        text += "Admissions do not come back to what they were."
    else:
        text += f"Admissions are what they were {clock(recovery)} after the death."
    return Finding("Failover", text, False)


def _shards(result: RunResult, scenario: Scenario) -> Finding:
    by_second = busy_by_shard(result)
    busy = 100 * by_second.mean(axis=0)
    hot = int(result.facts["hot_shard"])
    mean = float(busy.mean())
    held = int(result.facts["events_per_shard"][hot])
    text = (
        f"Shard {hot} carries {held} of {plural(sum(result.facts['events_per_shard']), 'event')} "
        f"and is {number(busy[hot])} % busy on average; the mean of all {busy.size} is {number(mean)} %."
    )
    if busy.size == 1 or mean == 0:
        return Finding("Hottest shard", text)
    ratio = float(busy[hot]) / mean
    text += f" That is {number(ratio)} times the mean." if ratio >= 1.05 else " The load is spread evenly."
    strained = 100 * float(by_second[:, hot].max()) > scenario.slo.engine_cpu_percent
    return Finding("Hottest shard", text, True if ratio < 1.5 else False if strained else None)


def _admissions(result: RunResult, scenario: Scenario) -> Finding:
    rate, reached = scenario.admission.rate_rps, achieved_admissions_rps(result, scenario)
    total = with_unit(result.best("admission.total"), "people")
    if reached is None:
        return Finding("Admissions", f"{total} admitted; the line never held enough people to fill {number(rate)}/s.")
    kept = reached >= KEPT_SHARE * rate
    text = f"{number(reached)} of {number(rate)} per second while people waited, {total} in all."
    return Finding("Admissions", text, kept)


def _load(result: RunResult, scenario: Scenario) -> Finding:
    peak, mean = result.best("requests.status_rps_peak"), result.best("requests.status_rps_mean")
    poll, count = scenario.clients.poll_interval_s, scenario.clients.count
    text = f"{number(peak)} status RPS in the busiest second, {number(mean)} on average."
    if count != TALK_PEOPLE:
        expected = int(result.facts["sessions"]) / poll
        text += f" {number(result.facts['sessions'])} tabs / {number(poll)} s would be {number(expected)}."
        return Finding("Load", text + _in_step(peak, expected))
    above = int((result.series["sent_status"] > TALK_ENOUGH_RPS).sum())
    reached = number(100 * (peak or 0) / TALK_STATUS_RPS)
    text += f" The talk designs for {number(TALK_STATUS_RPS)} ({reached} % reached)"
    enough = f"the {number(TALK_ENOUGH_RPS)} it calls enough"
    text += f"; {enough} is exceeded for {clock(above)}." if above else f"; {enough} is."
    return Finding("Load", text + _in_step(peak, TALK_STATUS_RPS))


def _in_step(peak: float | None, evenly: float) -> str:
    """Why the peak exceeds what the polls would be if they were spread evenly over the interval, if it does by far."""
    if (peak or 0) < 1.3 * evenly:
        return ""
    return " Polls come in waves: those who start together at the opening go on in step."


def _seats(result: RunResult, scenario: Scenario) -> Finding:
    sold, oversold = result.best("seats.sold") or 0, result.best("seats.oversold") or 0
    over = f" {number(oversold)} seats were sold twice." if oversold else " None sold twice."
    at = result.best("seats.sold_out_s")
    if at is None:
        text = f"{number(sold)} of {number(scenario.event.seats)} sold by the end, not sold out.{over}"
        return Finding("Seats", text, oversold == 0)
    line, vain = result.facts["waiting_at_sold_out"], result.facts["waited_in_vain"]
    after = clock(at - scenario.event.opens_at_s)
    text = f"All {number(scenario.event.seats)} sold {after} after the opening.{over}"
    if scenario.event.on_sold_out == "announce":
        text += f" {number(line)} people in line were told then."
        return Finding("Seats", text, oversold == 0)
    text += f" {number(line)} people were in line then; {number(vain)} waited on for nothing: nobody told them."
    admitted = result.facts["admitted_without_seat"]
    if admitted:
        text += f" {number(admitted)} were let in and got none."
    return Finding("Seats", text, oversold == 0 and vain == 0)


def _waits(result: RunResult) -> Finding:
    mean, p50, p95, longest = (clock(result.best(f"wait.{part}_s")) for part in ("mean", "p50", "p95", "max"))
    return Finding("Waits", f"Of those admitted: mean {mean}, half within {p50}, 95 % within {p95}, longest {longest}.")


def _order(result: RunResult, scenario: Scenario) -> Finding:
    tau, lost = result.best("fairness.kendall_tau"), result.best("fairness.max_places_lost")
    if tau is None or lost is None:
        return Finding("Order", "Too few admitted to speak of an order.")
    ticket = {
        "pod_clock": "the clocks of the pods",
        "redis_time": "the shard's own clock",
        "counter": "a counter",
    }[scenario.waiting_room.ticket_order]
    if lost == 0:
        return Finding("Order", f"First come, first served, without exception (tickets from {ticket}).", True)
    text = (
        f"Not strictly kept: the unluckiest lost {plural(lost, 'place')} between arriving and being let in; "
        f"Kendall's tau is {tau:.5f} (1 = kept). Tickets come from {ticket}."
    )
    return Finding("Order", text, False)


def _lost_turns(result: RunResult, scenario: Scenario) -> Finding | None:
    lapsed, expired = int(result.series["lapsed"].sum()), int(result.series["expired"].sum())
    texts = []
    if lapsed:
        within = with_unit(scenario.admission.call_ttl_s, "s")
        texts.append(f"{number(lapsed)} calls lapsed, not taken up within {within}: back to the end of the line.")
    if expired:
        silent = with_unit(scenario.waiting_room.heartbeat_ttl_s, "s")
        texts.append(f"{plural(expired, 'place')} removed after {silent} without a sign of life.")
    return Finding("Lost turns", " ".join(texts), False if lapsed else None) if texts else None


def _bots(result: RunResult, scenario: Scenario) -> Finding | None:
    share, seats = 100 * scenario.clients.bots.share, result.best("bots.seat_share_percent")
    if share == 0:
        return None
    if seats is None:
        return Finding("People and bots", f"Bots are {number(share)} % of the clients; no seat was sold.")
    fair = seats <= 1.1 * share
    text = f"Bots are {number(share)} % of the clients and take {number(seats)} % of the seats"
    return Finding("People and bots", text + ("." if fair else f": {number(seats / share)} times their share."), fair)


def _scaling(result: RunResult, scenario: Scenario) -> Finding:
    """Whether pods came in time, and how many must be warm: those whose CPU the load takes, retries included."""
    ready, running = (result.series[f"pods_{name}"].to_numpy(float) for name in ("ready", "running"))
    load = load_cores(result, scenario)
    short, needed = load > ready * scenario.gateway.cpu_cores, pods_needed(load, scenario)
    more = first_more(ready)
    text = f"{plural(ready[0], 'pod')} ready at the start, {number(ready.max())} at most"
    text += "; " if more is None else f", the first of the others after {clock(more)}; "
    text += f"up to {plural(result.series['nodes'].max(), 'node')}."
    if short.any():
        text += (
            f" For {clock(float(short.sum()))} the load, retries included, took more CPU than they had: to meet its "
            f"highest {LOAD_S} s, about {plural(needed, 'pod')} must be warm by then (by CPU, not simulated)."
        )
    else:
        text += f" They had the CPU the load took at all times; by CPU alone about {plural(needed, 'pod')} would do."
    lost = float((np.maximum.accumulate(ready) - ready)[running >= np.maximum.accumulate(ready)].max(initial=0))
    if lost:
        text += f" Up to {number(lost)} that ran and had been ready were not: their readiness asks Redis."
    return Finding("Scaling", text, not short.any() and not lost)


def _errors(result: RunResult) -> Finding:
    rate = result.best("errors.rate_percent")
    causes = {
        name.removeprefix("errors."): kpi.best
        for name, kpi in result.kpis.items()
        if name.startswith("errors.") and name not in NOT_FAILURES and kpi.best
    }
    listed = ", ".join(f"{number(count)} {name.replace('_', ' ')}" for name, count in causes.items())
    text = f"{with_unit(rate, 'percent')} of {number(result.best('requests.total'))} requests failed"
    return Finding("Errors", f"{text}: {listed}." if listed else "No request failed.", not listed)


def _connections(result: RunResult) -> Finding | None:
    held, most = int(result.facts["connections_per_node"]), redis_catalogue().max_connections.value
    if held <= most:
        return None
    text = (
        f"Full pools are {number(held)} connections per Redis node; ElastiCache takes "
        f"{number(most)}. The twin does not refuse them."
    )
    return Finding("Connections", text, False)
