"""Claims about Redis: sizing, engine CPU by load, KEYS against the index, and what more nodes would change."""

from __future__ import annotations

import math

from models.claims import Claim, ClaimVerdict
from models.judge.wording import number, with_unit
from models.ledger.checks import Check, Sources, redone, rests_on
from models.ledger.entry import Entry, Flip, about, at_least, at_most, exactly, scaled, weakest
from models.ledger.evidence import Evidence
from models.redis_nodes import redis_nodes
from sim.estimate import Estimate

STAGES = {1_000: 0, 10_000: 2, 20_000: 3, 30_000: 4}
"""Which stage of `ladder-index` and `ladder-keys` has which rate."""
ENGINE = "redis.engine_cpu_peak_60s_percent"


def _memory(claim: Claim, sources: Sources) -> Entry:
    """Hold the talk's sum against what people take of a real server."""
    own, real = redone(claim), sources.measured
    each = real.of("memory.per_client_bytes")
    headroom = 2.0
    needed = exactly(headroom * claim.number("clients") * each.best / 1e6)
    assumed = own.value * 1e6 / claim.number("clients") / headroom
    why = (
        f"{own.why} But with this Lua core a person in line takes {number(each.best)} bytes, index included, so "
        f"{number(needed.best)} MB are enough where the talk counts {number(assumed)} bytes and {number(own.value)} MB."
    )
    published = claim.figure
    verdict = "conditional" if about(needed, published, 0.1) != "confirmed" else own.verdict
    flips = (Flip("bytes a person takes", f"{number(assumed)} (session data kept beside the line)", "confirmed"),)
    return Entry(claim, verdict, needed, claim.unit, why, (*own.rests_on, real.origin), flips)


def _network(claim: Claim, sources: Sources) -> Entry:
    own, run = redone(claim), sources["spread"]
    status = run.kpi("requests.status_rps_peak_60s")
    bytes_each = run.scenario.redis.reply_bytes
    found = scaled(status, bytes_each / 1e6)
    why = f"{own.why} Simulated, the busiest minute takes {number(found.best)} MB/s from all nodes together."
    return Entry(claim, own.verdict, found, claim.unit, why, (*own.rests_on, *rests_on(run)))


def _cpu_600ms(claim: Claim, sources: Sources) -> Entry:
    own, real, run = redone(claim), sources.measured, sources["spread"]
    call = real.of("zrank.call_us")
    rps = 60_000
    cores = exactly(call.best * rps / 1e6)
    total = sum(
        run.best(f"redis.shard_{shard}.engine_cpu_peak_60s_percent") for shard in range(run.scenario.redis.shards)
    )
    why = (
        f"{own.why} A ZRANK takes a real server {number(call.best)} us, so {number(rps)} of them {number(cores.best)} "
        f"of a core; but each comes with a script, its reply and a socket, and simulated the busiest minute takes "
        f"{number(total / 100)} cores of all shards together."
    )
    return Entry(claim, own.verdict, cores, claim.unit, why, (*own.rests_on, real.origin, *rests_on(run)))


def _shard_share(claim: Claim, sources: Sources) -> Entry:
    run, real = sources["hot"], sources.measured
    shares = [run.best(f"redis.shard_{shard}.engine_cpu_mean_percent") for shard in range(run.scenario.redis.shards)]
    hot = 100 * max(shares) / sum(shares)
    measured = real.of("cluster.hot_share_percent")
    rps = exactly(claim.number("shards") * hot / 100 * claim.figure)
    why = (
        f"All keys of the event carry one hash tag, so one shard has {number(hot)} % of the work and would have to "
        "take "
        f"{number(rps.best)} RPS; of a real cluster's commands the hottest shard had {number(measured.best)} %."
    )
    verdict = weakest([at_most(exactly(value), 100 / claim.number("shards") * 1.5) for value in (hot, measured.best)])
    flips = (Flip("waiting_room.events", "10, on distinct slots", "confirmed"),)
    return Entry(claim, verdict, rps, claim.unit, why, (*rests_on(run), real.origin), flips)


