"""A cluster without a data plane: pods that start, answer and end at once, so that only control takes time."""

from collections.abc import Callable, Sequence

import simpy

from models.engine.plane import Reading
from models.kubernetes.cluster import Cluster
from models.kubernetes.karpenter import NewNode
from models.kubernetes.state import Node, Pod
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND, ns
from tests.models.recordings import planned

QUIET = (
    "autoscaling={cpu_percent: 100, memory_percent: null, min_pods: 1, max_pods: 400}",
    "autoscaling.nodes={spot_percent: 0, interruptions_percent_per_month: 0, consolidation: never}",
    "autoscaling.nodes={launch_median_s: 45, launch_p95_s: 45, instance_types: [c7g.xlarge], image_pull_s: 10}",
    "gateway.rollout={pre_stop_s: 0, grace_s: 5}",
    "run.duration_s=3600",
)
"""Nodes that take 45 s to come, and nothing that happens by itself; a c7g.xlarge has room for five pods of 700m."""


class IdlePlane:
    """A data plane in which nothing takes time.

    `answers` says whether a probe of a pod succeeds; `load` is the CPU that every pod has used by a time, both ns.
    """

    def __init__(self, env: simpy.Environment) -> None:
        self.env, self.platform = env, [0, 0, 0, 0]
        self.hear: Callable[[Told], None] = lambda told: None
        self.answers: Callable[[int, Op], bool] = lambda pod, op: True
        self.load: Callable[[int], int] = lambda now: 0
        self.asked: list[tuple[float, int, Op]] = []
        self.routed: list[tuple[float, tuple[int, ...]]] = []

    def route_to(self, pods: Sequence[int]) -> None:
        self.routed.append((self.env.now / SECOND, tuple(pods)))

    def start_pod(self, pod: int) -> None:
        """Nothing is to be opened."""

    def probe(self, pod: int, op: Op, number: int) -> None:
        self.asked.append((self.env.now / SECOND, pod, op))
        self.env.process(self._answer(pod, op, number))

    def _answer(self, pod: int, op: Op, number: int):
        yield self.env.timeout(0)
        self.hear(Told(News.PROBED, pod, number, self.answers(pod, op)))

    def end_pod(self, pod: int) -> bool:
        return True

    def kill_pod(self, pod: int) -> None:
        """Nothing is in it."""

    def reading(self, pod: int) -> Reading:
        return Reading(self.load(int(self.env.now)), 0, 0, 0)


class IdleCluster:
    """A real cluster over an `IdlePlane`. Unless it is *scaled* the autoscaler leaves the size of it alone."""

    def __init__(self, *changes: str, seed: int = 1, scaled: bool = False) -> None:
        hold = () if scaled else ("autoscaling.down.select=Disabled",)
        plan = planned(*QUIET, *hold, *changes, seed=seed)
        self.env = simpy.Environment()
        self.plane = IdlePlane(self.env)
        self.cluster = Cluster(self.env, self.plane, plan, plan.scenario.autoscaling)
        self.plane.hear = self.cluster.hear
        self.machines, self.shared = self.cluster.machines, self.cluster.shared
        self.deployment = self.cluster.deployment

    def until(self, second: float) -> None:
        """Let time pass up to, not including, a second."""
        self.env.run(ns(second))

    def by_second(self, seconds: int, what: Callable[[], int]) -> list[int]:
        """Return a number at the end of every second of the next ones."""
        found = []
        for _ in range(seconds):
            self.env.run(self.env.now + SECOND)
            found.append(what())
        return found

    def bought(self) -> list[float]:
        """Return when nodes were bought, those of the start left out."""
        return sorted(node.since / SECOND for node in self.machines.paid() if node.since > 0)

    def returned(self) -> list[float]:
        """Return when nodes were given back, once the cluster had begun."""
        return [node.until / SECOND for node in self.machines.returned if node.until]

    def ready(self) -> int:
        return self.shared.ready_count()

    def node_with(self, pods: int, kind: str = "c7g.xlarge", capacity: str = "on_demand") -> Node:
        """Add a node that is there, with pods that are ready on it, to a cluster that has not begun."""
        new: list[Pod] = [self.deployment.new_pod() for _ in range(pods)]
        self.deployment.wanted += pods
        node = self.machines._new_node(NewNode(kind, "on_demand", ()))
        node.kind, node.capacity = kind, capacity
        for pod in new:
            self.machines._bind(pod, node)
        self.machines._warm(node)
        for pod in new:
            self.machines.kubelet.warm(pod, pods)
        return node
