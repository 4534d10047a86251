"""What a reader of a verdict must know of the design's own settings: rates they cannot keep, luck, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from models.judge.apart import line_shares, percent
from models.judge.limit import per_second
from models.judge.sale import KEPT_SHARE, achieved_admissions_rps
from models.judge.wording import number, plural
from models.scenario.rates import groups_of, held_s, lapsing
from models.vocabulary.script_limits import CALLS_PER_OPERATION
from sim.draws import uniforms

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

DRAWN = 200_000
"""Events that are placed by chance to see how rare a placement of unequal ones is: 20,000 placements of ten."""
RARE = 0.95
"""Names of events are called lucky, or unlucky, up to this chance of falling no worse: a sure thing needs no remark."""


def cautions(result: RunResult, scenario: Scenario) -> tuple[str, ...]:
    """Return a sentence or two for each."""
    found = [*_reads(scenario), *_luck(result, scenario)]
    if scenario.clients.load.mode == "onsale":
        found += [*_window(scenario), *_bucket(scenario), *_calls(scenario), *_heartbeats(scenario)]
        found += _waves(result, scenario)
    return tuple(found)


def _reads(s: Scenario) -> Iterator[str]:
    if s.without_replica_reads:
        yield f"Status is read from the primaries, against waiting_room.replica_reads: {s.without_replica_reads}."


def _window(s: Scenario) -> Iterator[str]:
    rate, window, mean_s = s.admission.rate_rps, s.admission.call_window, held_s(s.clients, s.admission.call_ttl_s)
    advised = 4 * rate * mean_s
    if window * (1 + 1e-9) >= advised:
        return
    most = window / mean_s
    can = f"lets through at most {number(most)}/s" if most < rate else "has little to spare"
    yield (
        f"admission.call_window: {number(window)} calls, each held for {number(mean_s)} s on average until the next "
        f"poll, {can} of {number(rate)}/s; {number(advised)} keep the rate (4 x rate x that time)."
    )


def _bucket(s: Scenario) -> Iterator[str]:
    interval_s, rate, burst = s.clients.poll_interval_s, s.admission.rate_rps, s.admission.burst
    if burst < rate * interval_s * (1 - 1e-9):
        yield (
            f"admission.burst: {number(burst)} permits are kept, {number(rate * interval_s)} people are called in a "
            f"poll interval of {number(interval_s)} s and come in waves: permits that nobody takes in time are lost."
        )


def _calls(s: Scenario) -> Iterator[str]:
    ttl_s, longest_s = s.admission.call_ttl_s, max(group.poll_s for group in groups_of(s.clients))
    if share := lapsing(s.clients, ttl_s):
        yield (
            f"admission.call_ttl_s: a call is kept for {number(ttl_s)} s and people poll up to every "
            f"{number(longest_s)} s, so that {number(round(100 * share, 1))} % of the calls lapse."
        )


def _heartbeats(s: Scenario) -> Iterator[str]:
    ttl_s, j = s.waiting_room.heartbeat_ttl_s, s.clients.poll_jitter_fraction
    slow = [group for group in groups_of(s.clients) if (1 + j) * group.poll_s >= ttl_s]
    if slow:
        share, least_s = 100 * sum(group.share for group in slow), min(group.poll_s for group in slow)
        yield (
            f"waiting_room.heartbeat_ttl_s: a place is removed after {number(ttl_s)} s without a sign of life, and "
            f"{number(share)} % of the clients poll every {number(least_s)} s or less often: they lose their places."
        )


def _waves(result: RunResult, s: Scenario) -> Iterator[str]:
    """Say where calls come in waves: replicas write nothing, and only a script that writes calls anybody.

    People who joined together give their signs of life together, and between those waves only passes call.
    """
    rate, every_s, room = s.admission.rate_rps, s.waiting_room.heartbeat_ttl_s / 3, s.waiting_room
    by_passes = CALLS_PER_OPERATION * room.events / room.expire_every_s
    if not s.reads_replicas or by_passes >= rate:
        return
    reached = achieved_admissions_rps(result, s)
    if reached is None or reached >= KEPT_SHARE * rate or every_s <= _joined_within_s(result):
        return
    yield (
        f"waiting_room.heartbeat_ttl_s: status reads of replicas write nothing, and this Lua core calls people only in "
        f"scripts that write, at most {CALLS_PER_OPERATION} in each: signs of life, every {number(every_s)} s (a third "
        f"of the TTL) and all together where people joined together, and passes, which call {number(by_passes)}/s. "
        f"admission.burst keeps {number(s.admission.burst)} calls from one wave to the next: {number(reached)}/s of "
        f"{number(rate)}/s were let in. The talk does not say who calls, so that is a limit of this core, not of its "
        f"design."
    )


def _joined_within_s(result: RunResult) -> int:
    """Return in how many seconds nine tenths of the joins were answered, those of the middle."""
    joined = np.cumsum(per_second(result, "answered_join"))
    first, last = np.searchsorted(joined, (0.05 * joined[-1], 0.95 * joined[-1]))
    return int(last - first) + 1


def _luck(result: RunResult, s: Scenario) -> Iterator[str]:
    held = [int(events) for events in result.facts["events_per_shard"]]
    events, shards, fullest = sum(held), len(held), max(held)
    if events < 2 or shards < 2:
        return
    if "events_apart" in result.facts:
        yield from _luck_of_unequal(result.facts)
        return
    chance = chance_of(events, shards, fullest)
    if chance >= RARE:
        return
    names = "drawn with the seed" if s.waiting_room.event_tags_drawn else "given"
    yield (
        f"The names of the {events} events, {names}, put {', '.join(map(str, held))} on the {shards} shards. Names by "
        f"chance put no more than {plural(fullest, 'event')} on any of them in {number(100 * chance)} % of cases."
    )


def _luck_of_unequal(facts: Mapping[str, Any]) -> Iterator[str]:
    shares = line_shares(facts)
    chance = chance_of_shares([row["people_percent"] / 100 for row in facts["events_apart"]], len(shares), max(shares))
    if chance < RARE:
        yield (
            f"The names of the events put {', '.join(percent(100 * share) for share in shares)} % of the people on the "
            f"{len(shares)} shards. Names by chance put no more than {percent(100 * max(shares))} % on any of them in "
            f"about {number(100 * chance)} % of cases."
        )


def chance_of_shares(people: Sequence[float], shards: int, most: float) -> float:
    """Return the chance that events with these shares of the *people*, each on any of *shards* alike, put at most
    *most* of them on any: of DRAWN placements, or fewer of very many events, how many do."""
    draws = max(1000, DRAWN // len(people))
    at = (uniforms(np.uint64(0), draws * len(people)) * shards).astype(np.int64).reshape(draws, -1)
    rows = np.arange(draws)[:, None] * shards
    held = np.bincount((rows + at).ravel(), weights=np.tile(people, draws), minlength=draws * shards)
    return float((held.reshape(draws, shards).max(axis=1) <= most * (1 + 1e-9)).mean())


def chance_of(events: int, shards: int, most: int) -> float:
    """Return the chance that *events* of random names, each on any of *shards* alike, put at most *most* on any."""
    ways = [1] + [0] * events  # of so many events on the shards so far
    for _ in range(shards):
        ways = [
            sum(comb(total, k) * ways[total - k] for k in range(min(most, total) + 1)) for total in range(events + 1)
        ]
    return ways[events] / shards**events
