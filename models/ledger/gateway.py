"""Claims about the gateway's pods: CPU, pools, memory and probes, how they scale, and spot nodes under them."""

from __future__ import annotations

from functools import partial

from models.claims import Claim, ClaimVerdict
from models.cluster.autoscaler import heap_of
from models.go_heap import live_kib, resident_kib
from models.judge.wording import clock, latency, number
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.entry import Entry, Flip, about, at_most, exactly, interval_text, that_change, weakest
from models.ledger.evidence import Evidence
from models.ledger.flips import COMPUTED, OPEN
from models.ledger.runs import stage_kpi
from models.scenario import Scenario
from models.scenario.loads import OpenLoopLoad
from models.scenario.platform import Gateway
from models.scenario.scaling import Autoscaling, Heap

BUSY_REQUESTS = 4000
"""Requests in a pod at the worst of a load test: about its worker slots."""
SAME_PERCENT = 0.1
"""Points by which shares of failed requests may differ and still be the same."""


def _cpu(claim: Claim, sources: Sources, rates: tuple[int, ...]) -> Entry:
    evidence = sources["ladder_scaling"]
    found = [evidence.kpi(stage_kpi(rate, "gateway_cpu_percent")) for rate in rates]
    value = claim.figure
    worst = max(found, key=lambda estimate: abs(estimate.best - value))
    agree = about(worst, value, 0.35)
    listed = " and ".join(f"{number(estimate.best)} %" for estimate in found)
    per_status = evidence.scenario.gateway.cpu_us.status
    why = (
        f"Simulated {listed}, of {number(evidence.scenario.gateway.cpu_cores)} cores a pod. The CPU a status takes "
        f"({number(per_status)} us) is an assumption chosen near the talk's 15 % at 1,000 RPS a pod, so an agreement "
        "tells nothing" + ("." if agree == "confirmed" else "; but at this load the two do not agree.")
    )
    verdict: ClaimVerdict = (
        "fitted" if agree == "confirmed" else "inconsistent" if agree == "refuted" else "conditional"
    )
    nearer = Flip("gateway.cpu_us.status", f"{number(per_status * value / worst.best)} us", "fitted", COMPUTED)
    return Entry(claim, verdict, worst, claim.unit, why, rests_on(evidence), that_change(verdict, nearer), OPEN)


def _errors(claim: Claim, sources: Sources) -> Entry:
    fitted, derived = sources["ladder"], sources["ladder_derived"]
    found, other = (run.kpi(stage_kpi(30_000, "error_percent")) for run in (fitted, derived))
    cpu, ceiling = fitted.best(stage_kpi(30_000, "engine_cpu_percent")), number(fitted.best("fact.ceiling_rps"))
    why = (
        f"{number(found.best)} % of the requests fail at 30,000 RPS with the engine thread {number(cpu)} % busy, by "
        f"the profile that is fitted to the talk's engine CPU; its ceiling is {ceiling} RPS. By the derived one it is "
        f"{interval_text(other, 'percent')}."
    )
    verdict = at_most(found, claim.figure)
    if verdict == "confirmed" and at_most(other, claim.figure) != "confirmed":
        verdict = "conditional"
    flips = that_change(verdict, Flip("load on one event", f"beyond {ceiling} RPS", "refuted", COMPUTED))
    return Entry(claim, verdict, found, claim.unit, why, rests_on(fitted, derived), flips, OPEN)


def _pool(claim: Claim, sources: Sources) -> Entry:
    large, small = sources["prewarmed"], sources["pool_100"]
    now, before = large.kpi("errors.pool_timeout"), small.best("errors.pool_timeout")
    first, old, new = large.limits[0], small.scenario.gateway, large.scenario.gateway
    why = (
        f"With {number(old.redis_pool_size)} connections and {number(old.redis_pool_timeout_s)} s {number(before)} "
        f"requests wait for one in vain, with {number(new.redis_pool_size)} and {number(new.redis_pool_timeout_s)} s "
        f"{number(now.best)}; status takes {latency(small.best('latency.status_p99_ms'))} at p99 before and "
        f"{latency(large.best('latency.status_p99_ms'))} after."
    )
    if first.bound:
        why += f" What is exhausted with the larger pool is the {first.name}: requests wait there instead."
    verdict = weakest([at_most(now, 0.0), "confirmed" if before > 0 else "conditional"])
    return Entry(claim, verdict, now, claim.unit, why, rests_on(large, small), no_flip=OPEN)


