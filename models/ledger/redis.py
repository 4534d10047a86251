"""Claims about Redis: sizing, engine CPU by load, KEYS against the index, and what more nodes would change."""

from __future__ import annotations

import math

from models.claims import Claim, ClaimVerdict, claims
from models.judge.wording import latency, number
from models.ledger.arithmetic import redone
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.entry import (
    Entry,
    Flip,
    about,
    at_least,
    at_most,
    exactly,
    in_every_case,
    interval_text,
    scaled,
    that_change,
    weakest,
)
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.flips import COMPUTED, OPEN, RUN
from models.ledger.runs import PEOPLE, POLLS_S, STAGES, stage_kpi
from models.redis_nodes import redis_nodes
from models.units import HOURS_PER_MONTH

EVEN = 1.5
"""Times its even share that the hottest shard may have of the work for the work to count as spread."""


def _memory(claim: Claim, sources: Sources) -> Entry:
    """Hold the talk's sum against what people take of a real server."""
    own, real = redone(claim), sources.measured
    each = real.of("memory.per_client_bytes")
    headroom = 2.0
    needed = exactly(headroom * claim.number("clients") * each.best / 1e6)
    assumed = own.found.best * 1e6 / claim.number("clients") / headroom
    why = (
        f"{own.why} With this Lua core a person in line takes {number(each.best)} bytes, index included, which makes "
        f"{number(needed.best)} MB, where the talk counts {number(assumed)} bytes."
    )
    verdict = in_every_case([own.verdict, about(needed, claim.figure, 0.1)])
    at = f"{number(assumed)} (session data kept beside the line)"
    flips = that_change(verdict, Flip("bytes a person takes", at, own.verdict, COMPUTED))
    return Entry(claim, verdict, needed, claim.unit, why, (*own.rests_on, real.origin), flips, OPEN)


def _network(claim: Claim, sources: Sources) -> Entry:
    own, run = redone(claim), sources["spread"]
    status = run.kpi("requests.status_rps_peak_60s")
    bytes_each = run.scenario.redis.reply_bytes
    found = scaled(status, bytes_each / 1e6)
    why = f"{own.why} Simulated, the busiest minute takes {number(found.best)} MB/s from all nodes together."
    return Entry(claim, own.verdict, found, claim.unit, why, (*own.rests_on, *rests_on(run)), no_flip=OPEN)


def _cpu_600ms(claim: Claim, sources: Sources) -> Entry:
    own, real, run = redone(claim), sources.measured, sources["spread"]
    call, rps = real.of("zrank.call_us"), claim.number("status_rps")
    cores = scaled(call, rps / 1e6)
    total = sum(
        run.best(f"redis.shard_{shard}.engine_cpu_peak_60s_percent") for shard in range(run.scenario.redis.shards)
    )
    why = (
        f"{own.why} A ZRANK takes a real server {number(call.best)} us, so {number(rps)} of them {number(cores.best)} "
        "of a core; but each comes with a script, its reply and a socket, and simulated the busiest minute takes "
        f"{number(total / 100)} cores of all shards together."
    )
    return Entry(claim, own.verdict, cores, claim.unit, why, (*own.rests_on, real.origin, *rests_on(run)), no_flip=OPEN)


def _shard_share(claim: Claim, sources: Sources) -> Entry:
    run, spread, real = sources["hot"], sources["spread"], sources.measured
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
    return Entry(claim, verdict, rps, claim.unit, why, (*rests_on(run, spread), real.origin), flips, OPEN)


def _hottest_percent(run: Evidence) -> float:
    """Return the share that the busiest primary has of the work of all, in percent."""
    busy = [run.best(f"redis.shard_{shard}.engine_cpu_mean_percent") for shard in range(run.scenario.redis.shards)]
    return 100 * max(busy) / sum(busy)


