"""Claims about the gateway's pods: their CPU, pools, memory and probes, how they scale, and spot nodes under them."""

from __future__ import annotations

from functools import partial

from models.claims import Claim, ClaimVerdict
from models.go_heap import GoHeap, live_kib, resident_kib
from models.judge.wording import clock, number
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.entry import Entry, Flip, about, at_most, exactly, weakest
from models.ledger.evidence import Evidence
from models.scenario.scaling import Heap
from models.scenario.schema import Scenario

KIB = 1024
IDLE_MIB = (80.0, 200.0)
"""After the fix and before it, as the talk has them."""
BUSY_REQUESTS = 4000
"""Requests in a pod at the worst of a load test: about its worker slots."""


def _cpu(claim: Claim, sources: Sources, stages: tuple[int, ...], run: str) -> Entry:
    evidence = sources[run]
    found = [evidence.kpi(f"stage.{stage}.gateway_cpu_percent") for stage in stages]
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
    flips = (Flip("gateway.cpu_us.status", f"{number(per_status * value / worst.best)} us", "fitted"),)
    return Entry(claim, verdict, worst, claim.unit, why, rests_on(evidence), flips if agree != "confirmed" else ())


def _errors(claim: Claim, sources: Sources) -> Entry:
    run = sources["ladder"]
    found = run.kpi("stage.4.error_percent")
    value = claim.figure
    cpu = run.best("stage.4.engine_cpu_percent")
    why = (
        f"{number(found.best)} % of the requests fail at 30,000 RPS with the engine thread {number(cpu)} % busy, by "
        "the "
        f"profile that is fitted to the talk's 90 %; its ceiling is {number(run.best('fact.ceiling_rps'))} RPS."
    )
    ceiling = number(run.best("fact.ceiling_rps"))
    flips = (Flip("load on one event", f"beyond {ceiling} RPS", "refuted"),)
    return Entry(claim, at_most(found, value), found, claim.unit, why, rests_on(run), flips)


def _pool(claim: Claim, sources: Sources) -> Entry:
    large, small = sources["prewarmed"], sources["pool_100"]
    now, before = large.kpi("errors.pool_timeout"), small.best("errors.pool_timeout")
    why = (
        f"With 100 connections and 4 s {number(before)} requests wait for one in vain, with 1,000 and 10 s "
        f"{number(now.best)}. The pool is not the cause: the engine thread of the hot shard is exhausted, and a larger "
        f"pool only lets requests wait at Redis instead ({number(small.best('latency.status_p99_ms'))} ms p99 before, "
        f"{number(large.best('latency.status_p99_ms'))} ms after)."
    )
    verdict = weakest([at_most(now, 0.0), "confirmed" if before > 0 else "conditional"])
    flips = (Flip("waiting_room.events", "10, on distinct slots (no timeout with either pool)", "conditional"),)
    return Entry(claim, verdict, now, claim.unit, why, rests_on(large, small), flips)


def _memory(claim: Claim, sources: Sources) -> Entry:
    """Follow a pod through a busy spell and back, with the runtime's settings of the talk and with Go's own."""
    after = _idle_mib(Heap())
    before = _idle_mib(Heap(gogc=100, limit_mib=1_048_576, madvdontneed=False))
    scenario = Scenario()
    request = scenario.gateway.memory_request_mib
    value = claim.figure
    why = (
        f"A pod that has had {number(BUSY_REQUESTS)} requests at once keeps {number(before)} MiB of its process with "
        f"Go's own settings and {number(after)} MiB with the talk's: {number(100 * before / request)} and "
        f"{number(100 * after / request)} % of the {number(request)} MiB it requests. That idle memory is 80 MiB is "
        "what the size of the idle heap was set to; that it comes down again is what the settings do."
    )
    falls = before > 1.5 * after
    verdict: ClaimVerdict = "fitted" if falls and about(exactly(after), value, 0.25) == "confirmed" else "refuted"
    rest = ("Go documentation, A Guide to the Go Garbage Collector", "assumption: gateway.heap.base_mib")
    return Entry(claim, verdict, exactly(after), claim.unit, why, rest)


def _idle_mib(heap: Heap) -> float:
    """Return what the process of an idle pod takes after a busy spell, MiB."""
    connections = 100
    go = GoHeap(
        base_kib=round(heap.base_mib * KIB),
        request_kib=round(heap.request_kib),
        connection_kib=0,
        gogc=heap.gogc,
        limit_kib=round(heap.limit_mib * KIB),
        gives_back=heap.madvdontneed,
    )
    busy, idle = live_kib(go, BUSY_REQUESTS, connections), live_kib(go, 0, connections)
    peak = resident_kib(go, 0, busy, busy)
    return resident_kib(go, peak, idle, idle) / KIB


