"""The autoscaler against the numbers of Kubernetes' own tests (tests/models/kubernetes/upstream)."""

from dataclasses import replace

import pytest

from models.kubernetes.hpa import (
    DEFAULT_DOWN,
    DEFAULT_UP,
    History,
    Hpa,
    NoMetrics,
    PodMetrics,
    Policy,
    Rules,
    Sample,
    Target,
    decide,
    doubled_at_most,
    first_sight,
    followed,
    least_allowed,
    most_allowed,
    rate_limited,
    replicas_for,
    scaled,
    stabilised,
)
from models.vocabulary.units import SECOND
from tests.models.kubernetes.upstream import Case, named, table

NOW = 100_000 * SECOND
OLD = NOW - 180 * SECOND
REPLICAS, GROUPS, SYNCS, RATES, MEMORY = (
    table(f"hpa_{name}") for name in ("replicas", "groups", "syncs", "rates", "memory")
)


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=named)


def pod_of(used: int, state: str) -> PodMetrics:
    sample = Sample(used, NOW, 60 * SECOND)
    match state:
        case "ready":
            return PodMetrics(OLD, True, OLD, cpu=sample)
        case "unready":  # since its start
            return PodMetrics(OLD, False, OLD, cpu=sample)
        case "hot":
            return PodMetrics(NOW, True, NOW, cpu=sample)
        case "gone":
            return PodMetrics(OLD, False, OLD, deleted=True)
        case "pending":
            return PodMetrics(None, False, 0)
        case "missing":
            return PodMetrics(OLD, True, OLD)
    raise ValueError(state)


def pods_of(case: Case) -> tuple[PodMetrics, ...]:
    states = case.get("state", ["ready"] * len(case["used"]))
    return tuple(pod_of(used, state) for used, state in zip(case["used"], states, strict=True))