def _sizing(claim: Claim, sources: Sources) -> Entry:
    hot, derived, spread = sources["hot"], sources["hot_derived"], sources["spread"]
    peak, other = hot.kpi(ENGINE), derived.kpi(ENGINE)
    served, limit = hot.kpi("requests.status_rps_peak_60s"), hot.scenario.slo.engine_cpu_percent
    why = (
        f"For one event all polls meet one engine thread: it is {number(peak.best)} % busy in its worst minute "
        f"({_range(other, '%')} by the derived profile, which is wide), and its ceiling is "
        f"{number(hot.best('fact.ceiling_rps'))} RPS. Over ten events on distinct slots the busiest has "
        f"{number(spread.best(ENGINE))} %."
    )
    verdict = weakest([at_most(peak, limit)])
    holding = [people for people in (150_000, 100_000, 50_000) if _holds(sources[f"people_{people}"])]
    longer = [poll for poll in (8, 10, 12, 15) if _holds(sources[f"poll_{poll}"])]
    flips = [Flip("waiting_room.events", "10, on distinct slots", at_most(spread.kpi(ENGINE), limit))]
    if longer:
        flips.append(Flip("clients.poll_interval_s", f"{min(longer)} or more", "confirmed"))
    if holding:
        flips.append(Flip("clients.count", f"{number(max(holding))} or fewer", "confirmed"))
    found = verdict if verdict != "confirmed" else at_most(other, limit)
    return Entry(claim, found, served, claim.unit, why, rests_on(hot, derived, spread), tuple(flips))


def _engine_cpu(claim: Claim, sources: Sources) -> Entry:
    """What the talk's profile was fitted to is fitted; the twin's number is of the profile that was not."""
    rate = int(claim.number("rps"))
    name = f"stage.{STAGES[rate]}.engine_cpu_percent"
    fitted, derived = sources["ladder"].best(name), sources["ladder_derived"].kpi(name)
    value = claim.figure
    agrees = about(derived, value, 0.1)
    rest = rests_on(sources["ladder"], sources["ladder_derived"])
    said = {
        "refuted": f"does not agree with {number(value)} %",
        "confirmed": f"agrees with {number(value)} %",
        "conditional": f"leaves {number(value)} % open",
    }
    why = (
        f"The profile talk-m7g is fitted to this figure and gives {number(fitted)} %, which is no evidence. The "
        "derived "
        f"one, which was not, gives {_range(derived, '%')} and {said[agrees]}."
    )
    if "real" in claim.how:
        real = sources.measured.of(f"status.engine_cpu_{rate // 1000}k_percent")
        why += f" A real server, an x86 one, was {_range(real, '%')} busy at this rate."
        rest = (*rest, sources.measured.origin)
    return Entry(claim, "fitted", derived, claim.unit, why, rest)


def _cpu_keys(claim: Claim, sources: Sources) -> Entry:
    rate = int(claim.number("rps"))
    run, real = sources["ladder_keys"], sources.measured
    cpu = run.kpi(f"stage.{STAGES[rate]}.engine_cpu_percent")
    served, ceiling = run.best(f"stage.{STAGES[rate]}.answered_rps"), real.of("keys.ceiling_rps")
    value = claim.figure
    why = (
        f"At {number(rate)} RPS offered the engine thread is {number(cpu.best)} % busy and answers {number(served)} a "
        f"second. It would be so from far less on: a real server answers {number(ceiling.best)} such requests a second "
        "at most."
    )
    verdict = weakest([about(cpu, value, 0.02), at_most(ceiling, rate)])
    return Entry(claim, verdict, cpu, claim.unit, why, (*rests_on(run), real.origin))


def _keys_100ms(claim: Claim, sources: Sources) -> Entry:
    real, run = sources.measured, sources["ladder_keys_gateway"]
    call = real.of("keys.call_ms")
    waited = {rate: run.best(f"stage.{k}.status_p50_ms") for rate, k in STAGES.items()
              if run.seen(f"stage.{k}.status_p50_ms")}  # fmt: skip
    value = claim.figure
    at = int(claim.number("rps"))
    seen = (
        f"a median of {with_unit(waited[at], 'ms')} at {number(at)} RPS"
        if at in waited
        else f"at {number(at)} RPS nobody is answered before giving up"
    )
    why = (
        f"KEYS over {number(claim.number('keys'))} keys takes a real server {_range(call, 'ms')}. A status takes "
        "longer "
        f"because it waits in the queue of an engine thread that is full: simulated, {seen}."
    )
    per_key = call.best / claim.number("keys")
    flips = (Flip("keys on the node", f"{number(value / per_key)}", "confirmed"),)
    return Entry(claim, about(call, value, 0.5), call, claim.unit, why, (real.origin, *rests_on(run)), flips)


def _zrank_1ms(claim: Claim, sources: Sources) -> Entry:
    call, run = sources.measured.of("zrank.call_us"), sources["ladder_gateway"]
    ms = scaled(call, 1 / 1000)
    comparisons = math.log2(claim.number("members"))
    value = claim.figure
    p50 = run.best(f"stage.{STAGES[10_000]}.status_p50_ms")
    why = (
        f"A real server takes {_range(call, 'us')} for one, of log2({number(claim.number('members'))}) = "
        f"{number(comparisons)} comparisons. The whole status, as the gateway sees it at 10,000 RPS, takes "
        f"{number(p50)} ms in the median."
    )
    rest = (sources.measured.origin, *rests_on(run))
    return Entry(claim, at_most(ms, value), ms, claim.unit, why, rest)


