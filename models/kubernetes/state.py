"""What all parts of the cluster share: pods and nodes, and the settings in the units of the engine."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from models.catalogues.ec2_capacity import Capacity
from models.kubernetes.hpa import Sample
from models.kubernetes.karpenter import NodeState, PodRequest
from models.plan.plan import Plan
from models.scenario.autoscaling import Autoscaling
from models.scenario.packing import pod_request

Process = Generator[simpy.Event, Any, None]


@dataclass(eq=False)
class Pod:
    """A pod. `process` is its number in the data plane while its container runs, `life` counts its containers.

    The kubelet took it at `accepted_at` and started its container at `started_at`; `phase` is the share of their
    periods by which its probes tick later. `read_at` and `read_cpu_ns` are the last reading of its meters, at first the
    container's start; `cpu` (millicores) and `memory` (KiB) are what metrics-server tells.
    """

    number: int
    revision: int
    node: "Node | None" = None
    accepted_at: int = 0
    started_at: int = 0
    phase: float = 0.0
    process: int | None = None
    life: int = 0
    ready: bool = False
    ready_changed_at: int = 0
    ending: bool = False
    gone: bool = False
    restarts: int = 0
    crashes: int = 0
    read_at: int = 0
    read_cpu_ns: int = 0
    resident_kib: int = 0
    cpu: Sample | None = None
    memory: Sample | None = None


@dataclass(eq=False)
class Node:
    """A machine. It takes pods once it is `ready` and until it is `leaving`; `pulled` fires when it has the image.

    From when it is `draining` its pods are evicted. Pods that have no room yet count on it if it is nominated.
    A spare one is `held` by placeholders of low priority, which the first pod that comes drives out.
    """

    number: int
    kind: str
    capacity: Capacity
    pulled: simpy.Event
    bought_at: int
    ready: bool = False
    leaving: bool = False
    draining: bool = False
    held: bool = False
    nominated_until: int = 0
    changed_at: int = 0
    pulling: bool = False
    pods: list[Pod] = field(default_factory=list)


class Shared:
    """The pods that are not gone and the nodes that are paid for, by number, of one run."""

    def __init__(self, env: simpy.Environment, plan: Plan, scaling: Autoscaling) -> None:
        gateway = plan.scenario.gateway
        self.env, self.plan, self.scaling, self.gateway = env, plan, scaling, gateway
        self.pods: dict[int, Pod] = {}
        self.nodes: dict[int, Node] = {}
        self.request = pod_request(plan.scenario)

    @property
    def now(self) -> int:
        """Return the time, ns."""
        return int(self.env.now)

    def alive(self) -> list[Pod]:
        """Return the pods that are not on their way out."""
        return [pod for pod in self.pods.values() if not pod.ending]

    def pending(self) -> list[Pod]:
        """Return the pods that no node has been found for."""
        return [pod for pod in self.alive() if pod.node is None]

    def ready_count(self) -> int:
        """Return how many pods are ready and stay."""
        return sum(pod.ready for pod in self.alive())

    def request_of(self, pod: Pod) -> PodRequest:
        """Return what a pod requests."""
        return PodRequest(pod.number, self.request)

    def states(self, nodes: list[Node]) -> list[NodeState]:
        """Return nodes as the scheduling functions see them."""
        return [self._state(node) for node in nodes]

    def _state(self, node: Node) -> NodeState:
        staying, ending = (tuple(self.request_of(p) for p in node.pods if p.ending == end) for end in (False, True))
        return NodeState(node.number, node.kind, node.capacity, staying, ending, coming=not node.ready)
