"""Claims about Redis: sizing, engine CPU by load, KEYS against the index, and what more nodes would change."""

from __future__ import annotations

import math
from collections.abc import Iterator

from models.catalogues.redis_nodes import redis_nodes
from models.judge.wording import latency, number
from models.ledger.arithmetic import redone
from models.ledger.checks import Check, Sources, profile, rests_on
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import (
    Entry,
    Flip,
    about,
    at_most,
    exactly,
    in_every_case,
    interval_text,
    of_a_fit,
    scaled,
    that_change,
    weakest,
)
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.flips import COMPUTED, OPEN, RUN, bisected, by_case
from models.ledger.luck import luck_text
from models.ledger.runs import STAGES, stage_kpi
from models.redis_costs.commands import Command
from models.vocabulary.units import HOURS_PER_MONTH
from sim.estimate import Estimate

HEADROOM = 2.0
"""What the talk multiplies the data by."""
DEPLOYED_BYTES = (2000.0, 2500.0)
"""What a waiting user took as deployed: six keys and two members, an estimate."""
NEAR = 0.1
"""Share by which a figure may be off a published one and still be it."""
ROUGHLY = 0.5
"""The same of one that is published as `about`."""
FIT = 0.1
"""Share by which the profile fitted to a figure may miss it and still be fitted to it."""
DERIVED_PROFILE = "m7g-xlarge-derived"
SEARCHED = ("people_hot",)
"""Flips of one event that are found by bisection of its runs."""
EVEN = 1.5
"""Times its even share that the hottest shard may have of the work for the work to count as spread."""


def _memory(claim: Claim, sources: Sources) -> Entry:
    """Hold the talk's sum against what people take of a real server."""
    own, real = redone(claim), sources.measured
    each, people = real.of("memory.per_client_bytes"), claim.number("clients")
    assumed = own.found.best * 1e6 / people / HEADROOM

    def needed_mb(bytes_each: float) -> Estimate:
        return exactly(HEADROOM * people * bytes_each / 1e6)

    def verdict_at(bytes_each: float) -> ClaimVerdict:
        return in_every_case([own.verdict, about(needed_mb(bytes_each), claim.figure, NEAR)])

    needed, deployed = needed_mb(each.best), [needed_mb(bytes_each).best for bytes_each in DEPLOYED_BYTES]
    why = (
        f"{own.why} With this Lua core a person in line takes {number(each.best)} bytes, index included, which makes "
        f"{number(needed.best)} MB, where the talk counts {number(assumed)} bytes; as deployed, with six keys each, it "
        f"was an estimated {number(DEPLOYED_BYTES[0])} to {number(DEPLOYED_BYTES[1])}, so {number(deployed[0])} to "
        f"{number(deployed[1])} MB. {number(100 * NEAR)} % more or less counts as the published sum."
    )
    verdict = verdict_at(each.best)
    flips = that_change(
        verdict,
        *bisected("bytes a person takes", verdict_at, each.best, assumed),
        *bisected("bytes a person takes", verdict_at, assumed, DEPLOYED_BYTES[1]),
    )
    rest = (*own.rests_on, real.origin, "gateway-api repository, October 2025: keys of a waiting user, an estimate")
    return Entry(claim, verdict, needed, claim.unit, why, rest, flips, OPEN)


def _network(claim: Claim, sources: Sources) -> Entry:
    own, run = redone(claim), sources["spread"]
    status = run.kpi("requests.status_rps_peak_60s")
    bytes_each = run.scenario.redis.reply_bytes
    found = scaled(status, bytes_each / 1e6)
    why = f"{own.why} Simulated, the busiest minute takes {number(found.best)} MB/s from all nodes together."
    return Entry(claim, own.verdict, found, claim.unit, why, (*own.rests_on, *rests_on(run)), no_flip=OPEN)


def _cpu_600ms(claim: Claim, sources: Sources) -> Entry:
    """Give what the ZRANKs take in a line as long as the claim's, by the profile that the runs are made with."""
    own, real, run = redone(claim), sources.measured, sources["spread"]
    rps, people = claim.number("status_rps"), claims()["demand.status_rps"].number("clients")
    name, measured_us = run.scenario.redis.profile, real.of("zrank.call_us").best
    by = {name: zrank_us(name, people), DERIVED_PROFILE: zrank_us(DERIVED_PROFILE, people)}
    cores = exactly(by[name] * rps / 1e6)
    total = sum(
        run.best(f"redis.shard_{shard}.engine_cpu_peak_60s_percent") for shard in range(run.scenario.redis.shards)
    )
    each = " or ".join(f"{number(us)} us ({origin})" for origin, us in by.items())
    why = (
        f"{own.why} Among {number(people)} members a ZRANK takes {each}, "
        f"so {number(rps)} of them take {number(cores.best)} of a core ({number(measured_us)} us was measured among "
        "10,000). Each comes with a script, its reply and a socket: simulated, the busiest minute takes "
        f"{number(total / 100)} cores of all primaries together."
    )
    rest = (*own.rests_on, real.origin, *rests_on(run), f"profile {DERIVED_PROFILE}")
    return Entry(claim, own.verdict, cores, claim.unit, why, rest, own.flips, OPEN)


