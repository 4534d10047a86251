"""What adds nodes for pods without room: Karpenter, or cluster-autoscaler, which takes nodes away, too."""

from collections.abc import Callable
from functools import partial

from models.kubernetes.disruption import Consolidation
from models.kubernetes.karpenter import schedule, without
from models.kubernetes.machines import Machines
from models.kubernetes.state import Node, Pod, Process, Shared
from models.vocabulary.units import ns

TRIGGER_S = 10
"""How often a pod that waits, or a node that leaves, asks for a batch (kubernetes-sigs/karpenter,
provisioning/controller.go)."""
UNNEEDED_SHARE = 0.5
UNNEEDED_S = 600
"""A node with less requested for so long is removed by cluster-autoscaler, and none so soon after one was added
(--scale-down-utilization-threshold, --scale-down-unneeded-time, --scale-down-delay-after-add)."""
MOST_EMPTY = 10
MOST_DRAINED = 1
"""Empty nodes that cluster-autoscaler removes at once, and others (--max-scale-down-parallelism,
--max-drain-parallelism)."""


class Karpenter:
    """Launches the cheapest nodes for a batch of pods, and consolidates."""

    def __init__(self, shared: Shared, machines: Machines) -> None:
        self.shared, self.env, self.machines, self.settings = shared, shared.env, machines, shared.scaling.nodes
        self.watched: set[tuple[str, int]] = set()
        self.triggered: set[tuple[str, int]] = set()
        self.batching = False
        self.grew = self.env.event()
        self.consolidation = Consolidation(shared, machines)

    def pods_wait(self) -> None:
        """Let every pod that waits, and every node that leaves, trigger a batch, now and again while that is so."""
        for pod in self.shared.pending():
            self._watch(("pod", pod.number), partial(self._waits, pod))
        for node in self.shared.nodes.values():
            if node.leaving:
                self._watch(("node", node.number), partial(self._leaves, node))

    def _waits(self, pod: Pod) -> bool:
        return pod.node is None and not pod.ending

    def _leaves(self, node: Node) -> bool:
        return node.leaving and node.number in self.shared.nodes

    def _watch(self, who: tuple[str, int], still: Callable[[], bool]) -> None:
        if who not in self.watched:
            self.watched.add(who)
            self._trigger(who)
            self.env.process(self._again(who, still))

    def _again(self, who: tuple[str, int], still: Callable[[], bool]) -> Process:
        yield self.env.timeout(ns(TRIGGER_S))
        while still():
            self._trigger(who)
            yield self.env.timeout(ns(TRIGGER_S))
        self.watched.discard(who)

    def _trigger(self, who: tuple[str, int]) -> None:
        """Open a batch, or let the one that is open wait for more, if it has not heard of this one."""
        if who in self.triggered:
            return
        self.triggered.add(who)
        if self.batching:
            grew, self.grew = self.grew, self.env.event()
            grew.succeed()
        else:
            self.batching = True
            self.env.process(self._batch())

    def _batch(self) -> Process:
        """Wait until nothing has triggered for a while, not too long in all, and launch what pods still need."""
        closes = self.shared.now + ns(self.settings.batch_max_s)
        while True:
            idle = min(ns(self.settings.batch_idle_s), closes - self.shared.now)
            grew = self.grew
            yield grew | self.env.timeout(idle)
            if not grew.triggered or self.shared.now >= closes:
                break
        self.batching = False
        self.triggered.clear()
        nodes = self.shared.states(self.machines.coming_and_staying())
        found = schedule(self.machines.homeless(), nodes, self.machines.market)
        counted_on = [self.shared.nodes[number] for _, number in found.placed]
        for node in [*counted_on, *(self.machines.launch(new) for new in found.launch)]:
            node.nominated_until = self.shared.now + ns(max(10, 2 * self.settings.batch_max_s))


def cropped(empty: int, others: int, empty_leaving: int, others_leaving: int, most_others: int) -> tuple[int, int]:
    """Return how many empty nodes and others cluster-autoscaler removes now, empty ones first (budgets.go).

    *most_others* is how many others may leave at once; all together it is MOST_EMPTY.
    """
    room = max(0, MOST_EMPTY - empty_leaving - others_leaving)
    removed = min(empty, room)
    return removed, max(0, min(others, room - removed, most_others - others_leaving))


class ClusterAutoscaler:
    """Adds nodes of one type when a scan finds pods without room, and removes those that are used little for long."""

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
        """Remove nodes whose pods fit elsewhere and that have been used little for long: empty ones, and one other."""
        staying = [node for node in self.machines.coming_and_staying() if node.ready]
        little = {node.number for node in staying if self.machines.used_share(node) < UNNEEDED_SHARE}
        self.unneeded_since = {number: self.unneeded_since.get(number, self.shared.now) for number in sorted(little)}
        since = self.shared.now - ns(UNNEEDED_S)
        if self.added_at > since:
            return
        unneeded = [node for node in staying if self.unneeded_since.get(node.number, since + 1) <= since]
        empty, used = ([node for node in unneeded if bool(node.pods) == full] for full in (False, True))
        leaving = [bool(node.pods) for node in self.shared.nodes.values() if node.draining]
        counts = cropped(len(empty), len(used), leaving.count(False), leaving.count(True), MOST_DRAINED)
        going = empty[: counts[0]]
        if counts[1]:
            going += self._one_to_drain(used, [node for node in staying if node not in going])
        for node in going:
            self.env.process(self.machines.drain(node))

    def _one_to_drain(self, used: list[Node], staying: list[Node]) -> list[Node]:
        """Return the first node, fewest pods first, whose pods fit onto the others; none: []."""
        states = self.shared.states(staying)
        for node in sorted(used, key=lambda node: (len(node.pods), node.number)):
            found = without([node.number], states, self.machines.market)
            if found is not None and found.replacement is None:
                return [node]
        return []
