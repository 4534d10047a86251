"""Deployment, kubelet and nodes against the numbers of their own tests (tests/models/kubernetes/upstream)."""

from dataclasses import replace

import pytest
import simpy

from models.catalogues.ec2_capacity import Demand
from models.catalogues.ec2_nodes import ec2_nodes
from models.kubernetes.deployment import Deployment, fenceposts
from models.kubernetes.karpenter import Market, NodeState, PodRequest, allowed_disruptions, consolidation, empty
from models.kubernetes.provisioning import cropped
from models.kubernetes.state import Node, Pod, Shared
from models.scenario.pods import Rollout
from models.vocabulary.units import SECOND
from tests.models.kubernetes.idle_cluster import QUIET, IdleCluster
from tests.models.kubernetes.upstream import Case, named, table
from tests.models.recordings import planned

ROLLOUT, PROBES, NODES = table("deployment"), table("probes"), table("nodes")
NOW_S = 10_000_000


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=named)


@each(ROLLOUT["fenceposts"])
def test_fenceposts(case):
    given = {f"max_{name}": case[name] for name in case if name.startswith(("surge", "unavailable"))}
    assert fenceposts(Rollout(**given), case["wanted"]) == tuple(case["expected"])


def deployment_of(**rollout: int) -> Deployment:
    """A deployment of ten pods at its second revision, without pods."""
    plan = planned(*QUIET, "gateway.pods=10")
    gateway = plan.scenario.gateway.model_copy(update={"rollout": Rollout(**rollout)})
    plan = replace(plan, scenario=plan.scenario.model_copy(update={"gateway": gateway}))
    assert plan.scenario.autoscaling is not None
    shared = Shared(simpy.Environment(), plan, plan.scenario.autoscaling)
    deployment = Deployment(shared, lambda pod: None, lambda pod: setattr(pod, "ending", True))
    deployment.revision = 1
    return deployment


def add(deployment: Deployment, count: int, revision: int, ready: int) -> None:
    for k in range(count):
        pod = deployment.new_pod()
        pod.revision, pod.ready = revision, k < ready


def alive(deployment: Deployment, revision: int) -> int:
    return sum(pod.revision == revision for pod in deployment.shared.alive())


@each(ROLLOUT["new"])
def test_new_pods_of_a_rolling_update(case):
    deployment = deployment_of(max_surge_pods=case["surge"], max_unavailable_pods=0)
    add(deployment, case["old"], 0, case["old"])
    add(deployment, case["new"], 1, 0)
    deployment.reconcile()
    assert alive(deployment, 1) == case["left"]


@each(ROLLOUT["old"])
def test_old_pods_of_a_rolling_update(case):
    deployment = deployment_of(max_surge_pods=0, max_unavailable_pods=case["unavailable"])
    add(deployment, case["old"], 0, case["ready"])
    add(deployment, case["new"], 1, 0)
    deployment.reconcile()
    assert alive(deployment, 0) == case["left"]


@each(ROLLOUT["first_to_go"])
def test_which_pod_goes_first(case):
    deployment = deployment_of()
    two = [_described(deployment, told) for told in case]
    for pod, told in zip(two, case, strict=True):
        pod.number = NOW_S - told.get("created_s", 0)
    for k, first in enumerate(case):
        for _ in range(first.get("crowd", 1) - 1):
            deployment.new_pod().node = two[k].node
    for both in (two, two[::-1]):
        deployment._end(both, 1)
        assert [pod.ending for pod in two] == [True, False]
        two[0].ending = False


def _described(deployment: Deployment, told: Case) -> Pod:
    pod, ready_s = deployment.new_pod(), told.get("ready_s")
    pod.node = None if told.get("node", "own") is None else _node(deployment.shared, pod.number)
    pod.process = pod.number if told.get("running", True) else None
    pod.ready, pod.ready_changed_at = ready_s is not None, (NOW_S - (ready_s or 0)) * SECOND
    pod.restarts = told.get("restarts", 0)
    return pod


def _node(shared: Shared, number: int) -> Node:
    return Node(number, "c7g.xlarge", "on_demand", shared.env.event(), bought_at=0)


# -- kubelet ---------------------------------------------------------------------------------------------------------


def answered(cluster: IdleCluster, answers: str) -> None:
    """Let the probes of the second pod answer so, one after the other, and well ever after."""
    left = iter(answers)
    cluster.plane.answers = lambda pod, op: pod != 1 or next(left, "+") == "+"