def zrank_us(name: str, members: float) -> float:
    """Return what a ZRANK among so many members takes by a profile, microseconds, without its request."""
    cost = profile(name).commands[Command.ZRANK.name]
    return cost.call_us + cost.depth_us * math.log2(members + 1)


def _shard_share(claim: Claim, sources: Sources) -> Entry:
    run, spread, drawn, real = sources["hot"], sources["spread"], sources["spread_drawn"], sources.measured
    hot, even = _hottest_percent(run), 100 / claim.number("shards")
    measured = real.of("cluster.hot_share_percent")
    rps = exactly(claim.number("shards") * hot / 100 * claim.figure)
    why = (
        f"All keys of the event carry one hash tag, so one shard has {number(hot)} % of the work and would have to "
        f"take {number(rps.best)} RPS; of a real cluster's commands the hottest shard had {number(measured.best)} %. "
        f"Over ten events on distinct slots the hottest has {number(_hottest_percent(spread))} %."
    )
    verdict = weakest([at_most(exactly(share), EVEN * even) for share in (hot, measured.best)])
    otherwise = at_most(exactly(_hottest_percent(spread)), EVEN * even)
    flips = that_change(verdict, Flip("waiting_room.events", "10, on distinct slots", otherwise, RUN))
    why += f" {luck_text(spread.scenario)} Drawn, the hottest has {number(_hottest_percent(drawn))} %."
    return Entry(claim, verdict, rps, claim.unit, why, (*rests_on(run, spread, drawn), real.origin), flips, OPEN)


def _hottest_percent(run: Evidence) -> float:
    """Return the share that the busiest primary has of the work of all, in percent."""
    busy = [run.best(f"redis.shard_{shard}.engine_cpu_mean_percent") for shard in range(run.scenario.redis.shards)]
    return 100 * max(busy) / sum(busy)


def _sizing(claim: Claim, sources: Sources) -> Entry:
    """Judge the design as the talk has it, for one event and for the five it reckons with: status from every node."""
    hot, five, derived = sources["hot"], sources["five"], sources["hot_derived"]
    limit = hot.scenario.slo.engine_cpu_percent
    cases = {number(run.scenario.waiting_room.events): at_most(run.kpi(ENGINE), limit) for run in (hot, five)}
    by_fit = in_every_case([*cases.values()])
    # a fit to the talk's own projection cannot confirm it alone
    verdict = in_every_case([by_fit, at_most(derived.kpi(ENGINE), limit)]) if by_fit == "confirmed" else by_fit
    left_open = by_fit == "confirmed" and verdict == "conditional"
    one, many, wide = (interval_text(run.kpi(ENGINE), "percent") for run in (hot, five, derived))
    p99 = [latency(run.best("latency.status_p99_ms")) for run in (hot, five)]
    why = (
        f"The busiest engine thread may be {number(limit)} % busy in its worst minute. For one event, whose polls meet "
        f"one shard, it is {one}, for five {many}; by the derived profile, which is wide, {wide} for one"
        f"{', and so leaves it open: that the fit to the talk holds confirms nothing' if left_open else ''}. All joins "
        f"meet a primary: status takes {p99[0]} at p99 for one event and {p99[1]} for five."
    )
    otherwise = _by_profile(hot, derived) if by_fit == "confirmed" else by_case("waiting_room.events", cases, RUN)
    flips = that_change(verdict, *otherwise, *_sizing_flips(sources, verdict))
    rest = rests_on(hot, five, derived)
    return Entry(claim, verdict, hot.kpi("requests.status_rps_peak_60s"), claim.unit, why, rest, flips, OPEN)


def _by_profile(fitted: Evidence, derived: Evidence) -> tuple[Flip, ...]:
    """Return what follows by each profile alone, that which is fitted to the talk and the derived one."""
    cases = {fitted.scenario.redis.profile: of_a_fit(_holds(fitted)), derived.scenario.redis.profile: _holds(derived)}
    return by_case("redis.profile", cases, RUN)


