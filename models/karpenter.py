"""Karpenter's decisions as pure functions: which nodes a batch of pods needs, and which nodes are no longer needed.

It follows kubernetes-sigs/karpenter (scheduling/scheduler.go, disruption/): pods are taken largest first and put onto
what runs, then onto what has been asked for in this batch, and only then onto a node of its own kind. A node asked for
is not of one type but of all types that hold its pods, so it grows while any does; the cheapest of them is launched.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.ec2_nodes import Ec2Node

SPOT_PRICE_SHARE = 0.58
"""Spot price over on-demand price of a type whose spot price is not known: as for m7g.large and m7g.xlarge."""

Capacity = Literal["on_demand", "spot"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What pods request: millicores, MiB, and places."""

    milli: int = 0
    mib: int = 0
    pods: int = 0

    def __add__(self, other: "Demand") -> "Demand":
        return Demand(self.milli + other.milli, self.mib + other.mib, self.pods + other.pods)


@dataclass(frozen=True, slots=True)
class PodRequest:
    """A pod by number, with what it requests."""

    pod: int
    demand: Demand


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node that runs or is coming: its instance type, how it is bought, and the pods on it (daemons apart)."""

    node: int
    kind: str
    capacity: Capacity
    pods: tuple[PodRequest, ...] = ()


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
    """A node to remove, and what to launch first to take its pods, if they fit nowhere else."""

    node: int
    replacement: NewNode | None
    reason: Literal["empty", "underutilised"]


def price_usd(kind: Ec2Node, capacity: Capacity) -> float:
    """Return what an instance type costs per hour."""
    if capacity == "on_demand":
        return kind.on_demand_usd
    return kind.spot_usd if kind.spot_usd is not None else kind.on_demand_usd * SPOT_PRICE_SHARE


def fits(kind: Ec2Node, demand: Demand) -> bool:
    """Tell whether an instance type has room for this much, daemons included."""
    return (
        demand.milli <= kind.allocatable_milli and demand.mib <= kind.allocatable_mib and demand.pods <= kind.max_pods
    )


def demand_of(pods: Sequence[PodRequest], daemons: Demand) -> Demand:
    """Return what pods and daemons request together."""
    return sum((request.demand for request in pods), daemons)


def cheapest(market: Market, demand: Demand) -> str | None:
    """Return the cheapest instance type that has room for this much, the first by name of several; None: none has."""
    fitting = [name for name, kind in market.types.items() if fits(kind, demand)]
    return min(fitting, key=lambda name: (price_usd(market.types[name], market.capacity), name), default=None)


def schedule(pods: Sequence[PodRequest], nodes: Sequence[NodeState], market: Market) -> Schedule:
    """Place a batch of pods, first-fit decreasing.

    A pod goes to the first node by number that has room; else to the new node with the fewest pods that some type can
    still hold with it; else to another new one.
    """
    open_nodes = {node.node: demand_of(node.pods, market.daemons) for node in nodes}
    kinds = {node.node: market.types[node.kind] for node in nodes}
    placed: list[tuple[int, int]] = []
    fresh: list[list[PodRequest]] = []
    impossible: list[int] = []
    for request in sorted(pods, key=lambda r: (-r.demand.milli, -r.demand.mib, r.pod)):
        at = next((n for n in sorted(open_nodes) if fits(kinds[n], open_nodes[n] + request.demand)), None)
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


def allowed_disruptions(nodes: int, disrupted: int, budget_percent: int) -> int:
    """Return how many more nodes may be disrupted: a share of all, rounded up, less those that are."""
    return max(0, math.ceil(nodes * budget_percent / 100) - disrupted)


def consolidation(
    nodes: Sequence[NodeState], candidates: Sequence[int], market: Market, only_empty: bool = False
) -> Disruption | None:
    """Return the first node that is not needed, or None.

    An empty node goes first. Then those with the fewest pods: a node goes if its pods fit onto the others, or onto
    them and one cheaper node; a spot node is never replaced by another (Karpenter's default).
    """
    mine = [node for node in nodes if node.node in set(candidates)]
    empty = next((node for node in mine if not node.pods), None)
    if empty is not None:
        return Disruption(empty.node, None, "empty")
    if only_empty:
        return None
    for node in sorted(mine, key=lambda n: (len(n.pods), n.node)):
        others = [other for other in nodes if other.node != node.node]
        found = schedule(node.pods, others, market)
        if found.impossible or len(found.launch) > 1:
            continue
        if not found.launch:
            return Disruption(node.node, None, "underutilised")
        price = price_usd(market.types[node.kind], node.capacity)
        new = found.launch[0]
        if node.capacity == "on_demand" and price_usd(market.types[new.kind], new.capacity) < price:
            return Disruption(node.node, new, "underutilised")
    return None
