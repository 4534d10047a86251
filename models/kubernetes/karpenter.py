"""Karpenter's decisions as pure functions: which nodes a batch of pods needs, and which nodes are no longer needed.

It follows kubernetes-sigs/karpenter (scheduling/scheduler.go, disruption/): pods are taken largest first and put onto
what runs, then onto what has been asked for in this batch, and only then onto a node of its own kind. A node asked for
is not of one type but of all types that hold its pods, so it grows while any does; the cheapest of them is launched.
Removing nodes is a simulation of what happens to the pods of *all* that go, so none counts on the room of another.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.catalogues.ec2_capacity import Capacity, Demand, fits, price_usd
from models.catalogues.ec2_nodes import Ec2Node

MOST_TOGETHER = 100
"""Nodes that are tried together at most (multinodeconsolidation.go)."""


@dataclass(frozen=True, slots=True)
class PodRequest:
    """A pod by number, with what it requests."""

    pod: int
    demand: Demand


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node that runs or is coming: its instance type, how it is bought, and the pods on it (daemons apart).

    `ending` are pods that still take room on it and will go by themselves.
    """

    node: int
    kind: str
    capacity: Capacity
    pods: tuple[PodRequest, ...] = ()
    ending: tuple[PodRequest, ...] = ()
    coming: bool = False


@dataclass(frozen=True, slots=True)
class Market:
    """What nodes can be made of: instance types by name, what the daemons of every node request, how it is bought."""

    types: Mapping[str, Ec2Node]
    daemons: Demand
    capacity: Capacity = "on_demand"