def _sizing_flips(sources: Sources, mine: ClaimVerdict) -> Iterator[Flip]:
    """Yield what else breaks it for one event: where status is read, and how many people there are.

    Neither makes it hold by both profiles: they are runs by one.
    """
    yield Flip("waiting_room.replica_reads", "false", weakest([mine, _holds(sources["primary_only"])]), RUN)
    for name in SEARCHED:
        yield from sources.flips[name].flip(mine, "refuted", mine)


def _engine_cpu(claim: Claim, sources: Sources) -> Entry:
    """What the talk's profile was fitted to is fitted, if it meets it; the twin's number is of the one that was not."""
    rate, value = int(claim.number("rps")), claim.figure
    name = stage_kpi(rate, "engine_cpu_percent")
    ladder = sources["ladder"]
    fitted, derived = ladder.best(name), sources["ladder_derived"].kpi(name)
    rest = rests_on(ladder, sources["ladder_derived"])
    found = about(derived, value, NEAR)
    said = {
        "refuted": f"does not agree with {number(value)} %",
        "confirmed": f"agrees with {number(value)} %",
        "conditional": f"leaves {number(value)} % open",
    }
    met = about(exactly(fitted), value, FIT) == "confirmed"
    why = (
        f"The profile {ladder.scenario.redis.profile} is fitted to this figure and gives {number(fitted)} %, which is "
        f"{'no evidence' if met else 'no fit'} ({number(100 * FIT)} % off would be none). The derived one, which was "
        f"not, gives {interval_text(derived, 'percent')} and {said[found]}, give or take {number(100 * NEAR)} %."
    )
    if "real" in claim.how:
        real = sources.measured.of(f"status.engine_cpu_{rate // 1000}k_percent")
        machine = sources.measured.machine.partition(",")[0]
        why += f" A real server ({machine}) was {interval_text(real, 'percent')} busy at this rate."
        rest = (*rest, sources.measured.origin)
    return Entry(claim, "fitted" if met else found, derived, claim.unit, why, rest, no_flip=OPEN)


def _cpu_keys(claim: Claim, sources: Sources) -> Entry:
    rate = int(claim.number("rps"))
    run, real = sources["ladder_keys"], sources.measured
    cpu, served = run.kpi(stage_kpi(rate, "engine_cpu_percent")), run.best(stage_kpi(rate, "answered_rps"))
    ceiling = real.of("keys.ceiling_rps")
    why = (
        f"At {number(rate)} RPS offered the engine thread is {number(cpu.best)} % busy and answers {number(served)} a "
        f"second. A real server answers {number(ceiling.best)} such requests a second at most, so it would be full "
        "from there on."
    )
    verdict = weakest([about(cpu, claim.figure, 0.02), at_most(ceiling, rate)])
    return Entry(claim, verdict, cpu, claim.unit, why, (*rests_on(run), real.origin), no_flip=OPEN)


def _zrank_1ms(claim: Claim, sources: Sources) -> Entry:
    call, run = sources.measured.of("zrank.call_us"), sources["ladder_gateway"]
    ms = scaled(call, 1 / 1000)
    comparisons = math.log2(claim.number("members"))
    p50 = run.best(stage_kpi(10_000, "status_p50_ms"))
    why = (
        f"A real server takes {interval_text(call, 'us')} for one, of log2({number(claim.number('members'))}) = "
        f"{number(comparisons)} comparisons. The whole status, as the gateway sees it at 10,000 RPS, takes "
        f"{number(p50)} ms in the median."
    )
    rest = (sources.measured.origin, *rests_on(run))
    return Entry(claim, at_most(ms, claim.figure), ms, claim.unit, why, rest, no_flip=OPEN)


def _speedup(claim: Claim, sources: Sources) -> Entry:
    """Hold the measured ratio against the claim's; it grows with the keys on the node, as KEYS looks at every one."""
    ratio, keys, value = sources.measured.of("index.speedup"), claims()["redis.keys_100ms"].number("keys"), claim.figure

    def verdict_at(others: float) -> ClaimVerdict:
        return about(scaled(ratio, others / keys), value, ROUGHLY)

    why = (
        f"With {number(keys)} people in line KEYS takes {interval_text(ratio, '')} times as long as the index inside a "
        f"real server; {number(100 * ROUGHLY)} % more or less counts as about. The ratio grows with the keys on the "
        "node: KEYS looks at every one of them. With the XLENs that a status made besides it is larger still."
    )
    verdict = verdict_at(keys)
    if verdict == "refuted" and ratio.best > 1:
        verdict = "conditional"
    fits = keys * value / ratio.best
    flips = that_change(
        verdict,
        Flip("keys on the node", f"{number(fits)}, in proportion to {number(keys)}", verdict_at(fits), COMPUTED),
        *bisected("keys on the node", verdict_at, fits, 0.1 * fits, 10 * fits),
    )
    return Entry(claim, verdict, ratio, claim.unit, why, (sources.measured.origin,), flips, OPEN)


