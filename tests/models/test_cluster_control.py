"""The control plane alone, against what Kubernetes, Karpenter and cluster-autoscaler do, second by second.

Nodes take 45 s to come, images 10 s, containers 2 s; a c7g.xlarge has room for five pods of the default size.
"""

import pytest

from models.cluster.state import Node
from models.units import SECOND
from tests.models.idle_cluster import IdleCluster

KARPENTER = "autoscaling.nodes.consolidation=when_empty_or_underutilised"
AT_ONCE = "autoscaling.nodes.consolidate_after_s=0"
SPOT = "autoscaling.nodes.spot_percent=100"


def interrupt(cluster: IdleCluster, nodes: list[Node]) -> None:
    for node in nodes:
        cluster.env.process(cluster.machines.interrupt(node))


# -- provisioning ----------------------------------------------------------------------------------------------------


def test_every_node_of_a_spot_wave_is_replaced_in_the_first_batch():
    """disruption.md: a new node is started "as soon as it sees the Spot interruption warning"."""
    cluster = IdleCluster("gateway.pods=30", SPOT)
    cluster.until(70)
    interrupt(cluster, list(cluster.shared.nodes.values())[:4])
    ready = cluster.by_second(120, cluster.ready)
    assert cluster.bought() == [71.0] * 4
    assert ready[0] == 10  # without a budget the drain takes all at once
    assert ready.index(30) < 80  # the node 1 + 45, the image 10, the container 2, the probe 15 and up to 5


def test_pods_that_a_budget_holds_on_dying_nodes_have_their_new_nodes_at_once():
    cluster = IdleCluster("gateway.pods=30", SPOT, "gateway.disruption_budget={max_unavailable_pods: 1}")
    cluster.until(70)
    interrupt(cluster, list(cluster.shared.nodes.values())[:4])
    ready = cluster.by_second(60, cluster.ready)
    assert min(ready) >= 29
    assert cluster.bought()[:4] == [71.0] * 4


def test_a_budget_that_lets_nobody_go_gets_no_new_nodes_until_the_old_ones_are_gone():
    cluster = IdleCluster("gateway.pods=10", SPOT, "gateway.disruption_budget={max_unavailable_pods: 0}")
    cluster.until(70)
    interrupt(cluster, list(cluster.shared.nodes.values()))
    assert cluster.by_second(119, cluster.ready) == [10] * 119
    cluster.until(192)
    assert cluster.ready() == 0
    assert cluster.bought() == [191.0, 191.0]


def test_a_pod_whose_node_vanished_before_it_came_asks_again_within_ten_seconds():
    cluster = IdleCluster("gateway.pods=5")
    cluster.until(10)
    cluster.deployment.scale(6)
    cluster.until(20)
    assert cluster.bought() == [11.0]
    cluster.machines.give_back(list(cluster.shared.nodes.values())[-1])
    cluster.until(40)
    assert cluster.bought() == [11.0, 21.0]  # asked again at 20 s, and a second of silence


def test_a_batch_waits_for_more_pods_and_ten_seconds_at_most():
    cluster = IdleCluster("gateway.pods=5")
    for second in range(20, 40):
        cluster.until(second + 0.5)
        cluster.deployment.scale(cluster.deployment.wanted + 1)
    cluster.until(60)
    assert cluster.bought()[0] == 30.5
    assert len(cluster.bought()) >= 2


# -- evictions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "stay"),
    [
        ("null", 5),
        ("{min_available_pods: 8}", 8),
        ("{min_available_percent: 75}", 8),  # 7.5, rounded up
        ("{max_unavailable_pods: 1}", 9),
        ("{max_unavailable_percent: 15}", 8),  # 1.5, rounded up
        ("{min_available_percent: 100}", 10),
    ],
)
def test_a_drain_takes_what_the_disruption_budget_allows_and_never_asks_the_rollout(budget, stay):
    cluster = IdleCluster(
        "gateway.pods=10", f"gateway.disruption_budget={budget}", "gateway.rollout.max_unavailable_percent=0"
    )
    cluster.until(10)
    cluster.env.process(cluster.machines.drain(cluster.shared.nodes[0]))
    cluster.until(11)
    assert cluster.ready() == stay


