"""Karpenter's consolidation: it looks for nodes that are not needed, waits, looks again, and only then removes them."""

from models.kubernetes.karpenter import Disruption, NodeState, allowed_disruptions, empty, several, single, without
from models.kubernetes.machines import Machines
from models.kubernetes.state import Node, Process, Shared
from models.vocabulary.units import SECOND, ns

POLL_S = 10
"""How often Karpenter looks where it has found nothing (kubernetes-sigs/karpenter, disruption/controller.go)."""
VALIDATION_S = 15
"""How long it waits before it looks at a decision again (disruption/consolidation.go, commandValidationDelay)."""
COMING_S = 600
"""How long it waits for a replacement before it lets the nodes stay (disruption/queue.go, minRetryDuration)."""


class Consolidation:
    """The disruption controller of one cluster: one decision at a time, within the budget."""

    def __init__(self, shared: Shared, machines: Machines) -> None:
        self.shared, self.env, self.machines, self.settings = shared, shared.env, machines, shared.scaling.nodes
        if self.settings.consolidation != "never":
            self.env.process(self._look())

    def _look(self) -> Process:
        """Try one method after the other; what is found is removed, if it still holds a while later."""
        methods = (
            (self._empty,)
            if self.settings.consolidation == "when_empty"
            else (self._empty, self._several, self._single)
        )
        while True:
            acted = False
            for method in methods:
                found, seen_at = method(), self.shared.now
                if found is None:
                    continue
                yield self.env.timeout(ns(VALIDATION_S))
                confirmed = self._confirmed(found, seen_at)
                if confirmed is not None:
                    self._remove(confirmed)
                    acted = True
                    break
            if not acted:
                yield self.env.timeout(ns(POLL_S))

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        """Return how many nodes may be disrupted now. Those that are coming count for nothing."""
        up = [node for node in self.shared.nodes.values() if node.ready]
        leaving = sum(node.leaving for node in up)
        return allowed_disruptions(len(up), leaving, self.settings.budget_percent, self.settings.budget_nodes)

    def _staying(self) -> list[Node]:
        return [node for node in self.machines.coming_and_staying() if node.ready]

    def _states(self) -> list[NodeState]:
        return self.shared.states(self.machines.coming_and_staying())

    def _candidates(self) -> list[int]:
        """Return nodes whose pods have not changed for a while, are not waited for and are held back by no budget."""
        quiet = self.shared.now - ns(self.settings.consolidate_after_s)
        blocked = self.machines.evictions.allowed(self.machines.deployment.wanted) == 0
        staying = [
            node for node in self._staying() if node.changed_at <= quiet and node.nominated_until <= self.shared.now
        ]
        return [node.number for node in staying if not (blocked and node.pods)]

    def _empty(self) -> Disruption | None:
        return empty(self._states(), self._candidates(), self._room())

    def _several(self) -> Disruption | None:
        states, waiting = self._states(), self.machines.homeless()
        return several(states, self._candidates(), self.machines.market, self._room(), waiting)

    def _single(self) -> Disruption | None:
        states, waiting = self._states(), self.machines.homeless()
        return single(states, self._candidates(), self.machines.market, self._room(), waiting)

    def _confirmed(self, found: Disruption, seen_at: int) -> Disruption | None:
        """Return what is left of a decision, or None: all of it must hold, but of empty nodes those that still are go.

        A node to or from which pods have come or gone since is no candidate any more.
        """
        quiet = {node.number for node in self._staying() if node.changed_at <= seen_at}
        still = [number for number in found.nodes if number in quiet and number in self._candidates()]
        room = self._room()
        if found.reason == "empty":
            return empty(self._states(), still, room)
        if len(still) < len(found.nodes) or len(still) > room:
            return None
        again = without(found.nodes, self._states(), self.machines.market, self.machines.homeless())
        new, old = (
            None if each is None or each.replacement is None else each.replacement.kind for each in (again, found)
        )
        return again if new == old else None

    # -- execution ----------------------------------------------------------------------------------------------------

    def _remove(self, found: Disruption) -> None:
        """Bind no more pods to nodes that are to go, launch what takes theirs, and drain them once it is there."""
        going = [self.shared.nodes[number] for number in found.nodes]
        for node in going:
            self.machines.leave(node)
        coming = None if found.replacement is None else self.machines.launch(found.replacement)
        self.env.process(self._drain(going, coming))

    def _drain(self, going: list[Node], coming: Node | None) -> Process:
        """Drain nodes when their replacement has come; they stay if it does not."""
        until = self.shared.now + ns(COMING_S)
        while coming is not None and not coming.ready:
            if coming.number not in self.shared.nodes or self.shared.now >= until:
                self._let_stay(going)
                return
            yield self.env.timeout(SECOND)
        for node in going:
            if node.number in self.shared.nodes and not node.draining:
                self.env.process(self.machines.drain(node))

    def _let_stay(self, nodes: list[Node]) -> None:
        for node in nodes:
            if node.number in self.shared.nodes and not node.draining:
                self.machines.stay(node)