def _memory(claim: Claim, sources: Sources) -> Entry:
    """Follow a pod through a busy spell and back, with the runtime's settings of the talk and with Go's own."""
    gateway, target = Scenario().gateway, Autoscaling().memory_percent
    own = Heap(gogc=100, limit_mib=1_048_576, madvdontneed=False)
    after, before = _idle_mib(gateway), _idle_mib(gateway.model_copy(update={"heap": own}))
    used = [100 * mib / gateway.memory_request_mib for mib in (before, after)]
    published = claim.number("before_mib")
    requests = (published / 2 - own.base_mib) * 1024 / own.request_kib
    why = (
        f"A pod that has had {number(BUSY_REQUESTS)} requests at once keeps {number(before)} MiB of its process with "
        f"Go's own settings ({number(published)} would be {number(requests)} requests) and {number(after)} MiB with "
        f"the talk's: {number(used[0])} and {number(used[1])} % of what it requests, where the autoscaler aims at "
        f"{number(target)} %. That idle memory is {number(claim.figure)} MiB is what the size of the idle heap was "
        "set to; that it comes down again is what the settings do."
    )
    falls = after < before and about(exactly(after), claim.figure, 0.25) == "confirmed"
    rest = ("Go documentation, A Guide to the Go Garbage Collector", "assumption: gateway.heap.base_mib")
    return Entry(claim, "fitted" if falls else "refuted", exactly(after), claim.unit, why, rest)


def _idle_mib(gateway: Gateway) -> float:
    """Return what the process of an idle pod takes after a busy spell, connections aside, MiB."""
    heap = heap_of(gateway)
    busy, idle = live_kib(heap, BUSY_REQUESTS, 0), live_kib(heap, 0, 0)
    peak = resident_kib(heap, 0, busy, busy)
    return resident_kib(heap, peak, idle, idle) / 1024


def _readiness(claim: Claim, sources: Sources) -> Entry:
    early, late = sources["deploy_5s"], sources["deploy_15s"]
    failed, failed_early = late.kpi("errors.rate_percent"), early.kpi("errors.rate_percent")
    probe, connect = early.scenario.gateway.probes.readiness, late.scenario.gateway.redis_connect_s
    why = (
        f"While all pods are replaced {number(failed.best)} % of the requests fail with {number(claim.figure)} s, "
        f"{number(failed_early.best)} % with {number(probe.initial_delay_s)} s. A pod gets traffic only once a probe "
        f"has succeeded, and none can before its connections stand after {number(connect)} s; a first probe that comes "
        f"too early fails and is repeated {number(probe.period_s)} s later."
    )
    if abs(failed.best - failed_early.best) < SAME_PERCENT:
        why += " So the delay does not make updates smooth; that readiness asks Redis does."
        verdict: ClaimVerdict = "refuted"
    else:
        smooth = at_most(failed, late.scenario.slo.error_percent)
        verdict = "conditional" if smooth == "confirmed" else smooth
    return Entry(claim, verdict, exactly(connect), claim.unit, why, rests_on(early, late), no_flip=OPEN)