def _speedup(claim: Claim, sources: Sources) -> Entry:
    ratio, call = sources.measured.of("index.speedup"), sources.measured.of("keys.call_ms")
    value = claim.figure
    why = (
        f"With 10,000 people in line KEYS takes {_range(ratio, '')} times as long as the index inside a real server. "
        f"The ratio grows with the keys on the node: KEYS looks at every one of them."
    )
    flips = (Flip("keys on the node", f"about {number(10_000 * value / ratio.best)}", "confirmed"),)
    rest = (sources.measured.origin,)
    verdict = about(ratio, value, 0.5)
    found = "conditional" if verdict == "refuted" and call.best > 0 else verdict
    return Entry(claim, found, ratio, claim.unit, why, rest, flips if found != "confirmed" else ())


def _commands(claim: Claim, sources: Sources) -> Entry:
    """Hold the commands of a saturated engine thread against those that all requests would make."""
    run, index, real = sources["ladder_keys"], sources["ladder"], sources.measured
    most = max(run.best(f"stage.{stage}.commands_per_s") for stage in range(5))
    at_10k = index.best(f"stage.{STAGES[10_000]}.commands_per_s")
    value = claim.figure
    keys = 1e6 / 10_000 / (1000 * real.of("keys.call_ms").best / run.scenario.clients.count)
    why = (
        f"So many mean that all of 10,000 requests a second are answered, ten commands each. But an engine thread that "
        f"lists 10,000 keys each time comes to {number(most)} commands a second at most; with the index 10,000 RPS are "
        f"{number(at_10k)}. So it contradicts the 100 % of engine CPU and the 100 ms a KEYS takes."
    )
    flips = (Flip("keys on the node", f"fewer than about {number(keys)}", "confirmed"),)
    rest = (*rests_on(run, index), real.origin)
    return Entry(claim, at_least(exactly(most), value), exactly(most), claim.unit, why, rest, flips)


def _no_more_nodes(claim: Claim, sources: Sources) -> Entry:
    ladder, derived = sources["ladder"], sources["ladder_derived"]
    name = f"stage.{STAGES[30_000]}.engine_cpu_percent"
    limit = ladder.scenario.slo.engine_cpu_percent
    cpu, other = ladder.best(name), derived.kpi(name)
    node = redis_nodes()[ladder.scenario.redis.node_type].redis_oss_usd_per_h or 0.0
    why = (
        f"For one event more nodes would change nothing, as one shard serves it; at 30,000 RPS it is {number(cpu)} % "
        f"busy by the fitted profile, {_range(other, '%')} by the derived one, with {number(limit)} % allowed. A node "
        f"more is ${number(node * 730)} a month."
    )
    verdict = weakest(["conditional" if at_most(exactly(cpu), limit) == "refuted" else "confirmed",
                       at_most(other, limit)])  # fmt: skip
    flips = (Flip("load on one event", f"beyond {number(ladder.best('fact.ceiling_rps'))} RPS", "refuted"),)
    rest = (*rests_on(ladder, derived), "AWS ElastiCache list prices")
    return Entry(claim, "conditional" if verdict == "refuted" else verdict, exactly(0.0), claim.unit, why, rest, flips)


def _latency(claim: Claim, sources: Sources) -> Entry:
    gateway, client = sources["ladder_gateway"], sources["ladder"]
    names = [f"stage.{STAGES[rate]}.status_p99_ms" for rate in (10_000, 20_000, 30_000)]
    worst = exactly(max(gateway.best(name) for name in names))
    value = claim.figure
    at_10k = gateway.kpi(names[0])
    why = (
        f"As the gateway sees it: p99 {number(at_10k.best)} ms at 10,000 RPS, {number(worst.best)} ms at worst up to "
        f"30,000. A person sees {number(client.best(names[0]))} ms, most of it the way through the network."
    )
    flips = (Flip("where it is measured", "at the person", at_most(client.kpi(names[0]), value)),)
    verdict = weakest([at_most(at_10k, value), "conditional" if worst.best > value else "confirmed"])
    return Entry(claim, verdict, at_10k, claim.unit, why, rests_on(gateway, client), flips)


