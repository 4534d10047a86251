"""The autoscaler against the documented algorithm: tables worked out by hand, published examples, and properties.

The cases of Kubernetes' own tests are in test_upstream_hpa.py; the long examples here are those of the documentation
page "Horizontal Pod Autoscaling".
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    least_allowed,
    most_allowed,
    recommendation,
    replicas_for,
    stabilised,
)
from models.vocabulary.units import SECOND

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOW = 10 * HOUR


def cpu(percent: int, request: int = 1000) -> Target:
    return Target("cpu", request, percent)


def hpa(*targets: Target, least: int = 1, most: int = 100, **settings) -> Hpa:
    return Hpa(least, most, targets, **settings)


def pod(used: int | None, *, ready: bool = True, age: int = HOUR, changed: int | None = None, **more) -> PodMetrics:
    """A pod started `age` ago whose readiness last changed `changed` ago (at its start), with a fresh CPU sample."""
    sample = None if used is None else Sample(used, NOW, 30 * SECOND)
    return PodMetrics(NOW - age, ready, NOW - (age if changed is None else changed), cpu=sample, **more)


PENDING = PodMetrics(None, False, 0)


@pytest.mark.parametrize(
    ("percent", "pods", "replicas"),
    [
        (50, [pod(550), pod(550)], 2),  # 1.1: within the tolerance
        (50, [pod(450), pod(450)], 2),  # 0.9: within
        (50, [pod(560), pod(560)], 3),  # 1.12
        (50, [pod(559), pod(559)], 2),  # 55.9 % is cut to 55
        (50, [pod(440), pod(440)], 2),  # 0.88 x 2 = 1.76, rounded up
        (50, [pod(1000), pod(None)], 2),  # a missing pod counts as idle on the way up: 50 %
        (50, [pod(2000), pod(None)], 4),  # 100 % of 50 %, x 2
        (50, [pod(1000), PENDING], 2),  # so does a pending one
        (50, [pod(1000), pod(1000, deleted=True)], 2),  # one that is being deleted does not count: 2 x 1
        (150, [pod(1000), pod(None)], 2),  # missing at 150 % of the request, not at 100: 125 of 150 %, x 2 = 1.66
        (60, [pod(500), pod(500), pod(None)], 3),  # 83 % with the missing one: going down has turned into going up
    ],
)
def test_replicas_from_one_metric(percent, pods, replicas):
    assert replicas_for(hpa(), cpu(percent), len(pods), tuple(pods), NOW) == replicas


def test_replicas_count_the_pods_that_are_ready_not_those_that_are_wanted():
    assert replicas_for(hpa(), cpu(50), 8, (pod(1000), pod(1000)), NOW) == 4


@pytest.mark.parametrize(
    ("who", "counts"),
    [
        (pod(900, age=MINUTE, changed=31 * SECOND), True),  # ready, and a whole window has been measured since
        (pod(900, age=MINUTE, changed=29 * SECOND), False),  # the window began before it was ready
        (pod(900, ready=False, age=MINUTE), False),
        (pod(900, ready=False, age=6 * MINUTE, changed=6 * MINUTE - 29 * SECOND), False),  # never was ready
        (pod(900, ready=False, age=6 * MINUTE, changed=MINUTE), True),  # was, and is unready now
        (pod(900, age=6 * MINUTE, changed=SECOND), True),  # old enough: whatever its last change
    ],
)
def test_which_pods_count_for_cpu(who, counts):
    if counts:
        assert replicas_for(hpa(), cpu(30), 1, (who,), NOW) == 3
    else:
        with pytest.raises(NoMetrics):
            replicas_for(hpa(), cpu(30), 1, (who,), NOW)


def test_memory_counts_also_of_pods_that_are_not_ready():
    who = PodMetrics(NOW - MINUTE, False, NOW - MINUTE, memory=Sample(900, NOW, SECOND))
    assert replicas_for(hpa(), Target("memory", 1000, 30), 1, (who,), NOW) == 3


def with_memory(used: int) -> PodMetrics:
    return replace(pod(500), memory=Sample(used, NOW, SECOND))


def test_of_several_metrics_the_largest_proposal_counts():
    two = hpa(cpu(50), Target("memory", 100, 50))
    assert recommendation(two, 1, (with_memory(150),), NOW) == 3
    assert recommendation(two, 1, (with_memory(10),), NOW) == 1


def test_a_metric_that_is_silent_allows_going_up_and_not_down():
    two = hpa(cpu(50), Target("memory", 100, 50))
    assert recommendation(two, 2, (pod(1000), pod(1000)), NOW) == 4
    assert recommendation(two, 2, (pod(100), pod(100)), NOW) is None
    assert recommendation(two, 2, (PENDING, PENDING), NOW) is None
    assert decide(two, History(), 2, (PENDING, PENDING), NOW) == (2, History())


def loop(spec: Hpa, current: int, proposals: list[int], every: int = 15 * SECOND) -> list[int]:
    """Run the autoscaler on what the metrics propose, one sync after the other, and return the replicas after each."""
    history, found = History(), []
    spec = replace(spec, targets=(cpu(1),), tolerance=0)
    for k, proposal in enumerate(proposals):
        # one pod at as many times its target of 1 % as are proposed; the others do not count
        pods = (pod(10 * proposal), *[pod(0, deleted=True)] * (current - 1))
        current, history = decide(spec, history, current, pods, NOW + k * every)
        found.append(current)
    return found


def test_by_default_it_doubles_or_adds_four_in_fifteen_seconds():
    assert loop(hpa(), 1, [100] * 6) == [5, 10, 20, 40, 80, 100]


def test_by_default_it_goes_down_at_once_after_five_minutes():
    seconds = 15
    replicas = loop(hpa(), 50, [50] + [10] * 25)
    assert replicas.count(50) * seconds == 300  # from the last sync that wanted 50: the window excludes its own end
    assert replicas[-1] == 10


def test_the_documented_example_of_two_policies():
    """At most 4 pods or 10 % a minute, from 80 down to 10: "72, then 7.2 rounded up"; four at a time below 40."""
    down = Rules(0, (Policy("Pods", 4, MINUTE), Policy("Percent", 10, MINUTE)))
    replicas = loop(hpa(least=10, down=down), 80, [10] * 17, every=MINUTE)
    assert replicas[:3] == [72, 64, 57]
    below = [count for count in replicas if count < 40]
    assert below[:5] == [36, 32, 28, 24, 20]


def test_the_policy_that_changes_less_or_none_at_all():
    policies = (Policy("Pods", 5, MINUTE), Policy("Percent", 10, MINUTE))
    assert least_allowed(Rules(0, policies, "Min"), History(), 100, NOW) == 95
    assert least_allowed(Rules(0, policies, "Max"), History(), 100, NOW) == 90
    assert least_allowed(Rules(0, policies, "Disabled"), History(), 100, NOW) == 100
    assert most_allowed(Rules(0, policies, "Min"), History(), 100, NOW) == 105
    # 110.00000000000001 rounded up, as in Go
    assert most_allowed(Rules(0, policies, "Max"), History(), 100, NOW) == 111
    assert most_allowed(Rules(0, policies, "Disabled"), History(), 100, NOW) == 100


def test_a_policy_counts_what_was_changed_in_its_period():
    history = History(added=((NOW - 50 * SECOND, 3), (NOW - 70 * SECOND, 9)), removed=((NOW - 10 * SECOND, 1),))
    rules = Rules(0, (Policy("Pods", 4, MINUTE),))
    assert most_allowed(rules, history, 12, NOW) == 12 - 3 + 1 + 4
    assert least_allowed(rules, history, 12, NOW) == 12 - 3 + 1 - 4


def test_stabilisation_takes_the_highest_of_the_window_down_and_the_lowest_up():
    spec = hpa(up=replace(DEFAULT_UP, window=MINUTE), down=replace(DEFAULT_DOWN, window=5 * MINUTE))
    history = History(recommended=((NOW - 4 * MINUTE, 7), (NOW - 30 * SECOND, 12)))
    assert stabilised(spec, history, 10, 3, NOW)[0] == 10  # 12 was wanted half a minute ago
    assert stabilised(spec, replace(history, recommended=((NOW - 4 * MINUTE, 7),)), 10, 3, NOW)[0] == 7
    assert stabilised(spec, history, 10, 20, NOW)[0] == 12
    assert stabilised(spec, History(), 10, 20, NOW)[0] == 20


def test_limits_that_have_changed_are_met_at_once():
    assert decide(hpa(cpu(50), least=5), History(), 2, (), NOW)[0] == 5
    assert decide(hpa(cpu(50), most=5), History(), 9, (), NOW)[0] == 5
    assert decide(hpa(cpu(50)), History(), 0, (), NOW)[0] == 0


# -- properties ----------------------------------------------------------------------------------------------------

POLICIES = st.builds(
    Policy, st.sampled_from(["Pods", "Percent"]), st.integers(1, 200), st.sampled_from([15, 30, 60]).map(SECOND.__mul__)
)
RULES = st.builds(
    Rules,
    st.sampled_from([0, 30 * SECOND, 300 * SECOND]),
    st.lists(POLICIES, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["Max", "Max", "Min", "Disabled"]),
)
PROPOSALS = st.lists(st.integers(1, 60), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(RULES, RULES, PROPOSALS, st.integers(1, 20), st.integers(0, 30), st.integers(0, 60))
def test_replicas_stay_between_the_limits_and_policies_hold_in_every_window(up, down, proposals, least, more, start):
    spec = hpa(least=least, most=least + more, up=up, down=down)
    start = max(least, min(start, spec.most))
    replicas = [start, *loop(spec, start, proposals)]
    assert all(spec.least <= count <= spec.most for count in replicas)
    for rules, sign in ((up, 1), (down, -1)):
        moves = [max(0, sign * (b - a)) for a, b in pairwise(replicas)]
        if rules.select == "Disabled":
            assert sum(moves) == 0
        if rules.select == "Min" and all(policy.kind == "Pods" for policy in rules.policies):
            against = [max(0, -sign * (b - a)) for a, b in pairwise(replicas)]
            for policy in rules.policies:
                syncs = policy.period // (15 * SECOND)
                for k in range(len(moves)):
                    window = slice(max(0, k - syncs + 1), k + 1)
                    if sum(against[window]) == 0:
                        assert sum(moves[window]) <= policy.value


@settings(max_examples=150, deadline=None)
@given(PROPOSALS, st.integers(1, 60))
def test_with_both_windows_open_it_never_turns_within_one(proposals, start):
    windows = hpa(up=replace(DEFAULT_UP, window=90 * SECOND), down=replace(DEFAULT_DOWN, window=90 * SECOND))
    replicas = [start, *loop(windows, start, proposals)]
    moves = [(k, b > a) for k, (a, b) in enumerate(pairwise(replicas)) if a != b]
    for (k, up), (later, also_up) in pairwise(moves):
        assert up == also_up or later - k >= 6  # six syncs are 90 s


PODS = st.builds(
    pod,
    st.none() | st.integers(0, 3000),
    ready=st.booleans(),
    age=st.sampled_from([10 * SECOND, 2 * MINUTE, HOUR]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PODS | st.just(PENDING), min_size=1, max_size=12), st.integers(5, 200))
def test_it_never_moves_against_what_every_pod_says(pods, percent):
    """Whatever is assumed of missing and unready pods: idle ones add none, and busy ones remove none."""
    used = [who.cpu.used // 10 for who in pods if who.cpu is not None]
    try:
        replicas = replicas_for(hpa(), cpu(percent), len(pods), tuple(pods), NOW)
    except NoMetrics:
        return
    if max(used) < 0.9 * percent:
        assert replicas <= len(pods)
    if min(used) > percent:
        assert replicas >= len(pods)
