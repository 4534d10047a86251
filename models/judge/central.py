"""The central questions, answered from one run: the rate, Redis, pods, what breaks first, and where each would flip.

The points at which an answer flips are worked out from this run's own figures (a line that empties evenly, the ceiling
of an engine thread, the CPU of a request). Nothing was simulated there, and each says so: a queue that feeds on itself,
timeouts and retries are not in such a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.judge.gateway_load import LOAD_S, first_more, load_cores, pods_needed
from models.judge.limit import Limit, per_second
from models.judge.ranges import with_node
from models.judge.remedies import SAFE_SHARE, safe_poll_s, tabs_on_hot_shard
from models.judge.sale import KEPT_SHARE, achieved_admissions_rps, is_onsale
from models.judge.shards import Shards, when_text
from models.judge.wording import clock, number, plural, with_unit
from models.vocabulary.operations import ENDPOINTS

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


NOT_SIMULATED = "worked out, not simulated"


@dataclass(frozen=True, slots=True)
class CentralAnswer:
    """One question, its answer, and what would make it another."""

    question: str
    text: str
    flips: tuple[str, ...]


def central_answers(result: RunResult, scenario: Scenario, shards: Shards) -> tuple[CentralAnswer, ...]:
    """Return the four answers of an on-sale, with how its shards are judged; none of a load ladder."""
    if not is_onsale(scenario):
        return ()
    return (
        _rate(result, scenario),
        _redis(result, scenario, shards),
        _pods(result, scenario),
        _breaks(result, scenario, shards.limits),
    )


def _rate(result: RunResult, scenario: Scenario) -> CentralAnswer:
    rate, slo = scenario.admission.rate_rps, scenario.slo.mean_wait_s
    mean, longest = result.best("wait.mean_s"), result.best("wait.max_s")
    reached, capacity = achieved_admissions_rps(result, scenario), scenario.backend.reservation_capacity_rps
    busiest = result.best("admission.rps_peak_60s") or 0.0
    kept = reached is None or reached >= KEPT_SHARE * rate
    text = (
        f"People wait {clock(mean)} on average ({clock(slo)} allowed) and {clock(longest)} at most; the backend "
        f"takes {number(100 * busiest / capacity)} % of its capacity in the busiest minute; an event costs "
        f"{with_unit(result.best('cost.event_usd'), 'usd')}; {number(result.facts['waited_in_vain'])} people wait for "
        "nothing."
    )
    if not kept:
        text += f" The rate itself is not reached: {number(reached)} a second while people waited."
    flips = [f"beyond {number(capacity)} a second the backend is full (its stated capacity; {NOT_SIMULATED})"]
    if mean is not None and kept and reached is not None:
        least = f"below about {number(rate * mean / slo)} a second the mean wait exceeds {clock(slo)}"
        flips.insert(0, f"{least} ({NOT_SIMULATED})")
    return CentralAnswer(f"Is admitting {number(rate)} per second right?", text, tuple(flips))


def _redis(result: RunResult, scenario: Scenario, shards: Shards) -> CentralAnswer:
    redis, cpu, p99 = scenario.redis, shards.cpu, shards.p99
    held, tabs = result.facts["events_per_shard"], tabs_on_hot_shard(result)
    why, the = "", "the"
    if shards.exhausted and shards.cause is not None:
        why, the = f"{when_text(shards.cause, scenario)} ({shards.cause.evidence}). ", "The"
    aside = "" if p99.met else f" ({shards.first_text})"
    text = (
        f"{'Yes' if shards.holds else 'No'}: {why}{the} busiest engine thread is {cpu.text} busy in its worst minute, "
        f"with {with_unit(cpu.limit, cpu.unit)} allowed, and status p99 is {p99.text}, with "
        f"{with_unit(p99.limit, p99.unit)} allowed{aside}. It has "
        f"{number(held[int(result.facts['hot_shard'])])} of {plural(sum(held), 'line')}, "
        f"{number(tabs)} tabs, and can answer {number(float(result.facts['ceiling_rps']))} polls a second."
    )
    flips = () if shards.exhausted else _redis_flips(result, scenario, shards.holds)
    marked = tuple(f"{flip} ({NOT_SIMULATED})" for flip in flips)
    question = f"Do{'es' if redis.shards == 1 else ''} {plural(redis.shards, 'shard')} of {redis.node_type} hold?"
    return CentralAnswer(question, with_node(text, result), marked)


def _redis_flips(result: RunResult, scenario: Scenario, holds: bool) -> Iterator[str]:
    """Yield where an engine thread would begin or cease to hold, if the sum says what the run does."""
    ceiling, poll = float(result.facts["ceiling_rps"]), scenario.clients.poll_interval_s
    needed, most = safe_poll_s(result, scenario), SAFE_SHARE * ceiling * poll
    when = "it would be too much" if holds else "it would hold"
    if needed is not None and (needed <= poll) == holds:
        often = "more often" if holds else "less often"
        yield f"if people polled {often} than every {number(needed)} s (now {number(poll)}) {when}"
    if (most >= tabs_on_hot_shard(result)) == holds:
        share = f"{number(100 * SAFE_SHARE)} % of what it can answer"
        yield f"with {'more' if holds else 'fewer'} than about {number(most)} tabs on one shard ({share}) {when}"


def _pods(result: RunResult, scenario: Scenario) -> CentralAnswer:
    needed = pods_needed(load_cores(result, scenario), scenario)
    warm, scaling = scenario.gateway.pods, scenario.autoscaling
    text = f"The busiest {LOAD_S} s take the CPU of {plural(needed, 'pod')}; {number(warm)} are there at the opening."
    if scaling is None:
        text += " Their number is fixed."
    else:
        more = first_more(per_second(result, "pods_ready"))
        if more is None:
            text += " None is added in time."
        else:
            text += f" Of those the autoscaler adds, the first serves after {clock(more - scenario.event.opens_at_s)}."
    flip = f"with fewer than about {plural(needed, 'pod')} warm at the opening their CPU would be too little"
    if needed <= 1:
        flip = "one pod alone would have the CPU"
    why = f"by CPU of the busiest {LOAD_S} s, not simulated: requests that queue and are sent again may need more"
    return CentralAnswer("Do pods and nodes come in time, and what must be warm?", text, (f"{flip} ({why})",))


def _breaks(result: RunResult, scenario: Scenario, limits: tuple[Limit, ...]) -> CentralAnswer:
    question, first = "What breaks first, and at which load?", limits[0]
    load = sum((per_second(result, f"sent_{endpoint}") for endpoint in ENDPOINTS), start=np.zeros(len(result.series)))
    if not first.bound or first.first_s is None:
        used = "" if first.used_percent is None else f", {number(first.used_percent)} % used in its busiest second"
        text = f"Nothing up to {number(load.max())} requests a second; closest is the {first.name}{used}."
        if not first.used_percent:
            return CentralAnswer(question, text, ())
        people = scenario.clients.count * 100 / first.used_percent
        return CentralAnswer(question, text, (f"about {number(people)} people would exhaust it ({NOT_SIMULATED})",))
    at = float(load[min(first.first_s, load.size - 1)])
    since = first.first_s - scenario.event.opens_at_s
    busiest = int(load.argmax())
    most = "" if load[busiest] == at else f" ({number(load[busiest])} in second {busiest}, the busiest)"
    text = (
        f"The {first.name}, {clock(max(0.0, since))} after the opening, with {number(at)} requests sent in "
        f"that second{most}: {first.evidence}."
    )
    following = [limit.name for limit in limits[1:] if limit.bound]
    after = (f"with more of it, next is the {following[0]} ({NOT_SIMULATED})",) if following else ()
    return CentralAnswer(question, text, after)