@pytest.mark.parametrize(("unready", "gone"), [("if_healthy_budget", 0), ("always_allow", 5)])
def test_pods_that_run_and_are_not_ready_stay_with_too_few_that_are(unready, gone):
    """KEP-3017: by default they may go only while enough others are healthy."""
    cluster = IdleCluster("gateway.pods=10", f"gateway.disruption_budget={{min_available_pods: 8, unready: {unready}}}")
    sick = {pod.process for pod in cluster.shared.nodes[0].pods}
    cluster.plane.answers = lambda pod, op: pod not in sick
    cluster.until(30)
    assert cluster.ready() == 5
    node = cluster.shared.nodes[0]
    cluster.env.process(cluster.machines.drain(node))
    cluster.until(31)
    assert 5 - len(node.pods) == gone


# -- consolidation ---------------------------------------------------------------------------------------------------


def test_a_node_that_is_not_needed_is_looked_at_again_before_it_goes():
    cluster = IdleCluster("gateway.pods=5", KARPENTER, AT_ONCE)
    cluster.node_with(0)
    cluster.until(14)
    assert not any(node.leaving for node in cluster.shared.nodes.values())
    cluster.until(17)
    assert cluster.returned() == [15.0]


def test_a_removal_is_given_up_if_a_pod_has_come_since():
    cluster = IdleCluster("gateway.pods=5", KARPENTER, AT_ONCE)
    cluster.node_with(0)
    cluster.until(7)
    cluster.deployment.scale(6)
    cluster.until(120)
    assert cluster.returned() == []


@pytest.mark.parametrize(("half_empty", "budget_percent", "go"), [(2, 100, 1), (4, 100, 2), (2, 10, 1)])
def test_nodes_of_one_round_do_not_count_on_each_other(half_empty, budget_percent, go):
    """Each of them fits onto another; with nine full nodes the default budget allows two of eleven at once."""
    full = 9 if budget_percent == 10 else 0
    cluster = IdleCluster("gateway.pods=1", KARPENTER, AT_ONCE, f"autoscaling.nodes.budget_percent={budget_percent}")
    cluster.machines.give_back(cluster.shared.nodes[0])
    cluster.deployment.wanted = 0
    for pods in [5] * full + [2 if full == 0 else 1] * half_empty:
        cluster.node_with(pods)
    waiting = cluster.by_second(120, lambda: len(cluster.shared.pending()))
    assert max(waiting) == 0
    assert len(cluster.returned()) == go
    assert cluster.bought() == []


def test_several_little_used_nodes_become_one_cheaper_one():
    cluster = IdleCluster(
        "gateway.pods=1",
        KARPENTER,
        AT_ONCE,
        "autoscaling.nodes.budget_percent=100",
        "autoscaling.nodes.instance_types=[c7g.large, c7g.2xlarge]",
    )
    cluster.node_with(1, kind="c7g.2xlarge")
    cluster.machines.give_back(cluster.shared.nodes[0])
    cluster.deployment.wanted = 1
    cluster.node_with(1, kind="c7g.2xlarge")
    cluster.until(300)
    assert cluster.bought() == [15.0]
    assert [node.kind for node in cluster.shared.nodes.values()] == ["c7g.large"]
    assert cluster.ready() == 2


def test_nodes_stay_whose_replacement_does_not_come():
    cluster = IdleCluster(
        "gateway.pods=1", KARPENTER, AT_ONCE, "autoscaling.nodes.instance_types=[c7g.large, c7g.xlarge]"
    )
    cluster.machines.give_back(cluster.shared.nodes[0])
    cluster.deployment.wanted = 0
    node = cluster.node_with(2)
    cluster.until(20)
    assert node.leaving
    cluster.machines.give_back(max(cluster.shared.nodes.values(), key=lambda each: each.number))
    cluster.until(22)
    assert not node.leaving
    assert cluster.ready() == 2