def _position(claim: Claim, sources: Sources) -> Entry:
    why = (
        "The twin charges the gateway's CPU by endpoint, not by function, so a share of a CPU profile is no quantity "
        "of "
        "it; the figure is a property of the gateway's code before the fix and needs that code to be run."
    )
    return Entry(claim, "not_testable", None, claim.unit, why, ())


def _next_100k(claim: Claim, sources: Sources) -> Entry:
    run = sources["next_100k"]
    peak = run.kpi("requests.status_rps_peak_60s")
    cpu, errors = run.best(ENGINE), run.best("errors.rate_percent")
    slo, value = run.scenario.slo, claim.figure
    first = run.limits[0]
    held = cpu <= slo.engine_cpu_percent and errors <= slo.error_percent
    binds = f"what gives way first is the {first.name}" if first.bound else "nothing is exhausted"
    why = (
        f"500,000 people over ten events make {number(peak.best)} RPS in the busiest minute: the busiest of five "
        "shards "
        f"is {number(cpu)} % busy, {number(errors)} % of the requests fail, and {binds}. An event is "
        f"${run.best('cost.event_usd'):.2f}. Several regions are not modelled."
    )
    verdict: ClaimVerdict = "conditional" if held and about(peak, value, 0.15) != "refuted" else "refuted"
    flips = (Flip("waiting_room.events", "1 (one hot slot)", "refuted"),)
    return Entry(claim, verdict, peak, claim.unit, why, rests_on(run), flips)


def _gateway_architecture(claim: Claim, sources: Sources) -> Entry:
    hot, spread = sources["hot"], sources["spread"]
    limit = hot.scenario.slo.engine_cpu_percent
    peak = hot.kpi(ENGINE)
    errors, p99 = hot.best("errors.rate_percent"), hot.best("latency.status_p99_ms")
    why = (
        f"Nobody is turned away: {number(errors)} % of the requests fail. But for one event the engine thread is "
        f"{number(peak.best)} % busy in its worst minute and status takes {number(p99)} ms at p99; over ten events "
        f"{number(spread.best(ENGINE))} % and {number(spread.best('latency.status_p99_ms'))} ms."
    )
    verdict = weakest([at_most(peak, limit), at_most(hot.kpi("latency.status_p99_ms"), hot.scenario.slo.status_p99_ms)])
    holds = spread.best(ENGINE) <= limit
    found = "conditional" if verdict == "refuted" and holds else verdict
    flips = (Flip("waiting_room.events", "10, on distinct slots", "confirmed"),) if holds else ()
    return Entry(claim, found, peak, "percent", why, rests_on(hot, spread), flips)


def _holds(run: Evidence) -> bool:
    return at_most(run.kpi(ENGINE), run.scenario.slo.engine_cpu_percent) == "confirmed"


def _range(found: Estimate, unit: str) -> str:
    if found.low is None or found.high is None:
        return f"{number(found.best)} {unit}".rstrip()
    return f"{number(found.low)} to {number(found.high)} {unit}".rstrip()


_SIZING = tuple(f"poll_{poll}" for poll in (8, 10, 12, 15)) + tuple(f"people_{n}" for n in (50_000, 100_000, 150_000))
CHECKS = {
    "redis.memory": Check(_memory, (), ("arithmetic", "real")),
    "redis.network": Check(_network, ("spread",), ("arithmetic",)),
    "redis.cpu_600ms": Check(_cpu_600ms, ("spread",), ("arithmetic", "real")),
    "redis.shard_share": Check(_shard_share, ("hot",), ("real",)),
    "redis.sizing": Check(_sizing, ("hot", "hot_derived", "spread", *_SIZING)),
    "redis.cpu_1k": Check(_engine_cpu, ("ladder", "ladder_derived")),
    "redis.cpu_keys_10k": Check(_cpu_keys, ("ladder_keys",), ("real",)),
    **{f"redis.cpu_{k}k": Check(_engine_cpu, ("ladder", "ladder_derived"), ("real",)) for k in (10, 20, 30)},
    "redis.keys_100ms": Check(_keys_100ms, ("ladder_keys_gateway",), ("real",)),
    "redis.zrank_1ms": Check(_zrank_1ms, ("ladder_gateway",), ("real",)),
    "redis.speedup": Check(_speedup, (), ("real",)),
    "redis.commands": Check(_commands, ("ladder_keys", "ladder")),
    "redis.no_more_nodes": Check(_no_more_nodes, ("ladder", "ladder_derived"), ("cost",)),
    "status.latency": Check(_latency, ("ladder_gateway", "ladder")),
    "profile.position": Check(_position),
    "next.100k": Check(_next_100k, ("next_100k",), ("cost",)),
    "arch.gateway": Check(_gateway_architecture, ("hot", "spread")),
}
