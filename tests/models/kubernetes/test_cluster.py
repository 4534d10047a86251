"""The cluster: named cases in which a thing really happens, each the same on both engines, nanosecond by nanosecond."""

from collections.abc import Callable

import numpy as np
import pytest

from models.engine.record import Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.scenario import load_scenario
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, level, recording_of, total

QUICK = (
    "onsale-small",
    "clients.count=300",
    "run.duration_s=60",
    "admission.rate_rps=5",
    "admission.burst=5",
    "clients.poll_interval_s=1",
    "clients.bots.poll_interval_s=1",
    "gateway.pods=2",
    "gateway.cpu_us={status: 5000}",
    "gateway.cpu_request_cores=0.4",
    "gateway.redis_min_idle=4",
    "gateway.redis_connect_s=2",
    "gateway.probes.readiness={initial_delay_s: 3, period_s: 1}",
    "gateway.rollout={pre_stop_s: 2, grace_s: 5}",
    "autoscaling={min_pods: 2, max_pods: 8, memory_percent: null, sync_s: 3, metrics_s: 3, metrics_lag_s: 1}",
    "autoscaling.nodes={instance_types: [c7g.large], launch_median_s: 5, launch_p95_s: 8, image_pull_s: 2, start_s: 1}",
    "autoscaling.nodes={spot_percent: 0, consolidate_after_s: 5}",
)
STILL = ("autoscaling.min_pods=4", "autoscaling.max_pods=4", "gateway.pods=4", "gateway.cpu_us={status: 500}")


def plan_of(*changes: str, base: tuple[str, ...] = QUICK) -> Plan:
    return planned(*base[1:], *changes, name=base[0])


def pods(recording: Recording) -> list[int]:
    return level(recording, Level.PODS_READY)


def came_up(r: Recording) -> bool:
    """Pods are wanted first, then they run, and only then are they ready; the last of them waits for a node."""
    wanted, running, ready, nodes = (
        int(np.flatnonzero(np.array(level(r, which)) == most)[0])
        for which, most in ((Level.PODS_WANTED, 5), (Level.PODS_RUNNING, 5), (Level.PODS_READY, 5), (Level.NODES, 2))
    )
    return wanted <= nodes < nodes + 5 < running < running + 3 <= ready and r.failed == 0


def went_down(r: Recording) -> bool:
    nodes = level(r, Level.NODES)
    return max(pods(r)) >= 5 and pods(r)[-1] == 2 and nodes[-1] < max(nodes) and r.failed == 0


def replaced_without_loss(r: Recording) -> bool:
    return max(level(r, Level.PODS_RUNNING)) > 4 and min(pods(r)) >= 3 and pods(r)[-1] == 4 and r.failed == 0


def lost_and_came_back(r: Recording) -> bool:
    return min(pods(r)[10:]) < 4 and pods(r)[-1] == 4 and min(level(r, Level.NODES)[10:]) < level(r, Level.NODES)[9]


HAPPENS: dict[str, tuple[tuple[str, ...], Callable[[Recording], bool]]] = {
    "pods and nodes are added under load": ((), came_up),
    "pods and nodes are removed again": (
        (
            "autoscaling.down.stabilization_s=5",
            "admission.rate_rps=9",
            "gateway.cpu_us={status: 8000}",
            "run.duration_s=90",
        ),
        went_down,
    ),
    "a new version is rolled out": (
        (*STILL, "faults=[{kind: deploy, at_s: 10}]", "autoscaling.nodes={spare_nodes: 1, consolidation: never}"),
        replaced_without_loss,
    ),
    "a pod that ends at once still gets requests": (
        (*STILL, "faults=[{kind: deploy, at_s: 10}]", "gateway.rollout={pre_stop_s: 0, grace_s: 5}"),
        lambda r: total(r, Column.FAILED_REFUSED) > 0,
    ),
    "spot nodes are interrupted, and drained no faster than a disruption budget allows": (
        (
            *STILL,
            "autoscaling.nodes.spot_percent=100",
            "gateway.disruption_budget={max_unavailable_pods: 1}",
            "faults=[{kind: spot_wave, at_s: 10, share_percent: 100}]",
        ),
        lambda r: r.failed == 0 and max(level(r, Level.NODES)[10:]) > level(r, Level.NODES)[9],
    ),
    "spot nodes are interrupted, and all pods go at once, as no budget holds them back": (
        (*STILL, "autoscaling.nodes.spot_percent=100", "faults=[{kind: spot_wave, at_s: 10, share_percent: 100}]"),
        lambda r: min(pods(r)[10:]) == 0 and pods(r)[-1] == 4 and total(r, Column.FAILED_REFUSED) > 0,
    ),
    "spot nodes vanish under cluster-autoscaler": (
        (
            *STILL,
            "autoscaling.nodes={spot_percent: 100, provisioner: cluster_autoscaler}",
            "faults=[{kind: spot_wave, at_s: 10, share_percent: 50}]",
            "run.duration_s=170",
            "admission.rate_rps=2",
            "clients.count=400",
        ),
        lost_and_came_back,
    ),
    "memory is kept, and with it the pods": (
        (
            "autoscaling={cpu_percent: null, memory_percent: 60, min_pods: 1}",
            "gateway.heap={request_kib: 40000, madvdontneed: false}",
            "autoscaling.down.stabilization_s=3",
            "admission.rate_rps=30",
            "run.duration_s=50",
        ),
        lambda r: pods(r)[-1] >= 2,
    ),
    "memory is given back, and with it the pods": (
        (
            "autoscaling={cpu_percent: null, memory_percent: 60, min_pods: 1}",
            "gateway.heap={request_kib: 40000, madvdontneed: true}",
            "autoscaling.down.stabilization_s=3",
            "admission.rate_rps=30",
            "run.duration_s=50",
        ),
        lambda r: pods(r)[-1] == 1,
    ),
    "a pod that cannot keep up is not ready": (
        (*STILL, "gateway.cpu_us={status: 40000}", "gateway.probes.readiness={failure_threshold: 1, timeout_s: 0.2}"),
        lambda r: min(pods(r)) < 4 and min(level(r, Level.PODS_RUNNING)) == 4,
    ),
    "a pod that does not answer is restarted, later and later": (
        (
            *STILL,
            "gateway.cpu_us={status: 40000}",
            "gateway.probes.liveness={initial_delay_s: 1, period_s: 1, failure_threshold: 1, timeout_s: 0.2}",
        ),
        lambda r: min(level(r, Level.PODS_RUNNING)) < 4 and total(r, Column.FAILED_REFUSED) > 0,
    ),
    "a pod that never starts is started again and again": (
        (
            "gateway.probes.startup={period_s: 1, failure_threshold: 3}",
            "gateway.redis_connect_s=30",
        ),
        lambda r: pods(r) == [2] * 60 and len(set(level(r, Level.PODS_RUNNING)[25:])) > 1,
    ),
}


