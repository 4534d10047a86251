"""Claims about the gateway's pods: CPU, errors, pools, memory and probes, and spot nodes under them."""

from __future__ import annotations

from functools import partial

from models.judge.wording import clock, latency, number
from models.kubernetes.autoscaler import heap_of
from models.kubernetes.go_heap import live_kib, resident_kib
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.claims import Claim, ClaimVerdict
from models.ledger.entry import (
    Entry,
    Flip,
    about,
    at_least,
    at_most,
    estimate_text,
    exactly,
    in_every_case,
    of_a_fit,
    that_change,
    weakest,
)
from models.ledger.evidence import Evidence
from models.ledger.flips import COMPUTED, OPEN, RUN, STEPPED, by_case
from models.ledger.luck import first_to_give_way, in_first
from models.ledger.runs import stage_kpi
from models.scenario import Scenario
from models.scenario.autoscaling import Autoscaling
from models.scenario.gateway import Gateway
from models.scenario.load_kinds import OpenLoopLoad
from models.scenario.pods import Heap

BUSY_REQUESTS = 4000
"""Requests in a pod at the worst of a load test (assumption)."""
NEAR_CPU = 0.35
"""Share by which the gateway's CPU may be off: it is read off a chart, in whole steps of 5 %."""
NO_DELAY = "no delay that was tried makes updates fail, so none is what makes them smooth"
SAME_PERCENT = 0.1
"""Points by which shares of failed requests may differ and still be the same."""


def _cpu(claim: Claim, sources: Sources, rates: tuple[int, ...]) -> Entry:
    evidence = sources["ladder_scaling"]
    found = [evidence.kpi(stage_kpi(rate, "gateway_cpu_percent")) for rate in rates]
    value = claim.figure
    worst = max(found, key=lambda estimate: abs(estimate.best - value))
    agree = about(worst, value, NEAR_CPU)
    shown = " and ".join(f"{number(estimate.best)} %" for estimate in found)
    per_status = evidence.scenario.gateway.cpu_us.status
    why = (
        f"Simulated {shown}, of {number(evidence.scenario.gateway.cpu_cores)} cores a pod. The CPU a status takes "
        f"({number(per_status)} us) is an assumption chosen near the talk's 15 % at 1,000 RPS a pod, so an agreement, "
        f"within {number(100 * NEAR_CPU)} % of the figure, tells nothing"
        + {"confirmed": ".", "refuted": "; but at this load the two do not agree."}.get(
            agree, "; and at this load it is open whether the two agree."
        )
    )
    verdict: ClaimVerdict = (
        "fitted" if agree == "confirmed" else "inconsistent" if agree == "refuted" else "conditional"
    )
    exact = f"{number(per_status * value / worst.best)} us, in proportion"
    flips = that_change(verdict, Flip("gateway.cpu_us.status", exact, "fitted", COMPUTED))
    return Entry(claim, verdict, worst, claim.unit, why, rests_on(evidence), flips, OPEN)


def _errors(claim: Claim, sources: Sources) -> Entry:
    """Hold the share that fails in a stage long enough for a queue to reach its timeout, by the profile not fitted."""
    fitted, derived = sources["long_30k"], sources["long_30k_derived"]
    found, other = (run.kpi("errors.rate_percent") for run in (fitted, derived))
    rate, length_s = _last_stage(fitted)
    ceiling, timeout_s = fitted.best("fact.ceiling_rps"), fitted.scenario.clients.timeout_s
    # a queue that grows by (rate - c) a second makes a wait of t (rate / c - 1) after t seconds
    seen_below = rate * length_s / (length_s + timeout_s)
    why = (
        f"By the derived profile {estimate_text(other, 'percent')} of the requests fail in {clock(length_s)} of "
        f"{number(rate)} RPS. By the one that is fitted to the talk's engine CPU at this load, with a ceiling of "
        f"{number(ceiling)} RPS, it is {number(found.best)} %: it could hardly be otherwise. In that time a queue "
        f"reaches clients' timeout of {clock(timeout_s)} if the engine takes fewer than {number(seen_below)} RPS; "
        f"between that and {number(rate)} nobody fails yet, but everybody waits."
    )
    verdict = weakest([at_most(found, claim.figure), at_most(other, claim.figure)])
    beyond = ceiling / (1 - claim.figure / 100)
    flips = that_change(
        verdict,
        Flip("load on one event", f"beyond {number(beyond)} RPS, the ceiling and its share", "refuted", COMPUTED),
        *by_case("the profile", {"fitted to the talk": of_a_fit(at_most(found, claim.figure))}, RUN),
    )
    return Entry(claim, verdict, other, claim.unit, why, rests_on(fitted, derived), flips, OPEN)