def _scale(claim: Claim, sources: Sources, change: int) -> Entry:
    """Read off how long the autoscaler takes to the pods of the claim after stage number *change* has begun."""
    run, value, target = sources["ladder_scaling"], claim.figure, int(claim.number("to_pods"))
    up = target > claim.number("from_pods")
    begin, end = _stage_times_s(run, change)
    ready = run.series("pods_ready")[begin:end]
    reached = next((second for second, pods in enumerate(ready) if (pods >= target if up else pods <= target)), None)
    rest, request = rests_on(run), run.scenario.gateway.cpu_request_cores
    if reached is None:
        why = (
            f"The autoscaler never comes to {target} ready pods in the {clock(end - begin)} that the load lasts; from "
            f"{number(ready[0])} it comes to {number(ready[-1])}."
        )
        return Entry(claim, "refuted", None, claim.unit, why, rest)
    took = exactly(float(reached))
    why = f"After the load changes, the autoscaler goes from {number(ready[0])} to {target} ready pods in "
    why += f"{clock(took.best)}: metrics are up to half a minute old, and "
    why += _new_pod_text(run) if up else "it takes the highest wish of the last 5 minutes before it removes any."
    verdict = at_most(took, value) if up and took.best < value else about(took, value, 0.3)
    if verdict == "refuted" and not up and took.best < value:
        why += " A removal that takes longer needs a policy of its own, which the talk does not give."
    at = f"other than {request:g}: it decides how many pods a load asks for"
    flips = that_change(verdict, Flip("gateway.cpu_request_cores", at, "refuted", COMPUTED))
    return Entry(claim, verdict, took, claim.unit, why, rest, flips, OPEN)


def _new_pod_text(run: Evidence) -> str:
    gateway = run.scenario.gateway
    asked = clock(gateway.probes.readiness.initial_delay_s)
    return f"a new pod connects to Redis for {clock(gateway.redis_connect_s)} and is asked from {asked} on."


def _stage_times_s(run: Evidence, stage: int) -> tuple[int, int]:
    """Return when a stage of a load ladder begins and ends, in whole seconds of the run."""
    load = run.scenario.clients.load
    if not isinstance(load, OpenLoopLoad):
        raise TypeError(f"{run.scenario.name} is no load ladder")
    begin = sum(each.duration_s for each in load.stages[:stage])
    return round(begin), round(begin + load.stages[stage].duration_s)


def _spot(claim: Claim, sources: Sources) -> Entry:
    wave, calm = sources["spot_wave"], sources["prewarmed"]
    why = (
        "How often the market takes spot nodes back is an input of the twin, which AWS alone can tell. What it can "
        f"tell: if half of them get their notice at once, {number(wave.best('errors.rate_percent'))} % of the requests "
        f"fail instead of {number(calm.best('errors.rate_percent'))} %, and the mean wait is "
        f"{clock(wave.best('wait.mean_s'))} instead of {clock(calm.best('wait.mean_s'))}."
    )
    return Entry(claim, "not_testable", None, claim.unit, why, rests_on(wave, calm))


def _position(claim: Claim, sources: Sources) -> Entry:
    why = (
        "The twin charges the gateway's CPU by endpoint, not by function, so a share of a CPU profile is no quantity "
        "of it; the figure is a property of the gateway's code before the fix and needs that code to be run."
    )
    return Entry(claim, "not_testable", None, claim.unit, why, ())


CHECKS = {
    "gateway.cpu_1k": Check(partial(_cpu, rates=(1_000,)), ("ladder_scaling",)),
    "gateway.cpu_30k": Check(partial(_cpu, rates=(10_000, 30_000)), ("ladder_scaling",)),
    "gateway.errors_30k": Check(_errors, ("ladder", "ladder_derived")),
    "gateway.pool": Check(_pool, ("prewarmed", "pool_100")),
    "gateway.memory": Check(_memory, (), ("simulate",)),
    "gateway.readiness": Check(_readiness, ("deploy_5s", "deploy_15s")),
    "scale.up_3_5": Check(partial(_scale, change=1), ("ladder_scaling",)),
    "scale.up_5_10": Check(partial(_scale, change=2), ("ladder_scaling",)),
    "scale.up_10_20": Check(partial(_scale, change=3), ("ladder_scaling",)),
    "scale.up_20_30": Check(partial(_scale, change=4), ("ladder_scaling",)),
    "scale.down_30_15": Check(partial(_scale, change=5), ("ladder_scaling",)),
    "scale.down_15_5": Check(partial(_scale, change=6), ("ladder_scaling",)),
    "profile.position": Check(_position),
    "spot.interruptions": Check(_spot, ("spot_wave", "prewarmed"), ("cost",)),
}