@pytest.mark.parametrize("name", HAPPENS)
def test_engines_agree_where(name):
    changes, happened = HAPPENS[name]
    plan = plan_of(*changes)
    assert_agreement(plan)
    assert happened(recording_of(plan))


def test_a_saturated_shard_makes_pods_unready_if_readiness_asks_it():
    """The incident of the deployed system: nothing is wrong with the pods, and the load balancer loses them."""
    changes = (*STILL, "redis.shards=1", "gateway.probes.readiness={failure_threshold: 1, timeout_s: 0.05}")
    plan = planned(*QUICK[1:], *changes, name=QUICK[0], script_us=5000.0)
    assert_agreement(plan)
    recording = recording_of(plan)
    assert min(pods(recording)) < 4
    assert level(recording, Level.PODS_RUNNING) == [4] * recording.seconds


def test_with_enough_warm_pods_nothing_is_added_or_lost():
    recording = recording_of(plan_of(*STILL))
    assert pods(recording) == [4] * recording.seconds
    assert recording.failed == 0


def test_karpenter_is_quicker_than_cluster_autoscaler():
    ready = [
        pods(recording_of(plan_of("autoscaling.nodes.scan_s=7", f"autoscaling.nodes.provisioner={which}")))
        for which in ("karpenter", "cluster_autoscaler")
    ]
    assert sum(ready[0]) > sum(ready[1])


def test_the_talks_ladder_reaches_thirty_pods_and_comes_back():
    """At a twentieth of the rates and twenty times the CPU per request: pods per stage as the talk saw them."""
    rates = (50, 250, 500, 1000, 1500, 500, 50)
    scenario = load_scenario("ladder-scaling")
    lengths = [stage.duration_s for stage in scenario.clients.load.stages]
    stages = ", ".join(f"{{rate_rps: {r}, duration_s: {d}}}" for r, d in zip(rates, lengths, strict=True))
    cpu = "gateway.cpu_us={join: 5000, status: 2600, enter: 4000}"
    plan = plan_of(f"clients.load.stages=[{stages}]", cpu, base=("ladder-scaling",))
    ready = np.array(pods(recording_of(plan)))
    ends = np.cumsum(lengths).astype(int) - 2
    found = dict(zip(("1k", "5k", "10k", "20k", "30k", "back 10k", "back 1k"), ready[ends].tolist(), strict=True))
    for stage, talk in {"1k": 3, "5k": 5, "10k": 10, "20k": 20, "30k": 30}.items():
        assert talk * 0.7 <= found[stage] <= min(30, talk * 1.6), found
    assert found["back 10k"] < 20, found
    assert found["back 1k"] <= 5, found


def test_the_nodes_that_are_paid_for_are_those_that_the_levels_count() -> None:
    recording = recording_of(plan_of("autoscaling.nodes.spot_percent=50"))
    ends = (np.arange(recording.seconds) + 1) * 1_000_000_000
    until = [recording.end_ns + 1 if node.until is None else node.until for node in recording.nodes]
    counted = [
        sum(node.since < end <= last for node, last in zip(recording.nodes, until, strict=True))
        for end in ends[:-1].tolist()
    ]
    assert len(recording.nodes) > 1
    assert counted == level(recording, Level.NODES)[:-1]