def _readiness(claim: Claim, sources: Sources) -> Entry:
    early, late = sources["deploy_5s"], sources["deploy_15s"]
    failed = {name: run.kpi("errors.rate_percent") for name, run in (("early", early), ("late", late))}
    connect = late.scenario.gateway.redis_connect_s
    why = (
        f"While all pods are replaced {number(failed['late'].best)} % of the requests fail with 15 s, "
        f"{number(failed['early'].best)} % with 5 s. A pod gets traffic only once a probe has succeeded, and none can "
        f"before its connections stand after {number(connect)} s; a first probe that comes too early fails and is "
        "repeated 5 s later. So the delay does not make updates smooth; that readiness asks Redis does."
    )
    same = abs(failed["late"].best - failed["early"].best) < 0.1
    late_is_smooth = at_most(failed["late"], late.scenario.slo.error_percent)
    verdict = "refuted" if same else "conditional" if late_is_smooth == "confirmed" else late_is_smooth
    flips = (Flip("gateway.probes", "a liveness probe that restarts pods before they have connected", "confirmed"),)
    return Entry(claim, verdict, exactly(connect), claim.unit, why, rests_on(early, late), flips)


def _scale(claim: Claim, sources: Sources, change: int, target: int) -> Entry:
    """Read off how long the autoscaler takes to *target* ready pods after stage number *change* has begun."""
    run, value = sources["ladder_scaling"], claim.figure
    begin, end = stage_times_s(run, change)
    ready = run.series("pods_ready")
    up = ready[int(begin) - 1] < target
    reached = next(
        (second for second in range(int(begin), min(int(end), len(ready)))
         if (ready[second] >= target if up else ready[second] <= target)), None
    )  # fmt: skip
    last = ready[min(int(end), len(ready)) - 1]
    rest, request = rests_on(run), run.scenario.gateway.cpu_request_cores
    flips = (
        Flip(
            "gateway.cpu_request_cores", f"other than {request:g}: it decides how many pods a load asks for", "refuted"
        ),
    )
    if reached is None:
        why = (
            f"The autoscaler never comes to {target} ready pods in the {clock(end - begin)} that the load lasts; it "
            "ends "
            f"with {number(last)}."
        )
        return Entry(claim, "refuted", None, claim.unit, why, rest)
    took = exactly(reached - begin)
    why = (
        f"After the load changes, the autoscaler is at {target} ready pods in {clock(took.best)}: metrics are up to "
        + ("half a minute old, and a new pod connects to Redis for 10 s and is asked from 15 s on."
           if up else "half a minute old, and it takes the highest wish of the last 5 minutes before it removes any.")
    )  # fmt: skip
    verdict = about(took, value, 0.3)
    if up and took.best < value:
        verdict = "confirmed"
    elif verdict == "refuted" and took.best < value:
        why += " A removal that takes longer needs a policy of its own, which the talk does not give."
    return Entry(claim, verdict, took, claim.unit, why, rest, flips if verdict == "confirmed" else ())


def stage_times_s(run: Evidence, number: int) -> tuple[float, float]:
    """Return when a stage of a load ladder begins and ends, in seconds of the run."""
    load = run.scenario.clients.load
    stages = getattr(load, "stages", ())
    begin = sum(stage.duration_s for stage in stages[:number])
    return begin, begin + stages[number].duration_s


def _spot(claim: Claim, sources: Sources) -> Entry:
    wave, calm = sources["spot_wave"], sources["prewarmed"]
    why = (
        "How often the market takes spot nodes back is an input of the twin, which AWS alone can tell. What it can "
        "tell: "
        f"if half of them go at once a minute after the opening, {number(wave.best('errors.rate_percent'))} % of the "
        f"requests fail instead of {number(calm.best('errors.rate_percent'))} %, and a mean wait of "
        f"{clock(wave.best('wait.mean_s'))} instead of {clock(calm.best('wait.mean_s'))}."
    )
    return Entry(claim, "not_testable", None, claim.unit, why, rests_on(wave, calm))


CHECKS = {
    "gateway.cpu_1k": Check(partial(_cpu, stages=(0,), run="ladder_scaling"), ("ladder_scaling",)),
    "gateway.cpu_30k": Check(partial(_cpu, stages=(2, 4), run="ladder_scaling"), ("ladder_scaling",)),
    "gateway.errors_30k": Check(_errors, ("ladder",)),
    "gateway.pool": Check(_pool, ("prewarmed", "pool_100")),
    "gateway.memory": Check(_memory, (), ("simulate",)),
    "gateway.readiness": Check(_readiness, ("deploy_5s", "deploy_15s")),
    "scale.up_3_5": Check(partial(_scale, change=1, target=5), ("ladder_scaling",)),
    "scale.up_5_10": Check(partial(_scale, change=2, target=10), ("ladder_scaling",)),
    "scale.up_10_20": Check(partial(_scale, change=3, target=20), ("ladder_scaling",)),
    "scale.up_20_30": Check(partial(_scale, change=4, target=30), ("ladder_scaling",)),
    "scale.down_30_15": Check(partial(_scale, change=5, target=15), ("ladder_scaling",)),
    "scale.down_15_5": Check(partial(_scale, change=6, target=5), ("ladder_scaling",)),
    "spot.interruptions": Check(_spot, ("spot_wave", "prewarmed"), ("cost",)),
}