@each(PROBES["readiness"])
def test_thresholds_of_readiness(case):
    thresholds = ", ".join(f"{name}_threshold: {case[f'{name}_threshold']}" for name in ("success", "failure"))
    cluster = IdleCluster(
        "gateway.pods=1", f"gateway.probes.readiness={{initial_delay_s: 0, period_s: 1, {thresholds}}}"
    )
    answered(cluster, case["answers"])
    cluster.until(10)
    cluster.deployment.scale(2)
    pod = cluster.shared.pods[1]
    cluster.until(12.5)  # the container has started and been asked once
    found = ""
    for _ in case["answers"]:
        found += "+" if pod.ready else "-"
        cluster.until(cluster.env.now / SECOND + 1)
    assert found == case["found"]


@each(PROBES["liveness"])
def test_a_container_that_failed_is_not_asked_again(case):
    probe = f"{{period_s: 1, failure_threshold: {case['failure_threshold']}}}"
    cluster = IdleCluster(
        "gateway.pods=1", f"gateway.probes.liveness={probe}", "gateway.probes.readiness.period_s=3600"
    )
    answered(cluster, case["answers"])
    cluster.until(10)
    cluster.deployment.scale(2)
    cluster.until(40)
    asked = [at for at, pod, _ in cluster.plane.asked if pod == 1]
    assert asked[:3] == [12.0, 14.0, 15.0]  # failed at once; its successor starts two seconds later
    assert cluster.shared.pods[1].restarts == case["containers"] - 1


@each(PROBES["delays"])
def test_the_initial_delay(case):
    cluster = IdleCluster(
        "gateway.pods=1", f"gateway.probes.readiness={{initial_delay_s: {case['initial_delay_s']}, period_s: 1}}"
    )
    cluster.until(10)
    cluster.deployment.scale(2)
    cluster.until(12 + case["age_s"] + 0.5)
    assert any(pod == 1 for _, pod, _ in cluster.plane.asked) == case["asked"]


# -- Karpenter -------------------------------------------------------------------------------------------------------


@each(NODES["budget"])
def test_disruption_budget(case):
    cluster = IdleCluster("gateway.pods=5", f"autoscaling.nodes.budget_percent={case['percent']}")
    for _ in range(case["up"] - 1 + case["coming"]):
        cluster.node_with(0)
    nodes = list(cluster.shared.nodes.values())
    for node in nodes[case["up"] :]:
        node.ready = False
    for node in nodes[: case["leaving"]]:
        node.leaving = True
    assert cluster.cluster.provisioner.consolidation._room() == case["room"]


@each(NODES["empty"])
def test_empty_nodes_within_the_budget(case):
    nodes = [NodeState(k, "c7g.xlarge", "on_demand") for k in range(case["nodes"])]
    room = allowed_disruptions(case["nodes"], 0, case["percent"], case.get("most"))
    found = empty(nodes, range(case["nodes"]), room)
    assert (0 if found is None else len(found.nodes)) == case["removed"]


@each(NODES["consolidation"])
def test_consolidation(case):
    """Pods of 700 millicores and 512 MiB: a c7g.large has room for two, a c7g.xlarge for five."""
    kinds = {name: ec2_nodes()[name] for name in case["types"]}
    market = Market(kinds, Demand(150, 200), case.get("capacity", "on_demand"))
    nodes = [
        NodeState(
            k,
            case["kind"],
            case.get("capacity", "on_demand"),
            tuple(PodRequest(100 * k + number, Demand(700, 512, 1)) for number in range(count)),
            coming=k in case.get("coming", []),
        )
        for k, count in enumerate(case["pods"])
    ]
    candidates = [node.node for node in nodes if not node.coming]
    found = consolidation(nodes, candidates, market, room=len(nodes))
    assert (0 if found is None else len(found.nodes)) == case["removed"]
    new = None if found is None or found.replacement is None else found.replacement.kind
    assert new == case.get("replacement")


@each(NODES["batch"])
def test_batches(case):
    cluster = IdleCluster("gateway.pods=5")
    for at in case["pods_at"]:
        cluster.until(100 + at)
        cluster.deployment.scale(cluster.deployment.wanted + 1)
    cluster.until(130)
    assert cluster.bought()[0] == 100 + case["closes"]


# -- cluster-autoscaler ----------------------------------------------------------------------------------------------


@each(NODES["crop"])
def test_what_cluster_autoscaler_removes_at_once(case):
    assert cropped(case["empty"], case["drain"], *case["leaving"], most_others=5) == tuple(case["removed"])
