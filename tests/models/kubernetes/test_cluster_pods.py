"""Pods alone, against what the kubelet, metrics-server and the autoscaler do, second by second."""

import pytest

from models.vocabulary.units import SECOND
from tests.models.kubernetes.idle_cluster import IdleCluster

# -- probes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_s", "delay_s", "period_s", "first"),
    [(0, 10, 10, 20), (4, 10, 10, 20), (0, 15, 5, 20), (6, 3, 5, 15), (-2, 10, 10, 10), (0, 0, 10, 10)],
)
def test_the_first_probe_comes_with_the_first_tick_after_the_delay(image_s, delay_s, period_s, first):
    """Ticks begin when the kubelet takes the pod; the container starts `image_s` and two seconds later (worker.go)."""
    cluster = IdleCluster(
        "gateway.pods=1",
        f"gateway.probes.readiness={{initial_delay_s: {delay_s}, period_s: {period_s}}}",
        f"autoscaling.nodes={{image_pull_s: {max(0, image_s)}, start_s: {max(0, min(2, image_s + 2))}}}",
    )
    cluster.node_with(0).pulling = False
    node = list(cluster.shared.nodes.values())[-1]
    node.pulled = cluster.env.event()
    cluster.until(100)
    cluster.deployment.scale(2)
    cluster.until(200)
    new = max(pod for _, pod, _ in cluster.plane.asked)
    assert next(at for at, pod, _ in cluster.plane.asked if pod == new) == 100 + first


def test_a_container_that_has_started_is_asked_for_readiness_at_once():
    """The kubelet triggers the readiness probe when the startup probe has succeeded (prober_manager.go)."""
    cluster = IdleCluster(
        "gateway.pods=1",
        "gateway.probes.startup={period_s: 3}",
        "gateway.probes.readiness={initial_delay_s: 0, period_s: 10}",
    )
    cluster.until(100)
    cluster.deployment.scale(2)
    cluster.until(200)
    new = max(pod for _, pod, _ in cluster.plane.asked)
    asked = [at for at, pod, _ in cluster.plane.asked if pod == new]
    assert asked[:3] == [103.0, 103.0, 110.0]  # startup, readiness, and then with its ticks


def test_a_container_that_ran_for_ten_minutes_is_restarted_at_once_again():
    probe = "{period_s: 1, failure_threshold: 1}"
    cluster = IdleCluster("gateway.pods=1", f"gateway.probes.liveness={probe}")
    sick = [30.0, 40.0, 700.0]  # a first failure, a second, and one after ten good minutes
    cluster.plane.answers = lambda pod, op: int(cluster.env.now / SECOND) not in sick
    running = cluster.by_second(800, lambda: int(cluster.shared.pods[0].process is not None))
    down = [second for second, up in enumerate(running) if not up]
    assert sum(30 <= second < 40 for second in down) <= 3
    assert 10 <= sum(40 <= second < 700 for second in down) <= 14
    assert 1 <= sum(second >= 700 for second in down) <= 3


# -- the autoscaler --------------------------------------------------------------------------------------------------


def wanted(*changes: str, seconds: int, cores: float = 0.0, seed: int = 1) -> list[int]:
    """Pods wanted by second while each pod uses so many cores, at a request of 0.7 and a target of 100 %."""
    cluster = IdleCluster(*changes, seed=seed, scaled=True)
    share = cores * cluster.shared.plan.params.service.cores / cluster.shared.gateway.cpu_cores
    cluster.plane.load = lambda now: int(now * share)
    return cluster.by_second(seconds, lambda: cluster.deployment.wanted)


def test_warm_pods_are_held_for_the_window_and_then_go():
    found = wanted("gateway.pods=30", "autoscaling.min_pods=3", seconds=340)
    assert found[299] == 30
    assert found[-1] == 3


def test_warm_pods_that_were_not_wanted_before_go_at_once():
    before = "autoscaling.before=[{ago_s: 600, recommended_pods: 3}]"
    found = wanted("gateway.pods=30", "autoscaling.min_pods=3", before, seconds=60)
    assert found[-1] == 3


def test_a_peak_before_the_start_is_followed_until_its_window_is_over():
    before = "autoscaling.before=[{ago_s: 200, recommended_pods: 12}, {ago_s: 100, recommended_pods: 2}]"
    found = wanted("gateway.pods=12", "autoscaling.min_pods=2", before, seconds=260)
    left = next(second for second, pods in enumerate(found) if pods < 12)
    assert 180 <= left <= 205  # five minutes after its last sync, 110 s before the start


def test_pods_added_before_the_start_use_the_policy_up():
    rules = "autoscaling.up={policies: [{type: Pods, value: 4, period_s: 60}]}"
    before = "autoscaling.before=[{ago_s: 20, recommended_pods: 5, added_pods: 4}]"
    free, used = (wanted("gateway.pods=5", rules, *more, seconds=38, cores=2.0) for more in ((), (before,)))
    assert max(free) == 9
    assert max(used) == 5


def test_without_behavior_pods_at_most_double_or_become_four():
    found = wanted("gateway.pods=1", "autoscaling.behavior=absent", seconds=200, cores=50.0)
    assert sorted(set(found))[:4] == [1, 4, 8, 16]


def test_readings_and_decisions_have_phases_of_their_own():
    """So the first decision that knows something comes 5 to 35 s after the start, not always at the same second."""
    first = []
    for seed in range(1, 25):
        found = wanted("gateway.pods=2", "autoscaling.cpu_percent=30", seconds=60, cores=2.0, seed=seed)
        first.append(next(second for second, pods in enumerate(found) if pods > 2))
    assert len(set(first)) > 10
    assert 4 <= min(first) < 15
    assert 20 < max(first) <= 35


def test_nothing_is_told_of_a_container_younger_than_ten_seconds():
    cluster = IdleCluster("gateway.pods=1", "autoscaling.metrics_lag_s=0", "autoscaling.max_pods=2")
    scraped = cluster.cluster.autoscaler.scrape_at / SECOND
    cluster.node_with(0)
    cluster.until(30 + scraped - 2 - 9)  # the container starts 9 s before a reading
    cluster.deployment.scale(2)
    new = cluster.shared.pods[1]
    cluster.until(30 + scraped + 1)
    assert new.started_at / SECOND == pytest.approx(30 + scraped - 9)
    assert new.cpu is None
    cluster.until(45 + scraped + 1)
    assert new.cpu is not None
    assert new.cpu.window == 15 * SECOND
