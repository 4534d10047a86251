"""Claims about status before the index: KEYS over all streams, an XRANGE, and an XLEN for every other person in line.

The gateway made these N + 1 calls one after the other (gateway-api repository, October 2025). Their work follows from
measured costs; that they wait for each other is not modelled, so it is arithmetic here.
"""

from __future__ import annotations

from models.judge.wording import clock, latency, number
from models.ledger.checks import Check, Sources, profile
from models.ledger.claims import Claim, claims
from models.ledger.entry import Entry, about, at_least, exactly, in_every_case
from models.ledger.flips import bisected, by_case
from models.redis_costs.commands import Command
from models.scenario import Scenario
from sim.estimate import Estimate

CALLS = "gateway-api repository, October 2025: KEYS, XRANGE and N - 1 XLEN for every status"
COSTS = ("m7g-xlarge-derived", "x86-measured", "x86-valkey")
"""Profiles whose costs rest on measurements. That of the talk is fitted to its CPU with the index."""
LATER = "a run with these calls made one by one"
NEAR = 0.5
"""Share by which a time may be off a published `about`: it was read off a chart."""


def _call_us(name: str) -> float:
    """Return what one XLEN of its own request takes a busy engine thread, microseconds; passes are shared by many."""
    costs = profile(name)
    return costs.engine.io_us + costs.commands[Command.XLEN.name].call_us


def _work_ms(sources: Sources, people: float) -> Estimate:
    """Return the engine work of one status with so many in line: by each profile, KEYS as it was measured."""
    counted = claims()["redis.keys_100ms"].number("keys")
    keys_ms = sources.measured.of("keys.call_ms").best * people / counted
    found = [keys_ms + people * _call_us(name) / 1000 for name in COSTS]
    return Estimate(min(found), found[0], max(found), len(found))


def _round_trips_s(calls: float) -> tuple[float, float]:
    """Return how long so many calls take one after the other, at least and on average over the zones, seconds."""
    network = Scenario().network
    near, far = 2e-6 * network.same_zone_one_way_us, 2e-6 * network.cross_zone_one_way_us
    return calls * near, calls * (near + (network.zones - 1) * far) / network.zones


def _keys_100ms(claim: Claim, sources: Sources) -> Entry:
    """Judge the three times that "about 100 ms" may be of: KEYS, the engine's work for a status, the status itself."""
    call, people, value = sources.measured.of("keys.call_ms"), claim.number("keys"), claim.figure
    work, (least_s, mean_s) = _work_ms(sources, people), _round_trips_s(people + 1)
    cases = {
        "KEYS alone": about(call, value, NEAR),
        "the engine's work for a whole status": about(work, value, NEAR),
        "a status as its client sees it": about(exactly(1000 * least_s), value, NEAR),
    }
    work_is_it = cases["the engine's work for a whole status"] == "confirmed"
    why = (
        f"KEYS over {number(people)} keys takes a real server {latency(call.best)}. A status of then made "
        f"{number(people + 1)} calls, {number(work.low)} to {number(work.high)} ms of the engine's work"
        f"{': that is the published time' if work_is_it else ''}. "
        f"One after the other they are as many round trips, {clock(least_s)} within a zone and "
        f"{clock(mean_s)} on average, so no client saw {number(value)} ms unless they were sent together. "
        f"{number(100 * NEAR)} % more or less counts as about."
    )
    flips = tuple(flip for flip in by_case("what is timed", cases) if flip.verdict != in_every_case([*cases.values()]))
    verdict = in_every_case([*cases.values()])
    rest = (sources.measured.origin, CALLS, *(f"profile {name}" for name in COSTS), "assumption: network, one way")
    return Entry(claim, verdict, work, claim.unit, why, rest, flips, later=LATER)


def _commands(claim: Claim, sources: Sources) -> Entry:
    """Work out how many of these calls a full engine thread gets through, and which of the talk's figures that fits."""
    people, rps, value = claims()["redis.keys_100ms"].number("keys"), claim.number("rps"), claim.figure

    def rate_at(line: float) -> Estimate:
        work = _work_ms(sources, line)
        low, best, high = (1000 * (line + 1) / ms for ms in (work.high or work.best, work.best, work.low or work.best))
        most = rps * (line + 1)  # of a short line not more is asked for
        return Estimate(min(low, most), min(best, most), min(high, most), work.n)

    rate, work, asked = rate_at(people), _work_ms(sources, people), rps * (people + 1)
    least_s, _ = _round_trips_s(people + 1)
    sent = rate.best * Scenario().redis.request_bytes / 1e6
    why = (
        f"With {number(people)} in line a status is {number(people + 1)} commands and {number(work.low)} to "
        f"{number(work.high)} ms of the engine's work, so a full engine thread gets through {number(rate.low)} to "
        f"{number(rate.high)} commands a second, {number(1000 / work.best)} statuses. Over 100k commands/s, 100 % of "
        f"CPU and {number(sent)} MB/s coming in fit each other, and about 100 ms a status fits as the engine's work. "
        f"{number(rps)} answered requests a second do not fit: they would be {number(asked / 1e6)} million commands. "
        f"Nor does a status of 100 ms as a client sees it: its calls wait for each other, {clock(least_s)} at least."
    )
    flips = bisected("people in line", lambda line: at_least(rate_at(line), value), people, 1.0)
    verdict = at_least(rate, value)
    rest = (CALLS, sources.measured.origin, *(f"profile {name}" for name in COSTS), "assumption: redis.request_bytes")
    no_flip = "the profiles disagree on what a call takes"
    return Entry(claim, verdict, rate, claim.unit, why, rest, tuple(flips), no_flip, LATER)


CHECKS = {
    "redis.keys_100ms": Check(_keys_100ms, (), ("arithmetic", "real")),
    "redis.commands": Check(_commands, (), ("arithmetic", "real")),
}
