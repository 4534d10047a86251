"""The HorizontalPodAutoscaler (autoscaling/v2) as a pure function: from pods and their metrics to a number of replicas.

It follows Kubernetes' own `replica_calculator.go` and `horizontal.go` (pkg/controller/podautoscaler) step by step,
rounding included, so that their documented rules and published examples can be checked against it. All times are ns.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from models.vocabulary.units import SECOND

Resource = Literal["cpu", "memory"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a pod used, in the unit of its request (millicores, MiB): a mean over `window` that ended at `at`."""

    used: int
    at: int
    window: int


@dataclass(frozen=True, slots=True)
class PodMetrics:
    """A pod as the autoscaler sees it. `started_at` is None while it is pending; `cpu`, `memory` None: no sample."""

    started_at: int | None
    ready: bool
    ready_changed_at: int
    deleted: bool = False
    cpu: Sample | None = None
    memory: Sample | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Keep the mean use of a resource at a percentage of what each pod requests of it."""

    resource: Resource
    request: int
    percent: int


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `value` pods, or per cent of the pods, in any `period`."""

    kind: Literal["Pods", "Percent"]
    value: int
    period: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How fast one direction may go: the policies, which of them counts, and the window to look back over.

    `tolerance` is the direction's own; None: the autoscaler's.
    """

    window: int
    policies: tuple[Policy, ...]
    select: Literal["Max", "Min", "Disabled"] = "Max"
    tolerance: float | None = None


DEFAULT_UP = Rules(0, (Policy("Pods", 4, 15 * SECOND), Policy("Percent", 100, 15 * SECOND)))
DEFAULT_DOWN = Rules(300 * SECOND, (Policy("Percent", 100, 15 * SECOND),))
"""What Kubernetes takes where nothing is said (pkg/apis/autoscaling/v2/defaults.go)."""


@dataclass(frozen=True, slots=True)
class Hpa:
    """The settings of one autoscaler; the defaults are Kubernetes' (podautoscaler/config/v1alpha1/defaults.go).

    Without `behaviour` the older rules hold (normalizeDesiredReplicas): no policies, at most twice the pods or 4, and
    the highest proposal of `down.window` is followed, up as well as down.
    """

    least: int
    most: int
    targets: tuple[Target, ...]
    up: Rules = DEFAULT_UP
    down: Rules = DEFAULT_DOWN
    tolerance: float = 0.1
    cpu_initialization: int = 300 * SECOND
    initial_readiness_delay: int = 30 * SECOND
    behaviour: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """What the autoscaler remembers: (time, replicas) it would have liked, (time, pods) it has added or removed."""

    recommended: tuple[tuple[int, int], ...] = ()
    added: tuple[tuple[int, int], ...] = ()
    removed: tuple[tuple[int, int], ...] = ()


class NoMetrics(Exception):
    """A resource about which no pod that counts has told anything."""


class _Group(Enum):
    """How a pod counts. IGNORED ones count in no way, UNREADY ones only as idle and only on the way up."""

    READY = "ready"
    UNREADY = "unready"
    MISSING = "missing"
    IGNORED = "ignored"


def decide(hpa: Hpa, history: History, current: int, pods: tuple[PodMetrics, ...], now: int) -> tuple[int, History]:
    """Return how many replicas there should be, given that *current* are wanted now, and what to remember."""
    if current == 0:
        return 0, history  # scaled to nothing by hand: the autoscaler keeps away
    if current > hpa.most:
        return scaled(history, current, hpa.most, hpa, now)
    if current < hpa.least:
        return scaled(history, current, hpa.least, hpa, now)
    proposal = recommendation(hpa, current, pods, now)
    if proposal is None:
        return current, history
    if not hpa.behaviour:
        highest, history = followed(hpa, history, proposal, now)
        return scaled(history, current, doubled_at_most(hpa, current, highest), hpa, now)
    stable, history = stabilised(hpa, history, current, proposal, now)
    return scaled(history, current, rate_limited(hpa, history, current, stable, now), hpa, now)


def first_sight(history: History, current: int, now: int) -> History:
    """Return *history* with the present size as its first proposal, if it has none (recordInitialRecommendation).

    So a size that somebody has set is held for the window, in either direction.
    """
    return history if history.recommended else replace(history, recommended=((now, current),))


def recommendation(hpa: Hpa, current: int, pods: tuple[PodMetrics, ...], now: int) -> int | None:
    """Return the largest proposal of all metrics; None if they are silent, or one is and the others would go down."""
    proposals = []
    for target in hpa.targets:
        try:
            proposals.append(replicas_for(hpa, target, current, pods, now))
        except NoMetrics:
            continue
    if not proposals or (len(proposals) < len(hpa.targets) and max(proposals) < current):
        return None
    return max(proposals)


def replicas_for(hpa: Hpa, target: Target, current: int, pods: tuple[PodMetrics, ...], now: int) -> int:
    """Return how many replicas bring one resource to its target (GetResourceReplicas). Raises NoMetrics."""
    grouped = [(_group(hpa, target.resource, pod, now), pod) for pod in pods]
    used = [_sample(pod, target.resource).used for group, pod in grouped if group is _Group.READY]
    missing = sum(group is _Group.MISSING for group, _ in grouped)
    unready = sum(group is _Group.UNREADY for group, _ in grouped)
    if not used:
        raise NoMetrics(f"no pod that counts has a sample of {target.resource}")
    ratio = _usage_ratio(used, target)
    up_with_unready = unready > 0 and ratio > 1
    if not up_with_unready and missing == 0:
        return current if _tolerated(ratio, hpa) else math.ceil(ratio * len(used))
    if ratio < 1:
        used += [target.request * max(100, target.percent) // 100] * missing
    elif ratio > 1:
        used += [0] * missing
    if up_with_unready:
        used += [0] * unready
    corrected = _usage_ratio(used, target)
    turned = (ratio < 1 < corrected) or (corrected < 1 < ratio)
    if _tolerated(corrected, hpa) or turned:
        return current
    replicas = math.ceil(corrected * len(used))
    against = (corrected < 1 and replicas > current) or (corrected > 1 and replicas < current)
    return current if against else replicas


def _group(hpa: Hpa, resource: Resource, pod: PodMetrics, now: int) -> _Group:
    """Sort a pod (groupPods)."""
    if pod.deleted:
        return _Group.IGNORED
    if pod.started_at is None:
        return _Group.UNREADY
    sample = pod.cpu if resource == "cpu" else pod.memory
    if sample is None:
        return _Group.MISSING
    if resource == "memory":
        return _Group.READY
    if pod.started_at + hpa.cpu_initialization > now:
        unready = not pod.ready or sample.at < pod.ready_changed_at + sample.window
    else:
        unready = not pod.ready and pod.started_at + hpa.initial_readiness_delay > pod.ready_changed_at
    return _Group.UNREADY if unready else _Group.READY


def _sample(pod: PodMetrics, resource: Resource) -> Sample:
    sample = pod.cpu if resource == "cpu" else pod.memory
    if sample is None:
        raise ValueError(f"a pod without a sample of {resource} does not count as ready")
    return sample


def _usage_ratio(used: list[int], target: Target) -> float:
    """Return use over target; the use is cut to whole per cent first (GetResourceUtilizationRatio)."""
    return (sum(used) * 100 // (target.request * len(used))) / target.percent


def _tolerated(ratio: float, hpa: Hpa) -> bool:
    up, down = (hpa.tolerance if rules.tolerance is None else rules.tolerance for rules in (hpa.up, hpa.down))
    return 1 - down <= ratio <= 1 + up


def stabilised(hpa: Hpa, history: History, current: int, proposal: int, now: int) -> tuple[int, History]:
    """Return *current*, moved no farther than every proposal of the windows agrees to, and remember this one.

    (stabilizeRecommendationWithBehaviors: up to the lowest of the window for going up, down to the highest of the
    other's.)
    """
    lowest = min([proposal, *(r for at, r in history.recommended if at > now - hpa.up.window)])
    highest = max([proposal, *(r for at, r in history.recommended if at > now - hpa.down.window)])
    oldest = now - max(hpa.up.window, hpa.down.window)
    kept = tuple(entry for entry in history.recommended if entry[0] >= oldest)
    return min(max(current, lowest), highest), replace(history, recommended=(*kept, (now, proposal)))


def followed(hpa: Hpa, history: History, proposal: int, now: int) -> tuple[int, History]:
    """Return the highest proposal of the window, this one with it, and remember it (stabilizeRecommendation).

    Unlike with `behaviour` a proposal exactly as old as the window still counts.
    """
    oldest = now - hpa.down.window
    kept = tuple(entry for entry in history.recommended if entry[0] >= oldest)
    highest = max([proposal, *(replicas for _, replicas in kept)])
    return highest, replace(history, recommended=(*kept, (now, proposal)))


def doubled_at_most(hpa: Hpa, current: int, wanted: int) -> int:
    """Return *wanted* within the limits and up to max(2 x current, 4) (convertDesiredReplicasWithRules)."""
    return max(hpa.least, min(wanted, hpa.most, max(2 * current, 4)))


def rate_limited(hpa: Hpa, history: History, current: int, wanted: int, now: int) -> int:
    """Return *wanted* as far as the policies and the limits allow (convertDesiredReplicasWithBehaviorRate)."""
    if wanted > current:
        return min(wanted, hpa.most, max(current, most_allowed(hpa.up, history, current, now)))
    if wanted < current:
        return max(wanted, hpa.least, min(current, least_allowed(hpa.down, history, current, now)))
    return wanted


def most_allowed(rules: Rules, history: History, current: int, now: int) -> int:
    """Return how far the policies let the replicas rise now; a percentage is rounded up, so that one can become two."""
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        began = _replicas_at_start(history, current, now - policy.period)
        grown = began + policy.value if policy.kind == "Pods" else math.ceil(began * (1 + policy.value / 100))
        limits.append(grown)
    return max(limits) if rules.select == "Max" else min(limits)


def least_allowed(rules: Rules, history: History, current: int, now: int) -> int:
    """Return how far the policies let the replicas fall now; what remains of a percentage is rounded down."""
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        began = _replicas_at_start(history, current, now - policy.period)
        shrunk = began - policy.value if policy.kind == "Pods" else int(began * (1 - policy.value / 100))
        limits.append(shrunk)
    return min(limits) if rules.select == "Max" else max(limits)


def _replicas_at_start(history: History, current: int, since: int) -> int:
    """Return the replicas there were when a period began, from what has changed since."""
    added = sum(change for at, change in history.added if at > since)
    removed = sum(change for at, change in history.removed if at > since)
    return current - added + removed


def scaled(history: History, current: int, wanted: int, hpa: Hpa, now: int) -> tuple[int, History]:
    """Return *wanted*, and the history with the change in it; changes no policy looks back to are forgotten."""
    longest = max([policy.period for rules in (hpa.up, hpa.down) for policy in rules.policies], default=0)
    added = tuple(entry for entry in history.added if entry[0] > now - longest)
    removed = tuple(entry for entry in history.removed if entry[0] > now - longest)
    if wanted > current:
        added = (*added, (now, wanted - current))
    elif wanted < current:
        removed = (*removed, (now, current - wanted))
    return wanted, replace(history, added=added, removed=removed)
