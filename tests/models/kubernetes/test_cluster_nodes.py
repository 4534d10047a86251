"""Nodes alone, against what Karpenter, cluster-autoscaler and the eviction API do, second by second.

Nodes take 45 s to come, images 10 s, containers 2 s; a c7g.xlarge has room for five pods of the default size.
"""

import pytest

from models.kubernetes.state import Node
from tests.models.kubernetes.idle_cluster import IdleCluster

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