def cpu_of(case: Case) -> Target:
    """The target; of unequal requests the mean counts, as upstream sums them up."""
    requests = case.get("request", [1000])
    assert sum(requests) % len(requests) == 0
    return Target("cpu", sum(requests) // len(requests), case["target"])


def rules(given: list[int] | None, default: Rules, select: str = "Max") -> Rules:
    if given is None:
        return default
    pods, pods_s, percent, percent_s, window_s = given
    policies = [Policy("Pods", pods, pods_s * SECOND)] if pods else []
    policies += [Policy("Percent", percent, percent_s * SECOND)] if percent else []
    return Rules(window_s * SECOND, tuple(policies), select)


def ago(entries: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((NOW - seconds * SECOND, value) for value, seconds in entries)


@each(REPLICAS["cases"])
def test_replicas_of_one_metric(case):
    """The controllers of the tests look at CPU two minutes and at readiness ten seconds after a start."""
    down, up = case.get("tolerances", [None, None])
    spec = Hpa(
        1,
        1000,
        (),
        up=replace(DEFAULT_UP, tolerance=up),
        down=replace(DEFAULT_DOWN, tolerance=down),
        cpu_initialization=120 * SECOND,
        initial_readiness_delay=10 * SECOND,
    )
    if case.get("error"):
        with pytest.raises(NoMetrics):
            replicas_for(spec, cpu_of(case), case["current"], pods_of(case), NOW)
    else:
        assert replicas_for(spec, cpu_of(case), case["current"], pods_of(case), NOW) == case["replicas"]


@each(GROUPS["cases"])
def test_groups_of_pods(case):
    spec = Hpa(
        1,
        10,
        (),
        cpu_initialization=GROUPS["cpu_initialization_s"] * SECOND,
        initial_readiness_delay=GROUPS["initial_readiness_delay_s"] * SECOND,
    )
    resource, started = case.get("resource", "cpu"), case["started_s"]
    running = started is not None or case.get("running", False)
    sample = Sample(1000, NOW - case.get("at_s", 0) * SECOND, case.get("window_s", 0) * SECOND)
    one = PodMetrics(
        NOW - (started or 0) * SECOND if running else None,
        case.get("ready", False),
        NOW - case.get("changed_s", 0) * SECOND,
        **({resource: sample} if case.get("sample", True) else {}),
    )
    other = PodMetrics(OLD - 1000 * SECOND, True, OLD - 1000 * SECOND, **{resource: Sample(1000, NOW, 0)})
    # beside a busy pod a ready one doubles the use; one that is unready or missing counts as idle: 2000, or 1000 of 500
    alone, both = (len(pods) for pods in ((other,), (other, one)))
    assert (alone, both) == (1, 2)
    assert replicas_for(spec, Target(resource, 500, 100), 2, (other, one), NOW) == (
        4 if case["group"] == "ready" else 2
    )
    # on the way down an unready one does not count, a missing one is taken to be at its target: 1 of 1, or 2 of 2
    idle = replace(other, **{resource: Sample(100, NOW, 0)})
    down = replicas_for(spec, Target(resource, 1000, 50), 2, (idle, replace(one, **_idle(one, resource))), NOW)
    assert down == {"ready": 1, "unready": 1, "missing": 2}[case["group"]]


def _idle(one: PodMetrics, resource: str) -> dict[str, Sample]:
    sample = getattr(one, resource)
    return {} if sample is None else {resource: replace(sample, used=100)}


@each(SYNCS["cases"])
def test_one_sync(case):
    targets = (cpu_of(case), *([Target("memory", 1, 50)] if case.get("silent") else []))
    spec = Hpa(
        case["least"],
        case["most"],
        targets,
        up=rules(case.get("up"), DEFAULT_UP),
        cpu_initialization=120 * SECOND,
        initial_readiness_delay=10 * SECOND,
        behaviour="up" in case,
    )
    recommended = case.get("recommended")
    history = History() if recommended is None else History(ago(recommended))
    if recommended is None:
        history = first_sight(history, case["current"], NOW)
    assert decide(spec, history, case["current"], pods_of(case), NOW)[0] == case["replicas"]


def spread(changes: list[int]) -> tuple[tuple[int, int], ...]:
    """Changes of the last 120 s, each in the middle of its part; the last is the youngest."""
    part = 120 / len(changes)
    return tuple((NOW - round((120 - part * (k + 0.5)) * SECOND), change) for k, change in enumerate(changes))


@each(RATES["scaling_with_rules"])
def test_rate_policies(case):
    spec = Hpa(
        case["least"],
        case["most"],
        (),
        up=rules(case.get("up"), DEFAULT_UP),
        down=rules(case.get("down"), DEFAULT_DOWN),
    )
    history = History(added=spread(case.get("added", [])) if "added" in case else ())
    history = replace(history, removed=spread(case["removed"]) if "removed" in case else ())
    assert rate_limited(spec, history, case["current"], case["wanted"], NOW) == case["replicas"]


@each(RATES["without_behavior"])
def test_limits_without_behavior(case):
    spec = Hpa(case["least"], case["most"], (), behaviour=False)
    assert doubled_at_most(spec, case["current"], case["wanted"]) == case["replicas"]


@each(RATES["limits"])
def test_the_policy_that_changes_least(case):
    given = rules(case["rules"], DEFAULT_UP, "Min")
    limit = most_allowed if case["name"] == "up" else least_allowed
    assert limit(given, History(), case["current"], NOW) == case["replicas"]


@each(MEMORY["without_behavior"])
def test_a_peak_is_followed_for_five_minutes_without_behavior(case):
    spec = Hpa(1, 1000, (), behaviour=False)
    assert followed(spec, History(ago(case["recommended"])), case["wanted"], NOW)[0] == case["replicas"]


@each(MEMORY["with_behavior"])
def test_windows_of_either_direction(case):
    spec = Hpa(
        1,
        1000,
        (),
        up=replace(DEFAULT_UP, window=case["up_s"] * SECOND),
        down=replace(DEFAULT_DOWN, window=case["down_s"] * SECOND),
    )
    found = stabilised(spec, History(ago(case["recommended"])), case["current"], case["wanted"], NOW)
    assert found[0] == case["replicas"]


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@each(MEMORY["scale_events"])
def test_scale_events(case, up):
    policies = tuple(Policy("Percent", 100, seconds * SECOND) for seconds in case["periods_s"])
    spec = Hpa(1, 1000, (), up=Rules(0, policies), down=Rules(0, policies))
    history = History(added=ago(case["events"])) if up else History(removed=ago(case["events"]))
    looks_back = Rules(0, (Policy("Pods", 0, 60 * SECOND),))
    began = (most_allowed if up else least_allowed)(looks_back, history, 100, NOW)
    assert abs(began - 100) == case["changed"]
    _, after = scaled(history, 10, 15 if up else 5, spec, NOW)
    kept = after.added if up else after.removed
    assert sorted(change for _, change in kept) == case["kept"]
