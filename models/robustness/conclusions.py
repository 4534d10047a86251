"""What is concluded of one run, as sentences that another run may contradict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.judge.limit import FULL, SUSTAINED_S, per_second
from models.judge.limits import busy_by_shard
from models.judge.robustness import BOTS, CAPACITY, FIRST, HOLDS, JOINS, LEVEL, RATE, SOLD
from models.judge.sale import KEPT_SHARE, achieved_admissions_rps
from models.judge.wording import number, plural, with_unit

if TYPE_CHECKING:
    from models.judge.slo_row import SloRow
    from models.judge.verdict import Verdict
    from models.results.result import RunResult
    from models.scenario import Scenario

SAYS_HOLDS = {
    True: "the design holds",
    False: "the design does not hold",
    None: "it is not known whether the design holds",
}
NEARLY_ALL = 0.95
"""Share of the joins by which their rush is over."""
OPENING_S = 10
"""Seconds after the opening in which a rush of joins begins to show, if it does."""
OVERSOLD = "oversold"
NAMES = {
    "mean_wait_s": "the mean wait",
    "unserved_percent": "the share of people never let in nor told",
    "status_p99_ms": "status p99",
    "error_percent": "the share of failed requests",
    "engine_cpu_percent": "the engine's worst minute",
    OVERSOLD: "the number of seats sold twice",
}
"""Service levels as they are called in a sentence; another is called by its name."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One of a run: a sentence `says` it, the same words in every run that agrees.

    `value` in `unit` is the figure behind it and `limit` where that flips; None where there is none.
    """

    key: str
    says: str
    value: float | None = None
    unit: str = ""
    limit: float | None = None


def conclusions_of(result: RunResult, scenario: Scenario, verdict: Verdict) -> tuple[Conclusion, ...]:
    """Return what is concluded of a run of an on-sale, the firmest first."""
    return (
        _joins(result, scenario),
        Conclusion(HOLDS, SAYS_HOLDS[verdict.outcome]),
        _rate(result, scenario),
        *(_level(row) for row in verdict.slo),
        _first(verdict),
        _capacity(verdict),
        *_bots(result, scenario),
        _sold(result, scenario),
    )


def _joins(result: RunResult, scenario: Scenario) -> Conclusion:
    """Whether the joins at the opening saturate the primary of an event, and for how long without a pause.

    Up to the second by which NEARLY_ALL of them are answered: what comes after is the load of polls.
    """
    busy = busy_by_shard(result)[:, int(result.facts["hot_shard"])] >= FULL
    opening = int(scenario.event.opens_at_s)
    began = next((k for k in range(opening, min(opening + OPENING_S, busy.size)) if busy[k]), None)
    joined = np.cumsum(per_second(result, "answered_join"))
    done = int(np.searchsorted(joined, NEARLY_ALL * joined[-1])) + 1
    lasted = 0 if began is None else min(int(np.argmin(np.append(busy[began:], False))), max(0, done - began))
    events, people = scenario.waiting_room.events, number(scenario.clients.count)
    whose = f"one event's {people} joins" if events == 1 else f"{people} joins over {plural(events, 'event')}"
    does = "saturate" if lasted >= SUSTAINED_S else "do not saturate"
    return Conclusion(JOINS, f"{whose} {does} one primary", float(lasted), "s", float(SUSTAINED_S))


def _rate(result: RunResult, scenario: Scenario) -> Conclusion:
    reached, rate = achieved_admissions_rps(result, scenario), scenario.admission.rate_rps
    kept = reached is None or reached >= KEPT_SHARE * rate
    says = f"{number(rate)} admissions per second are {'kept up' if kept else 'not reached'}"
    return Conclusion(RATE, says, reached, "people/s", KEPT_SHARE * rate)


def _level(row: SloRow) -> Conclusion:
    side = "within" if row.met else "beyond"
    if row.limit == 0 and row.name == OVERSOLD:
        says = "no seat is sold twice" if row.met else "seats are sold twice"
        return Conclusion(f"{LEVEL}{row.name}", says, row.value, row.unit, row.limit)
    name = NAMES.get(row.name, row.name.replace("_", " "))
    says = f"{name} is {side} {with_unit(row.limit, row.unit)}"
    return Conclusion(f"{LEVEL}{row.name}", says, row.value, row.unit, row.limit)


def _first(verdict: Verdict) -> Conclusion:
    binding = verdict.binding
    if binding is None:
        return Conclusion(FIRST, "nothing gives way")
    # which of the shards it is says nothing: that is the luck of a tag
    name = "an engine thread" if binding.key == "engine" else f"the {binding.name}"
    return Conclusion(FIRST, f"{name} gives way first")


def _capacity(verdict: Verdict) -> Conclusion:
    names = sorted(limit.name for limit in verdict.limits if limit.fails)
    return Conclusion(CAPACITY, f"{', '.join(names)} exhausted" if names else "no hard capacity is exhausted")


def _bots(result: RunResult, scenario: Scenario) -> Iterator[Conclusion]:
    """Whether bots, where there are any, take more seats than is their share of the crowd."""
    share, seats = 100 * scenario.clients.bots.share, result.best("bots.seat_share_percent")
    if share and seats is not None:
        much = "more than" if seats > share else "no more than"
        yield Conclusion(BOTS, f"bots take {much} their share of the seats", seats, "percent", share)


def _sold(result: RunResult, scenario: Scenario) -> Conclusion:
    sold, seats = result.best("seats.sold") or 0.0, scenario.event.seats
    return Conclusion(SOLD, "all seats are sold" if sold >= seats else "seats are left", sold, "seats", float(seats))