@dataclass(frozen=True, slots=True)
class NewNode:
    """A node to launch, with the pods it is for."""

    kind: str
    capacity: Capacity
    pods: tuple[PodRequest, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where pods go: (pod, node) onto nodes there are, nodes to launch, and pods that fit no instance type."""

    placed: tuple[tuple[int, int], ...]
    launch: tuple[NewNode, ...]
    impossible: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Disruption:
    """Nodes to remove together, and what to launch first to take their pods, if they fit nowhere else."""

    nodes: tuple[int, ...]
    replacement: NewNode | None
    reason: Literal["empty", "underutilised"]

    @property
    def node(self) -> int:
        """Return the first of the nodes."""
        return self.nodes[0]


def demand_of(pods: Sequence[PodRequest], daemons: Demand) -> Demand:
    """Return what pods and daemons request together."""
    return sum((request.demand for request in pods), daemons)


def cheapest(market: Market, demand: Demand) -> str | None:
    """Return the cheapest instance type that has room for this much, the first by name of several; None: none has."""
    fitting = [name for name, kind in market.types.items() if fits(kind, demand)]
    return min(fitting, key=lambda name: (price_usd(market.types[name], market.capacity), name), default=None)


def schedule(pods: Sequence[PodRequest], nodes: Sequence[NodeState], market: Market) -> Schedule:
    """Place a batch of pods, first-fit decreasing.

    A pod goes to the first node by number that has room, of those that run before those that come; else to the new node
    with the fewest pods that some type can still hold with it; else to another new one.
    """
    order = [node.node for node in sorted(nodes, key=lambda node: (node.coming, node.node))]
    open_nodes = {node.node: demand_of((*node.pods, *node.ending), market.daemons) for node in nodes}
    kinds = {node.node: market.types[node.kind] for node in nodes}
    placed: list[tuple[int, int]] = []
    fresh: list[list[PodRequest]] = []
    impossible: list[int] = []
    for request in sorted(pods, key=lambda r: (-r.demand.milli, -r.demand.mib, r.pod)):
        at = next((n for n in order if fits(kinds[n], open_nodes[n] + request.demand)), None)
        if at is not None:
            open_nodes[at] += request.demand
            placed.append((request.pod, at))
        elif not _joins(request, fresh, market):
            if cheapest(market, market.daemons + request.demand) is None:
                impossible.append(request.pod)
            else:
                fresh.append([request])
    return Schedule(tuple(placed), tuple(_launched(group, market) for group in fresh), tuple(impossible))


def _joins(request: PodRequest, fresh: list[list[PodRequest]], market: Market) -> bool:
    """Add a pod to a node of this batch, if one can be had with it."""
    for group in sorted(fresh, key=len):
        if cheapest(market, demand_of([*group, request], market.daemons)) is not None:
            group.append(request)
            return True
    return False


def _launched(group: Sequence[PodRequest], market: Market) -> NewNode:
    kind = cheapest(market, demand_of(group, market.daemons))
    if kind is None:
        raise ValueError("a group of pods is only opened, and only grows, where some instance type holds it")
    return NewNode(kind, market.capacity, tuple(group))


def allowed_disruptions(nodes: int, disrupted: int, budget_percent: int, budget_nodes: int | None = None) -> int:
    """Return how many more nodes may be disrupted: a share of all, rounded up, or fewer, less those that are.

    *nodes* have come up; *disrupted* of them leave or are not ready, whatever for (BuildDisruptionBudgetMapping).
    """
    share = math.ceil(nodes * budget_percent / 100)
    return max(0, (share if budget_nodes is None else min(share, budget_nodes)) - disrupted)


def consolidation(
    nodes: Sequence[NodeState],
    candidates: Sequence[int],
    market: Market,
    only_empty: bool = False,
    room: int = 1,
    waiting: Sequence[PodRequest] = (),
) -> Disruption | None:
    """Return what Karpenter would do first, or None: remove empty nodes, several that are hardly used, or one.

    *room* is how many may go at once; *waiting* are pods that need room besides, of nodes that leave, say.
    """
    found = empty(nodes, candidates, room)
    if found is None and not only_empty:
        found = several(nodes, candidates, market, room, waiting) or single(nodes, candidates, market, room, waiting)
    return found


def empty(nodes: Sequence[NodeState], candidates: Sequence[int], room: int) -> Disruption | None:
    """Return the empty nodes of the *candidates*, as many as may go."""
    found = [node.node for node in nodes if node.node in set(candidates) and not node.pods][:room]
    return Disruption(tuple(found), None, "empty") if found else None


def several(
    nodes: Sequence[NodeState], candidates: Sequence[int], market: Market, room: int, waiting: Sequence[PodRequest] = ()
) -> Disruption | None:
    """Return the most nodes, least used first, that can go together (at least two), by bisection as Karpenter does.

    One node that comes for them must be cheaper than those of its own type among them: else one of these could stay.
    """
    ordered = [node.node for node in _by_pods(nodes, candidates)][: min(room, MOST_TOGETHER)]
    best, low, high = None, 2, len(ordered)
    while low <= high:
        middle = (low + high) // 2
        found = without(ordered[:middle], nodes, market, waiting)
        if found is not None and _sensible(found, nodes, market):
            best, low = found, middle + 1
        else:
            high = middle - 1
    return best


def single(
    nodes: Sequence[NodeState], candidates: Sequence[int], market: Market, room: int, waiting: Sequence[PodRequest] = ()
) -> Disruption | None:
    """Return the first node, least used first, that can go."""
    if room < 1:
        return None
    tried = (without([node.node], nodes, market, waiting) for node in _by_pods(nodes, candidates))
    return next((found for found in tried if found is not None), None)


def without(
    gone: Sequence[int], nodes: Sequence[NodeState], market: Market, waiting: Sequence[PodRequest] = ()
) -> Disruption | None:
    """Return the removal of nodes together, if their pods fit onto the others, or those and one cheaper node.

    Spot nodes are never replaced by another (Karpenter's default), and none goes whose pods would have to wait for a
    node that is still coming (SimulateScheduling).
    """
    going = [node for node in nodes if node.node in set(gone)]
    pods = [pod for node in going for pod in node.pods]
    found = schedule([*waiting, *pods], [node for node in nodes if node.node not in set(gone)], market)
    moved, coming = {pod.pod for pod in pods}, {node.node for node in nodes if node.coming}
    waits = any(pod in moved and at in coming for pod, at in found.placed)
    if waits or len(found.launch) > 1 or set(found.impossible) & moved:
        return None
    if not found.launch:
        return Disruption(tuple(gone), None, "underutilised")
    new = found.launch[0]
    price = sum(price_usd(market.types[node.kind], node.capacity) for node in going)
    spot_only = all(node.capacity == "spot" for node in going)
    if spot_only or price_usd(market.types[new.kind], new.capacity) >= price:
        return None
    return Disruption(tuple(gone), new, "underutilised")


def _by_pods(nodes: Sequence[NodeState], candidates: Sequence[int]) -> list[NodeState]:
    mine = [node for node in nodes if node.node in set(candidates)]
    return sorted(mine, key=lambda node: (len(node.pods), node.node))


def _sensible(found: Disruption, nodes: Sequence[NodeState], market: Market) -> bool:
    """Tell whether a replacement is not just one of the nodes that go (filterOutSameInstanceType)."""
    new = found.replacement
    if new is None:
        return True
    same = [node for node in nodes if node.node in found.nodes and node.kind == new.kind]
    return all(
        price_usd(market.types[new.kind], new.capacity) < price_usd(market.types[node.kind], node.capacity)
        for node in same
    )