def _last_stage(run: Evidence) -> tuple[float, float]:
    """Return rate and length of the last stage of a load ladder."""
    load = run.scenario.clients.load
    if not isinstance(load, OpenLoopLoad):
        raise TypeError(f"{run.scenario.name} is no load ladder")
    return load.stages[-1].rate_rps, load.stages[-1].duration_s


def _pool(claim: Claim, sources: Sources) -> Entry:
    """Compare both pools, also with fewer requests at work in a pod than Fiber allows, and the others waiting."""
    large, small, few = sources["prewarmed"], sources["pool_100"], sources["pool_slots"]
    now, scarcely = (run.kpi("errors.pool_timeout") for run in (large, few))
    before, first = small.kpi("errors.pool_timeout"), first_to_give_way(large)
    old, new, least = (run.scenario.gateway for run in (small, large, few))
    p99 = [latency(run.best("latency.status_p99_ms")) for run in (small, large)]
    why = (
        f"With {number(old.redis_pool_size)} connections and {number(old.redis_pool_timeout_s)} s "
        f"{number(before.best)} requests wait for one in vain, with {number(new.redis_pool_size)} and "
        f"{number(new.redis_pool_timeout_s)} s "
        f"{number(now.best)}, and {number(scarcely.best)} with {number(least.worker_slots)} requests at work in a pod "
        f"instead of {number(new.worker_slots)}, which is Fiber's own limit. Status takes {p99[0]} at p99 before and "
        f"{p99[1]} after."
    )
    if first:
        why += f" What is exhausted with the larger pool, {in_first(large)}, is {first}: requests wait there instead."
    were = at_least(before, 1.0)
    ended = {new.worker_slots: now, least.worker_slots: scarcely}
    cases = {number(slots): weakest([at_most(found, 0.0), were]) for slots, found in ended.items()}
    verdict = in_every_case([*cases.values()])
    flips = that_change(verdict, *by_case("gateway.worker_slots", cases, STEPPED))
    return Entry(claim, verdict, now, claim.unit, why, rests_on(large, small, few), flips, OPEN)


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
    return Entry(claim, verdict, exactly(connect), claim.unit, why, rests_on(early, late), no_flip=NO_DELAY)


def _spot(claim: Claim, sources: Sources) -> Entry:
    wave, calm = sources["spot_wave"], sources["prewarmed"]
    fail, before = (f"{number(run.best('errors.rate_percent'))} %" for run in (wave, calm))
    wait, without = (clock(run.best("wait.mean_s")) for run in (wave, calm))
    same = (fail, wait) == (before, without)
    otherwise = "both figures are the same" if same else f"they are {before} and {without}"
    why = (
        "How often the market takes spot nodes back is an input of the twin, which AWS alone can tell. What it can "
        f"tell: if half of them get their notice at once, {fail} of the requests fail and the mean wait is {wait}; "
        f"without such a notice {otherwise}."
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
    "gateway.errors_30k": Check(_errors, ("long_30k", "long_30k_derived")),
    "gateway.pool": Check(_pool, ("prewarmed", "pool_100", "pool_slots")),
    "gateway.memory": Check(_memory, (), ("simulate",)),
    "gateway.readiness": Check(_readiness, ("deploy_5s", "deploy_15s")),
    "profile.position": Check(_position),
    "spot.interruptions": Check(_spot, ("spot_wave", "prewarmed"), ("cost",)),
}