def _sizing(claim: Claim, sources: Sources) -> Entry:
    hot, derived, spread = sources["hot"], sources["hot_derived"], sources["spread"]
    peak, other = hot.kpi(ENGINE), derived.kpi(ENGINE)
    served, limit = hot.kpi("requests.status_rps_peak_60s"), hot.scenario.slo.engine_cpu_percent
    why = (
        f"For one event all polls meet one engine thread: it is {number(peak.best)} % busy in its worst minute "
        f"({interval_text(other, 'percent')} by the derived profile, which is wide), and its ceiling is "
        f"{number(hot.best('fact.ceiling_rps'))} RPS. Over ten events on distinct slots the busiest has "
        f"{number(spread.best(ENGINE))} %."
    )
    verdict = at_most(peak, limit)
    if verdict == "confirmed":
        verdict = at_most(other, limit)
    ways = [Flip("waiting_room.events", "10, on distinct slots", at_most(spread.kpi(ENGINE), limit), RUN)]
    if longer := [poll for poll in POLLS_S if _holds(sources[f"poll_{poll}"])]:
        ways.append(Flip("clients.poll_interval_s", f"{min(longer)} or more", "confirmed", RUN))
    if fewer := [people for people in PEOPLE if _holds(sources[f"people_{people}"])]:
        ways.append(Flip("clients.count", f"{number(max(fewer))} or fewer", "confirmed", RUN))
    rest = rests_on(hot, derived, spread)
    return Entry(claim, verdict, served, claim.unit, why, rest, that_change(verdict, *ways), OPEN)


def _engine_cpu(claim: Claim, sources: Sources) -> Entry:
    """What the talk's profile was fitted to is fitted; the twin's number is of the profile that was not."""
    rate, value = int(claim.number("rps")), claim.figure
    name = stage_kpi(rate, "engine_cpu_percent")
    ladder = sources["ladder"]
    fitted, derived = ladder.best(name), sources["ladder_derived"].kpi(name)
    rest = rests_on(ladder, sources["ladder_derived"])
    said = {
        "refuted": f"does not agree with {number(value)} %",
        "confirmed": f"agrees with {number(value)} %",
        "conditional": f"leaves {number(value)} % open",
    }
    why = (
        f"The profile {ladder.scenario.redis.profile} is fitted to this figure and gives {number(fitted)} %, which is "
        f"no evidence. The derived one, which was not, gives {interval_text(derived, 'percent')} and "
        f"{said[about(derived, value, 0.1)]}."
    )
    if "real" in claim.how:
        real = sources.measured.of(f"status.engine_cpu_{rate // 1000}k_percent")
        machine = sources.measured.machine.partition(",")[0]
        why += f" A real server ({machine}) was {interval_text(real, 'percent')} busy at this rate."
        rest = (*rest, sources.measured.origin)
    return Entry(claim, "fitted", derived, claim.unit, why, rest, no_flip=OPEN)


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


def _keys_100ms(claim: Claim, sources: Sources) -> Entry:
    real, run = sources.measured, sources["ladder_keys_gateway"]
    call = real.of("keys.call_ms")
    keys, at, value = claim.number("keys"), claim.number("rps"), claim.figure
    waited = stage_kpi(at, "status_p50_ms")
    seen = (
        f"it has a median of {latency(run.best(waited))} at {number(at)} RPS"
        if run.seen(waited)
        else f"at {number(at)} RPS nobody is answered before giving up"
    )
    why = (
        f"KEYS over {number(keys)} keys takes a real server {interval_text(call, 'ms')}. A status takes longer if the "
        f"engine thread is full and it waits for it: simulated, {seen}."
    )
    verdict = about(call, value, 0.5)
    flips = that_change(verdict, Flip("keys on the node", number(keys * value / call.best), "confirmed", COMPUTED))
    return Entry(claim, verdict, call, claim.unit, why, (real.origin, *rests_on(run)), flips, OPEN)


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
    ratio, keys, value = sources.measured.of("index.speedup"), claims()["redis.keys_100ms"].number("keys"), claim.figure
    why = (
        f"With {number(keys)} people in line KEYS takes {interval_text(ratio, '')} times as long as the index inside a "
        "real server. The ratio grows with the keys on the node: KEYS looks at every one of them."
    )
    verdict = about(ratio, value, 0.5)
    if verdict == "refuted" and ratio.best > 1:
        verdict = "conditional"
    flips = that_change(
        verdict, Flip("keys on the node", f"about {number(keys * value / ratio.best)}", "confirmed", COMPUTED)
    )
    return Entry(claim, verdict, ratio, claim.unit, why, (sources.measured.origin,), flips, OPEN)


