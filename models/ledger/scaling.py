"""Claims about how long the autoscaler takes: from one number of ready pods to another, once the load has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from models.judge.wording import clock, number, plural
from models.ledger.checks import Check, Sources, rests_on
from models.ledger.claims import Claim, ClaimVerdict
from models.ledger.entry import Entry, about, at_least, at_most, interval_text, that_change
from models.ledger.evidence import Evidence
from models.ledger.flips import OPEN, RUN, by_case
from models.scenario.load_kinds import OpenLoopLoad
from sim.estimate import Estimate

NEAR = 0.3
"""Share by which a time may be off: the talk gives half minutes."""
NEVER = "the autoscaler does not come so far in every run"


@dataclass(frozen=True)
class Taken:
    """How long it took in those of the runs that came so far; ready pods of the first when the load began and ended."""

    seconds: Estimate | None
    runs: int
    began: float
    ended: float
    length_s: float

    @property
    def always(self) -> bool:
        """Whether every run came so far."""
        return self.seconds is not None and self.seconds.n == self.runs

    def judged(self, verdict: ClaimVerdict) -> ClaimVerdict:
        """Return a verdict on the time as it stands: with runs that never came so far only a refutation does."""
        return verdict if self.always or verdict == "refuted" else "conditional"


def _taken(run: Evidence, stage: int, target: int, *, up: bool) -> Taken:
    """Read off every run when the pods of a claim were ready after a stage of the load began."""
    begin, end = _stage_times_s(run, stage)
    ready = [pods[begin:end] for pods in run.every_series("pods_ready")]
    found = [first for pods in ready if (first := _first(pods, target, up=up)) is not None]
    seconds = run.one_more([float(second) for second in found], "s") if found else None
    return Taken(seconds, len(ready), ready[0][0], ready[0][-1], end - begin)


def _first(pods: Sequence[float], target: int, *, up: bool) -> int | None:
    return next((second for second, now in enumerate(pods) if (now >= target if up else now <= target)), None)


def _up(claim: Claim, sources: Sources, stage: int) -> Entry:
    """Faster than published is no contradiction; what agrees is fitted, as the CPU request was chosen for the pods."""
    run, target = sources["ladder_scaling"], int(claim.number("to_pods"))
    taken, request = _taken(run, stage, target, up=True), run.scenario.gateway.cpu_request_cores
    if taken.seconds is None:
        return _not_reached(claim, run, taken, target)
    kept = taken.judged(at_most(taken.seconds, (1 + NEAR) * claim.figure))
    why = (
        f"{_changes(taken, target)}: metrics are up to half a minute old, and {_new_pod_text(run)} Up to "
        f"{number(100 * NEAR)} % longer counts as the published time. How many pods a load asks for was not found out: "
        f"the request of {request:g} cores a pod was chosen so that 30 come."
    )
    verdict: ClaimVerdict = "fitted" if kept == "confirmed" else kept
    no_flip = OPEN if taken.always else NEVER
    return Entry(claim, verdict, taken.seconds, claim.unit, why, rests_on(run), no_flip=no_flip)


def _down(claim: Claim, sources: Sources, name: str, stage: int, slower: str | None = None) -> Entry:
    """About as long as published is confirmed; faster leaves open what held it back there, longer refutes."""
    run, target = sources[name], int(claim.number("to_pods"))
    taken, before = _taken(run, stage, target, up=False), claim.number("from_pods")
    if taken.began < before:
        why = f"At the beginning {number(taken.began)} pods are ready, not {number(before)}: this run cannot tell."
        return Entry(claim, "not_testable", taken.seconds, claim.unit, why, rests_on(run))
    if taken.seconds is None:
        return _not_reached(claim, run, taken, target)
    verdict = taken.judged(_as_long(taken.seconds, claim.figure))
    back_s = run.scenario.autoscaling.down.stabilization_s if run.scenario.autoscaling else 0.0
    why = (
        f"{_changes(taken, target)}: it takes the highest wish of the last {clock(back_s)} before it removes any. "
        f"Within {number(100 * NEAR)} % counts as the published time."
    )
    no_flip = OPEN if taken.always else NEVER
    if slower is None:
        return Entry(claim, verdict, taken.seconds, claim.unit, why, rests_on(run), no_flip=no_flip)
    why += " To take longer it needs a policy of its own, which the talk does not give."
    other = sources[slower]
    again = _taken(other, stage, target, up=False)
    took = "never" if again.seconds is None else interval_text(again.seconds, "s")
    held = "refuted" if again.seconds is None else again.judged(_as_long(again.seconds, claim.figure))
    flips = that_change(verdict, *by_case("autoscaling.down.policies", {f"{_policy(other)} ({took})": held}, RUN))
    return Entry(claim, verdict, taken.seconds, claim.unit, why, rests_on(run, other), flips, no_flip)


def _as_long(seconds: Estimate, value: float) -> ClaimVerdict:
    """Return whether it takes as long as published: conditional, and not refuted, where it is done earlier."""
    found = about(seconds, value, NEAR)
    return "conditional" if found == "refuted" and at_least(seconds, value) == "refuted" else found


def _changes(taken: Taken, target: int) -> str:
    """Say how long it took, and in how many runs; an estimate must be there."""
    took = "" if taken.seconds is None else f" in {interval_text(taken.seconds, 's')}"
    came = 0 if taken.seconds is None else taken.seconds.n
    return (
        f"After the load changes, the autoscaler goes from {number(taken.began)} to {target} ready pods{took} "
        f"({came} of {taken.runs} runs)"
    )


def _not_reached(claim: Claim, run: Evidence, taken: Taken, target: int) -> Entry:
    why = (
        f"The autoscaler never comes to {target} ready pods in the {clock(taken.length_s)} that the load lasts; from "
        f"{number(taken.began)} it comes to {number(taken.ended)}."
    )
    return Entry(claim, "refuted", None, claim.unit, why, rests_on(run))


def _policy(run: Evidence) -> str:
    """Return in words how fast pods may be removed."""
    policies = run.scenario.autoscaling.down.policies if run.scenario.autoscaling else ()
    return ", ".join(
        f"{plural(each.value, 'pod') if each.type == 'Pods' else f'{each.value} % of the pods'} at most in "
        f"{clock(each.period_s)}"
        for each in policies
    )


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


CHECKS = {
    "scale.up_3_5": Check(partial(_up, stage=1), ("ladder_scaling",)),
    "scale.up_5_10": Check(partial(_up, stage=2), ("ladder_scaling",)),
    "scale.up_10_20": Check(partial(_up, stage=3), ("ladder_scaling",)),
    "scale.up_20_30": Check(partial(_up, stage=4), ("ladder_scaling",)),
    "scale.down_30_15": Check(partial(_down, name="down_from_30", stage=1), ("down_from_30",)),
    "scale.down_15_5": Check(
        partial(_down, name="down_from_15", stage=1, slower="down_slowly"), ("down_from_15", "down_slowly")
    ),
}
