"""What adds nodes for pods without room, and takes nodes away that are not needed: Karpenter, or cluster-autoscaler."""

from models.cluster.machines import Machines
from models.cluster.state import Node, Process, Shared
from models.karpenter import NewNode, allowed_disruptions, consolidation, schedule
from models.units import SECOND, ns

DISRUPTION_POLL_S = 10
"""How often Karpenter looks for nodes to remove (kubernetes-sigs/karpenter, disruption/controller.go)."""
UNNEEDED_SHARE = 0.5
UNNEEDED_S = 600
"""A node with less requested for so long is removed by cluster-autoscaler, and none so soon after one was added
(--scale-down-utilization-threshold, --scale-down-unneeded-time, --scale-down-delay-after-add)."""


class Karpenter:
    """Launches the cheapest nodes for a batch of pods, and consolidates."""

    def __init__(self, shared: Shared, machines: Machines) -> None:
        self.shared, self.env, self.machines, self.settings = shared, shared.env, machines, shared.scaling.nodes
        self.known: set[int] = set()
        self.batching = False
        self.grew = self.env.event()
        self.disrupted: set[int] = set()
        if self.settings.consolidation != "never":
            self.env.process(self._consolidate())

    def pods_wait(self) -> None:
        """Open a batch, or let the one that is open wait for more, if there are pods it has not seen."""
        waiting = {pod.number for pod in self.shared.pending()}
        if waiting <= self.known:
            return
        self.known |= waiting
        if self.batching:
            grew, self.grew = self.grew, self.env.event()
            grew.succeed()
        else:
            self.batching = True
            self.env.process(self._batch())

    def _batch(self) -> Process:
        """Wait until no pod has come for a while, not too long in all, and launch what the pods still need."""
        closes = self.shared.now + ns(self.settings.batch_max_s)
        while True:
            idle = min(ns(self.settings.batch_idle_s), closes - self.shared.now)
            grew = self.grew
            yield grew | self.env.timeout(idle)
            if not grew.triggered or self.shared.now >= closes:
                break
        self.batching = False
        waiting = [self.shared.request_of(pod) for pod in self.shared.pending()]
        nodes = self.shared.states(self.machines.coming_and_staying())
        for new in schedule(waiting, nodes, self.machines.market).launch:
            self.machines.launch(new)

    def _consolidate(self) -> Process:
        """Remove one node after the other that is not needed, as far as the budget allows."""
        while True:
            yield self.env.timeout(ns(DISRUPTION_POLL_S))
            nodes = self.shared.nodes
            self.disrupted &= set(nodes)
            room = allowed_disruptions(len(nodes), len(self.disrupted), self.settings.budget_percent)
            while room > 0 and not self.shared.pending() and self._remove_one():
                room -= 1

    def _remove_one(self) -> bool:
        staying = [node for node in self.machines.coming_and_staying() if node.ready]
        quiet = self.shared.now - ns(self.settings.consolidate_after_s)
        candidates = [node.number for node in staying if node.changed_at <= quiet and node.number not in self.disrupted]
        only_empty = self.settings.consolidation == "when_empty"
        found = consolidation(self.shared.states(staying), candidates, self.machines.market, only_empty)
        if found is None:
            return False
        self.disrupted.add(found.node)
        self.env.process(self._remove(self.shared.nodes[found.node], found.replacement))
        return True

    def _remove(self, node: Node, replacement: NewNode | None) -> Process:
        """Launch what takes the pods, wait for it, and drain the node."""
        if replacement is not None:
            coming = self.machines.launch(replacement)
            while not coming.ready and coming.number in self.shared.nodes:
                yield self.env.timeout(SECOND)
        if node.number in self.shared.nodes and not node.leaving:
            yield from self.machines.drain(node)


class ClusterAutoscaler:
    """Adds nodes of one type when a scan finds pods without room, and removes one that is used little for long."""

    def __init__(self, shared: Shared, machines: Machines) -> None:
        self.shared, self.env, self.machines, self.settings = shared, shared.env, machines, shared.scaling.nodes
        self.unneeded_since: dict[int, int] = {}
        self.added_at = -ns(UNNEEDED_S)
        self.env.process(self._scan())

    def pods_wait(self) -> None:
        """Leave it to the next scan."""

    def _scan(self) -> Process:
        while True:
            yield self.env.timeout(ns(self.settings.scan_s))
            waiting = [self.shared.request_of(pod) for pod in self.shared.pending()]
            nodes = self.shared.states(self.machines.coming_and_staying())
            for new in schedule(waiting, nodes, self.machines.market).launch:
                self.machines.launch(new)
                self.added_at = self.shared.now
            if not waiting and self.settings.consolidation != "never":
                self._scale_down()

    def _scale_down(self) -> None:
        """Drain one node whose pods fit elsewhere and that has been used little for long."""
        staying = [node for node in self.machines.coming_and_staying() if node.ready]
        little = {node.number for node in staying if self.machines.used_share(node) < UNNEEDED_SHARE}
        self.unneeded_since = {number: self.unneeded_since.get(number, self.shared.now) for number in sorted(little)}
        since = self.shared.now - ns(UNNEEDED_S)
        if self.added_at > since:
            return
        candidates = [number for number, began in self.unneeded_since.items() if began <= since]
        found = consolidation(self.shared.states(staying), candidates, self.machines.market)
        if found is not None and found.replacement is None:
            self.env.process(self.machines.drain(self.shared.nodes[found.node]))