def _no_more_nodes(claim: Claim, sources: Sources) -> Entry:
    """Judge by whether the one shard that serves an event holds: if it does not, more shards do not help it either."""
    ladder, derived = sources["ladder"], sources["ladder_derived"]
    name, limit = stage_kpi(30_000, "engine_cpu_percent"), ladder.scenario.slo.engine_cpu_percent
    cpu, other, ceiling = ladder.kpi(name), derived.kpi(name), ladder.best("fact.ceiling_rps")
    node_usd = (redis_nodes()[ladder.scenario.redis.node_type].redis_oss_usd_per_h or 0.0) * HOURS_PER_MONTH
    why = (
        f"For one event more shards would change nothing, as one serves it; at 30,000 RPS it is {number(cpu.best)} % "
        f"busy by the fitted profile, {interval_text(other, 'percent')} by the derived one, with {number(limit)} % "
        f"allowed. A node more is ${number(node_usd)} a month."
    )
    by_fit, by_derived = at_most(cpu, limit), at_most(other, limit)
    cases = {"fitted to the talk": of_a_fit(by_fit), "derived": by_derived}
    verdict = in_every_case([by_fit, by_derived])
    flips = that_change(
        verdict,
        *by_case("the profile", cases, RUN),
        Flip("load on one event", f"beyond {number(ceiling)} RPS, where its primary is full", "refuted", COMPUTED),
    )
    rest = (*rests_on(ladder, derived), "AWS ElastiCache list prices")
    return Entry(claim, verdict, cpu, "percent", why, rest, flips, OPEN)


def _status_latency(claim: Claim, sources: Sources) -> Entry:
    gateway, client = sources["ladder_gateway"], sources["ladder"]
    p99 = {rate: stage_kpi(rate, "status_p99_ms") for rate in STAGES}
    at_10k, seen, value = gateway.kpi(p99[10_000]), client.kpi(p99[10_000]), claim.figure
    worst = max(gateway.best(name) for name in p99.values())
    why = (
        f"As the gateway sees it, p99 is {number(at_10k.best)} ms at 10,000 RPS and {number(worst)} ms at worst up to "
        f"30,000. A person sees {number(seen.best)} ms, {number(seen.best - at_10k.best)} of them on the way there and "
        "back."
    )
    verdict = weakest([at_most(at_10k, value), "conditional" if worst > value else "confirmed"])
    otherwise = at_most(seen, value)
    flips = that_change(verdict, Flip("where it is measured", "at the person", otherwise, RUN))
    return Entry(claim, verdict, at_10k, claim.unit, why, rests_on(gateway, client), flips, OPEN)


def _holds(run: Evidence) -> ClaimVerdict:
    """Return whether the engine's level is kept in the worst minute: open where its interval spans the limit."""
    return at_most(run.kpi(ENGINE), run.scenario.slo.engine_cpu_percent)


CHECKS = {
    "redis.memory": Check(_memory, (), ("arithmetic", "real")),
    "redis.network": Check(_network, ("spread",), ("arithmetic",)),
    "redis.cpu_600ms": Check(_cpu_600ms, ("spread",), ("arithmetic", "real")),
    "redis.shard_share": Check(_shard_share, ("hot", "spread", "spread_drawn"), ("real",)),
    "redis.sizing": Check(_sizing, ("hot", "five", "hot_derived", "primary_only"), searches=SEARCHED),
    "redis.cpu_1k": Check(_engine_cpu, ("ladder", "ladder_derived")),
    "redis.cpu_keys_10k": Check(_cpu_keys, ("ladder_keys",), ("real",)),
    **{f"redis.cpu_{k}k": Check(_engine_cpu, ("ladder", "ladder_derived"), ("real",)) for k in (10, 20, 30)},
    "redis.zrank_1ms": Check(_zrank_1ms, ("ladder_gateway",), ("real",)),
    "redis.speedup": Check(_speedup, (), ("real",)),
    "redis.no_more_nodes": Check(_no_more_nodes, ("ladder", "ladder_derived"), ("cost",)),
    "status.latency": Check(_status_latency, ("ladder_gateway", "ladder")),
}
