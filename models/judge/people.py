"""What a run of an on-sale shows of its people: how long they waited, who gave up, the order, turns lost, bots."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from models.judge.finding import Finding, Severity, bad
from models.judge.wording import clock, number, plural, with_unit
from models.scenario.arrival import RushArrival
from models.scenario.rates import groups_of

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

TICKETS = {"pod_clock": "the clocks of the pods", "redis_time": "the shard's own clock", "counter": "a counter"}
"""Where tickets come from, by `waiting_room.ticket_order`."""


def order(result: RunResult, scenario: Scenario) -> Finding:
    """Whether people were called as they came, and what there was in the run that can change the order."""
    tau, lost = result.best("fairness.kendall_tau"), result.best("fairness.max_places_lost")
    if tau is None or lost is None:
        return Finding("Order", "Too few admitted to speak of an order.")
    ticket = TICKETS[scenario.waiting_room.ticket_order]
    if lost == 0:
        text = f"First come, first served, without exception (tickets from {ticket})."
        return Finding("Order", text, Severity.GOOD)
    text = (
        f"Not strictly kept: the unluckiest lost {plural(lost, 'place')} between arriving and being let in; "
        f"Kendall's tau is {tau:.5f} (1 = kept). Tickets come from {ticket}."
    )
    others = ", ".join(_reordering(result))
    if others:
        text += f" Places were also given anew: {others}."
    return Finding("Order", text, Severity.REMARK)


def _reordering(result: RunResult) -> Iterator[str]:
    """What sent people to the end of the line, with how often it did."""
    for count, what in (
        (float(result.series["lapsed"].sum()), "calls lapsed"),
        (float(result.series["expired"].sum()), "places removed"),
        (result.best("faults.places_lost") or 0.0, "places lost with a primary"),
        (result.best("errors.out_of_memory") or 0.0, "joins refused for want of memory"),
    ):
        if count:
            yield f"{number(count)} {what}"


def lost_turns(result: RunResult, scenario: Scenario) -> Finding | None:
    """Calls that nobody took up, and places removed for silence."""
    lapsed, expired = int(result.series["lapsed"].sum()), int(result.series["expired"].sum())
    texts = []
    if lapsed:
        within = with_unit(scenario.admission.call_ttl_s, "s")
        texts.append(f"{number(lapsed)} calls lapsed, not taken up within {within}: back to the end of the line.")
    if expired:
        silent = with_unit(scenario.waiting_room.heartbeat_ttl_s, "s")
        removed = f"{plural(expired, 'place')} removed after {silent} without a sign of life"
        texts.append(f"{removed}{_too_seldom(scenario)}.")
    severity = Severity.REMARK if lapsed else Severity.NEUTRAL
    return Finding("Lost turns", " ".join(texts), severity) if texts else None


def _too_seldom(scenario: Scenario) -> str:
    """Why places are removed of people who are still there, if some poll so seldom."""
    slowest = max(groups_of(scenario.clients), key=lambda group: group.poll_s)
    if slowest.poll_s * (1 + scenario.clients.poll_jitter_fraction) < scenario.waiting_room.heartbeat_ttl_s:
        return ""
    return f"; {number(100 * slowest.share)} % of the clients give one only every {with_unit(slowest.poll_s, 's')}"


def bots(result: RunResult, scenario: Scenario) -> Finding | None:
    """Whether bots took more seats than their share of the clients."""
    share, taken = 100 * scenario.clients.bots.share, result.best("bots.seat_share_percent")
    if share == 0:
        return None
    if taken is None:
        return Finding("People and bots", f"Bots are {number(share)} % of the clients; no seat was sold.")
    text = f"Bots are {number(share)} % of the clients and take {number(taken)} % of the seats"
    why = _reactions(scenario)
    if taken <= 1.1 * share:
        return Finding("People and bots", f"{text}. {why}", Severity.GOOD)
    return Finding("People and bots", f"{text}: {number(taken / share)} times their share. {why}", Severity.REMARK)


def _reactions(scenario: Scenario) -> str:
    """What the share of the bots hangs on: who is in line first, and who has chosen first."""
    arrival, bots, choose_s = scenario.clients.arrival, scenario.clients.bots, scenario.event.choose.median_s
    chosen = f"{with_unit(bots.choose.median_s, 's')} against {with_unit(choose_s, 's')}"
    if not isinstance(arrival, RushArrival):
        return f"They arrive when people do; it hangs on how fast they choose ({chosen}, assumed)."
    return (
        f"It hangs on how fast they react to the opening ({with_unit(bots.reaction_median_s, 's')} against "
        f"{with_unit(arrival.reaction_median_s, 's')} of people) and choose ({chosen}), all assumed: as slow as people "
        "in both, they get their share."
    )


def waits(result: RunResult, scenario: Scenario, broken: Collection[str]) -> Finding:
    """How long everybody waited, and how many never got in and were told nothing."""
    came, unserved = result.best("people.came") or 0, result.best("people.unserved_percent") or 0
    mean, p50, p95, longest = (clock(result.best(f"wait.{part}_s")) for part in ("mean", "p50", "p95", "max"))
    least = "at least " if unserved else ""
    soon = number(result.best("wait.served_within_slo_percent"))
    text = (
        f"Of all {number(came)} who came: mean {least}{mean}, half {least}{p50}, 95 % {least}{p95}, longest "
        f"{least}{longest}; {soon} % were let in, or told that the seats are gone, within "
        f"{clock(scenario.slo.mean_wait_s)}."
    )
    levels = {"mean_wait_s", "unserved_percent"}
    if not unserved:
        return Finding("Waits", text, bad(broken, *levels) if levels & set(broken) else Severity.NEUTRAL)
    gave_up, waiting = result.best("people.gave_up") or 0, result.best("people.still_waiting") or 0
    half = f", half of them within {clock(result.best('people.gave_up_after_s'))}"
    left = [f"{number(gave_up)} gave up{half}"] if gave_up else []
    left += [f"{number(waiting)} were still waiting when the run ended"] if waiting else []
    text += f" {number(unserved)} % were not: {'; '.join(left)}."
    return Finding("Waits", text, bad(broken, *levels))
