"""The nodes: the scheduler that binds pods to them, their launch, their draining, and the interruption of spot ones."""

import math
from collections.abc import Callable
from dataclasses import replace

from scipy.special import ndtri

from models.catalogues.ec2_capacity import Capacity, Demand, fits
from models.catalogues.ec2_nodes import ec2_nodes
from models.engine.recording import PaidNode
from models.kubernetes.deployment import Deployment
from models.kubernetes.evictions import Evictions, blocks_always
from models.kubernetes.karpenter import Market, NewNode, PodRequest, cheapest, demand_of, schedule
from models.kubernetes.kubelet import Kubelet
from models.kubernetes.state import Node, Pod, Process, Shared
from models.scenario.packing import daemons
from models.vocabulary.streams import Stream
from models.vocabulary.units import SECOND, ns
from sim.draws import uniform

NOTICE_S = 120
"""Notice of a spot interruption (AWS EC2 user guide)."""
MONTH_S = 30 * 24 * 3600
P95 = 1.6448536269514722
"""The standard normal's 95th percentile."""


class Machines:
    """All nodes. `short` is called while pods wait that no node has room for, and when a node begins to leave."""

    def __init__(self, shared: Shared, kubelet: Kubelet, deployment: Deployment, short: Callable[[], None]) -> None:
        self.shared, self.env = shared, shared.env
        self.kubelet, self.deployment, self.short = kubelet, deployment, short
        self.settings = shared.scaling.nodes
        self.evictions = Evictions(shared)
        group = self.settings.instance_types[: None if self.settings.provisioner == "karpenter" else 1]
        types = {name: ec2_nodes()[name] for name in group}
        self.market = Market(types, daemons(shared.plan.scenario))
        self.launched = 0
        self.returned: list[PaidNode] = []

    # -- placing pods -------------------------------------------------------------------------------------------------

    def start_warm(self, pods: list[Pod]) -> None:
        """Put the pods of the start onto nodes that have been there before, packed as Karpenter packs a batch."""
        for new in schedule([self.shared.request_of(pod) for pod in pods], (), self.market).launch:
            node = self._new_node(new)
            for request in new.pods:
                self._bind(self.shared.pods[request.pod], node)
            self._warm(node)
        for _ in range(self.settings.spare_nodes):
            kind = cheapest(self.market, self.market.daemons + self.shared.request)
            if kind is not None:
                spare = self._new_node(NewNode(kind, "on_demand", ()))
                spare.held = True
                self._warm(spare)
        for pod in pods:
            self.kubelet.warm(pod, len(pods))

    def _warm(self, node: Node) -> None:
        node.ready = node.pulling = True
        node.pulled.succeed()

    def place(self) -> None:
        """Bind waiting pods to the nodes with most room, as the scheduler does; call for nodes if some have none."""
        for pod in self.shared.pending():
            node = self._roomiest()
            if node is not None:
                self._bind(pod, node)
                self.env.process(self.kubelet.run(pod))
        if self.shared.pending():
            self.short()

    def _roomiest(self) -> Node | None:
        """Return the ready node with most CPU not requested that has room (NodeResourcesFit, LeastAllocated)."""
        able = [node for node in self.shared.nodes.values() if node.ready and not node.leaving and self._has_room(node)]
        return max(able, key=lambda node: (self._free_milli(node), -node.number), default=None)

    def _requested(self, node: Node) -> Demand:
        return demand_of([self.shared.request_of(pod) for pod in node.pods], self.market.daemons)

    def _has_room(self, node: Node) -> bool:
        return fits(self.market.types[node.kind], self._requested(node) + self.shared.request)

    def _free_milli(self, node: Node) -> int:
        return self.market.types[node.kind].allocatable_milli - self._requested(node).milli

    def used_share(self, node: Node) -> float:
        """Return the larger share of CPU or memory that pods request."""
        kind, asked = self.market.types[node.kind], self._requested(node)
        return max(asked.milli / kind.allocatable_milli, asked.mib / kind.allocatable_mib)

    def _bind(self, pod: Pod, node: Node) -> None:
        pod.node = node
        node.held = False
        node.pods.append(pod)
        node.changed_at = self.shared.now

    # -- nodes --------------------------------------------------------------------------------------------------------

    def coming_and_staying(self) -> list[Node]:
        """Return the nodes that pods without room can count on; what is held by placeholders is not among them."""
        return [node for node in self.shared.nodes.values() if not node.leaving and not node.held]

    def homeless(self) -> list[PodRequest]:
        """Return the pods that need a place: those without a node, and those on nodes that leave.

        No place is made for what a disruption budget lets never go.
        """
        pods = self.shared.pending()
        if not blocks_always(self.evictions.budget):
            leaving = [node for node in self.shared.nodes.values() if node.leaving]
            pods += [pod for node in leaving for pod in node.pods if not pod.ending]
        return [self.shared.request_of(pod) for pod in pods]

    def launch(self, new: NewNode) -> Node:
        """Buy a node, spot or on demand by the share wanted; it is ready after a time drawn for it."""
        node = self._new_node(new)
        self.env.process(self._come(node))
        return node

    def _new_node(self, new: NewNode) -> Node:
        capacity = self._capacity()
        market = replace(self.market, capacity=capacity)
        kind = cheapest(market, demand_of(new.pods, market.daemons)) if new.pods else new.kind
        now = self.shared.now
        node = Node(self.launched, kind or new.kind, capacity, self.env.event(), bought_at=now, changed_at=now)
        self.launched += 1
        self.shared.nodes[node.number] = node
        if capacity == "spot":
            self.env.process(self._chance(node))
        return node

    def _capacity(self) -> Capacity:
        """Return how to buy the next node so that the share of spot nodes comes nearest to what is wanted."""
        spot = sum(node.capacity == "spot" for node in self.shared.nodes.values())
        wanted = self.settings.spot_percent / 100 * (len(self.shared.nodes) + 1)
        return "spot" if spot + 0.5 <= wanted else "on_demand"

    def _come(self, node: Node) -> Process:
        yield self.env.timeout(self._launch_ns(node.number))
        if not node.leaving:
            node.ready, node.changed_at = True, self.shared.now
            self.place()

    def _launch_ns(self, number: int) -> int:
        """Draw the time from launch to ready of a node: lognormal by its median and 95th percentile."""
        median, p95 = self.settings.launch_median_s, self.settings.launch_p95_s
        if median == 0:
            return 0
        u = uniform(self.shared.plan.params.run.starts[Stream.LAUNCH], number, 0)
        return ns(median * math.exp(math.log(p95 / median) / P95 * float(ndtri(max(u, 2.0**-53)))))

    def leave(self, node: Node) -> None:
        """Bind no more pods to a node: it is to go (its taint)."""
        node.leaving = True
        self.short()

    def stay(self, node: Node) -> None:
        """Take that back."""
        node.leaving = False
        self.place()

    def drain(self, node: Node) -> Process:
        """Evict the pods of a node, all at once but for a disruption budget, and give the node back."""
        node.draining = True
        self.leave(node)
        while node.pods:
            for pod in [pod for pod in node.pods if not pod.ending]:
                if self.evictions.may_go(pod, self.deployment.wanted):
                    self.kubelet.end(pod)
            yield self.env.timeout(SECOND)
        self.give_back(node)

    def give_back(self, node: Node) -> None:
        """End a node, with what is still on it."""
        if node.number in self.shared.nodes:
            node.ready, node.leaving = False, True
            del self.shared.nodes[node.number]
            self.returned.append(PaidNode(node.kind, node.capacity, node.bought_at, self.shared.now))
            for pod in list(node.pods):
                self.kubelet.remove(pod)

    def paid(self) -> tuple[PaidNode, ...]:
        """Return every node there has been, those that are still there last."""
        here = [PaidNode(node.kind, node.capacity, node.bought_at, None) for node in self.shared.nodes.values()]
        return (*self.returned, *here)

    # -- interruptions ------------------------------------------------------------------------------------------------

    def _chance(self, node: Node) -> Process:
        """Interrupt a spot node when its time has come, which is drawn for it at the rate of the settings."""
        rate = self.settings.interruptions_percent_per_month / 100 / MONTH_S
        u = uniform(self.shared.plan.params.run.starts[Stream.INTERRUPTION], node.number, 0)
        after_s = -math.log1p(-u) / rate if rate > 0 else math.inf
        if after_s < self.shared.plan.scenario.run.duration_s:
            yield self.env.timeout(ns(after_s))
            yield from self.interrupt(node)

    def interrupt(self, node: Node) -> Process:
        """Give two minutes' notice, in which Karpenter or a termination handler drains the node, and then end it."""
        if node.number not in self.shared.nodes:
            return
        handled = self.settings.provisioner == "karpenter" or self.settings.termination_handler
        if handled and not node.draining:
            self.env.process(self.drain(node))
        yield self.env.timeout(ns(NOTICE_S))
        self.give_back(node)

    def wave(self, share_percent: float) -> None:
        """Interrupt a share of the spot nodes at once, the oldest first."""
        spot = [node for node in self.shared.nodes.values() if node.capacity == "spot"]
        for node in spot[: math.ceil(len(spot) * share_percent / 100)]:
            self.env.process(self.interrupt(node))