def _commands(claim: Claim, sources: Sources) -> Entry:
    """Hold the commands of a saturated engine thread against those that all requests would make."""
    run, index, real = sources["ladder_keys"], sources["ladder"], sources.measured
    most = max(run.best(stage_kpi(rate, "commands_per_s")) for rate in STAGES)
    rps, value, listed = claim.number("rps"), claim.figure, run.scenario.clients.count
    at_rate, per_key_ms = index.best(stage_kpi(rps, "commands_per_s")), real.of("keys.call_ms").best / listed
    verdict, keys_ms = at_least(exactly(most), value), claims()["redis.keys_100ms"].figure
    why = (
        f"So many mean that all of {number(rps)} requests a second are answered, {number(value / rps)} commands each. "
        f"An engine thread that lists {number(listed)} keys each time comes to {number(most)} commands a second at "
        f"most, and by the talk's own {number(keys_ms)} ms a KEYS to {number(value / rps * 1000 / keys_ms)}; with the "
        f"index {number(rps)} RPS are {number(at_rate)}."
    )
    at = f"fewer than about {number(1000 / rps / per_key_ms)}"
    flips = that_change(verdict, Flip("keys on the node", at, "confirmed", COMPUTED))
    rest = (*rests_on(run, index), real.origin)
    return Entry(claim, verdict, exactly(most), claim.unit, why, rest, flips, OPEN)


def _no_more_nodes(claim: Claim, sources: Sources) -> Entry:
    """Judge by whether the one shard that serves an event holds: if it does not, more nodes do not help it either."""
    ladder, derived = sources["ladder"], sources["ladder_derived"]
    name, limit = stage_kpi(30_000, "engine_cpu_percent"), ladder.scenario.slo.engine_cpu_percent
    cpu, other = ladder.best(name), derived.kpi(name)
    node_usd = (redis_nodes()[ladder.scenario.redis.node_type].redis_oss_usd_per_h or 0.0) * HOURS_PER_MONTH
    why = (
        f"For one event more nodes would change nothing, as one shard serves it; at 30,000 RPS it is {number(cpu)} % "
        f"busy by the fitted profile, {interval_text(other, 'percent')} by the derived one, with {number(limit)} % "
        f"allowed. A node more is ${number(node_usd)} a month."
    )
    cases = [at_most(exactly(cpu), limit), at_most(other, limit)]
    verdict: ClaimVerdict = "confirmed" if set(cases) == {"confirmed"} else "conditional"
    flips = (Flip("load on one event", f"beyond {number(ladder.best('fact.ceiling_rps'))} RPS", "refuted", COMPUTED),)
    rest = (*rests_on(ladder, derived), "AWS ElastiCache list prices")
    return Entry(claim, verdict, exactly(0.0) if "refuted" not in cases else None, claim.unit, why, rest, flips, OPEN)


def _latency(claim: Claim, sources: Sources) -> Entry:
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


def _holds(run: Evidence) -> bool:
    return at_most(run.kpi(ENGINE), run.scenario.slo.engine_cpu_percent) == "confirmed"


_SIZING = tuple(f"poll_{poll}" for poll in POLLS_S) + tuple(f"people_{people}" for people in PEOPLE)
CHECKS = {
    "redis.memory": Check(_memory, (), ("arithmetic", "real")),
    "redis.network": Check(_network, ("spread",), ("arithmetic",)),
    "redis.cpu_600ms": Check(_cpu_600ms, ("spread",), ("arithmetic", "real")),
    "redis.shard_share": Check(_shard_share, ("hot", "spread"), ("real",)),
    "redis.sizing": Check(_sizing, ("hot", "hot_derived", "spread", *_SIZING)),
    "redis.cpu_1k": Check(_engine_cpu, ("ladder", "ladder_derived")),
    "redis.cpu_keys_10k": Check(_cpu_keys, ("ladder_keys",), ("real",)),
    **{f"redis.cpu_{k}k": Check(_engine_cpu, ("ladder", "ladder_derived"), ("real",)) for k in (10, 20, 30)},
    "redis.keys_100ms": Check(_keys_100ms, ("ladder_keys_gateway",), ("real",)),
    "redis.zrank_1ms": Check(_zrank_1ms, ("ladder_gateway",), ("real",)),
    "redis.speedup": Check(_speedup, (), ("real",)),
    "redis.commands": Check(_commands, ("ladder_keys", "ladder"), ("real",)),
    "redis.no_more_nodes": Check(_no_more_nodes, ("ladder", "ladder_derived"), ("cost",)),
    "status.latency": Check(_latency, ("ladder_gateway", "ladder")),
}