def test_nodes_that_are_coming_count_for_no_budget():
    cluster = IdleCluster("gateway.pods=50", KARPENTER, AT_ONCE)
    consolidation = cluster.cluster.provisioner.consolidation
    assert (len(cluster.shared.nodes), consolidation._room()) == (10, 1)
    cluster.until(1)
    cluster.deployment.scale(51)
    cluster.until(5)
    assert (len(cluster.shared.nodes), consolidation._room()) == (11, 1)


def test_nodes_that_leave_for_another_reason_use_the_budget_up():
    cluster = IdleCluster("gateway.pods=50", SPOT, "gateway.disruption_budget={max_unavailable_pods: 1}")
    consolidation = cluster.cluster.provisioner.consolidation
    cluster.until(5)
    interrupt(cluster, [cluster.shared.nodes[0]])
    cluster.until(6)
    assert consolidation._room() == 0


def test_spare_nodes_are_held_until_a_pod_has_come():
    cluster = IdleCluster("gateway.pods=5", KARPENTER, AT_ONCE, "autoscaling.nodes.spare_nodes=3")
    cluster.until(600)
    assert len(cluster.shared.nodes) == 4
    cluster.deployment.scale(6)
    cluster.until(602)
    assert cluster.shared.pending() == []
    cluster.deployment.scale(5)
    cluster.until(900)
    assert len(cluster.shared.nodes) == 3
    assert cluster.bought() == []


def test_a_node_whose_pods_all_end_is_empty():
    cluster = IdleCluster("gateway.pods=10", KARPENTER, AT_ONCE, "gateway.rollout={pre_stop_s: 60, grace_s: 60}")
    cluster.until(2)
    for pod in list(cluster.shared.nodes[1].pods):
        cluster.deployment.wanted -= 1
        cluster.machines.kubelet.end(pod)
    cluster.until(100)
    assert cluster.returned() == [62.0]  # when the last is gone: it was decided before, as none of them needs room


def test_a_node_that_pods_count_on_is_not_consolidated_before_they_come():
    budget = "gateway.disruption_budget={min_available_percent: 99}"
    cluster = IdleCluster("gateway.pods=10", KARPENTER, AT_ONCE, SPOT, budget, "autoscaling.nodes.budget_percent=100")
    cluster.until(5)
    interrupt(cluster, [cluster.shared.nodes[1]])
    cluster.until(124)
    assert cluster.bought() == [6.0]
    assert cluster.returned() == []


# -- cluster-autoscaler ----------------------------------------------------------------------------------------------

OTHER = "autoscaling.nodes={provisioner: cluster_autoscaler, consolidation: when_empty_or_underutilised}"


@pytest.mark.parametrize(("empty", "after_a_scan"), [(3, 3), (12, 10)])
def test_cluster_autoscaler_removes_up_to_ten_empty_nodes_at_once(empty, after_a_scan):
    cluster = IdleCluster("gateway.pods=5", OTHER)
    for _ in range(empty):
        cluster.node_with(0)
    cluster.until(609)
    assert cluster.returned() == []  # unneeded from the first scan at 10 s on
    cluster.until(611)
    assert cluster.returned() == [610.0] * after_a_scan
    cluster.until(640)
    assert len(cluster.returned()) == empty


def test_cluster_autoscaler_drains_one_node_at_a_time():
    cluster = IdleCluster("gateway.pods=1", OTHER, "gateway.disruption_budget={max_unavailable_pods: 1}")
    for _ in range(3):
        cluster.node_with(1)
    cluster.until(611)
    assert sum(node.draining for node in cluster.shared.nodes.values()) == 1


@pytest.mark.parametrize(("handler", "ready"), [("false", 5), ("true", 0)])
def test_only_a_termination_handler_drains_for_cluster_autoscaler(handler, ready):
    cluster = IdleCluster("gateway.pods=5", OTHER, SPOT, f"autoscaling.nodes.termination_handler={handler}")
    cluster.until(10)
    interrupt(cluster, list(cluster.shared.nodes.values()))
    cluster.until(12)
    assert cluster.ready() == ready


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
    share = cores * cluster.shared.plan.params.cores / cluster.shared.gateway.cpu_cores
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
