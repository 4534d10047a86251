"""Karpenter's decisions: packing by hand, and properties of any batch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogues.ec2_capacity import Demand, fits, price_usd
from models.catalogues.ec2_nodes import ec2_nodes
from models.kubernetes.karpenter import (
    Market,
    NodeState,
    PodRequest,
    allowed_disruptions,
    cheapest,
    consolidation,
    demand_of,
    schedule,
)

ARM = {name: kind for name, kind in ec2_nodes().items() if kind.arch == "arm64"}
DAEMONS = Demand(150, 200, 3)
MARKET = Market(ARM, DAEMONS)
SPOT = Market(ARM, DAEMONS, "spot")


def pods(count: int, milli: int = 700, mib: int = 512, first: int = 0) -> tuple[PodRequest, ...]:
    return tuple(PodRequest(first + k, Demand(milli, mib, 1)) for k in range(count))


def test_a_large_instance_has_room_for_two_pods_as_deployed():
    """2 vCPU, of which EKS keeps 70 millicores and the daemons 150: 1780 for pods of 700."""
    kind = ARM["m7g.large"]
    assert kind.allocatable_milli == 1930
    assert kind.allocatable_mib == int(8192 * 0.925) - 255 - 11 * 29 - 100
    assert fits(kind, demand_of(pods(2), DAEMONS))
    assert not fits(kind, demand_of(pods(3), DAEMONS))
    assert ARM["m7g.4xlarge"].allocatable_milli == 16_000 - 110


def test_a_single_pod_gets_the_cheapest_type_that_holds_it():
    found = schedule(pods(1), (), MARKET)
    assert [(new.kind, len(new.pods)) for new in found.launch] == [("c7g.large", 1)]
    assert schedule(pods(1), (), SPOT).launch[0].kind == "c7g.large"
    assert cheapest(MARKET, Demand(700, 6000, 1)) == "m6g.large"  # too much memory for a c7g.large


def test_a_batch_goes_onto_as_few_nodes_as_some_type_can_hold():
    """21 pods of 700 millicores fit onto 16 vCPU (15.89 less 0.15 for daemons); 30 need a second node."""
    found = schedule(pods(30), (), MARKET)
    assert [len(new.pods) for new in found.launch] == [22, 8]
    assert [new.kind for new in found.launch] == ["c7g.4xlarge", "c7g.2xlarge"]


def test_pods_go_onto_running_nodes_first():
    node = NodeState(7, "m7g.large", "on_demand", pods(1))
    found = schedule(pods(2, first=10), [node], MARKET)
    assert found.placed == ((10, 7),)
    assert [pod.pod for new in found.launch for pod in new.pods] == [11]


def test_the_largest_pods_come_first():
    mixed = (*pods(2, 300), *pods(1, 1500, first=5))
    found = schedule(mixed, [NodeState(0, "m7g.large", "on_demand")], MARKET)
    assert found.placed == ((5, 0),)


def test_a_pod_larger_than_every_type_is_impossible():
    found = schedule(pods(1, 64_000), (), MARKET)
    assert (found.placed, found.launch, found.impossible) == ((), (), (0,))


@pytest.mark.parametrize(
    ("nodes", "disrupted", "percent", "more"),
    [(10, 0, 10, 1), (11, 0, 10, 2), (11, 1, 10, 1), (1, 0, 10, 1), (1, 1, 10, 0)],
)
def test_the_budget_is_rounded_up(nodes, disrupted, percent, more):
    assert allowed_disruptions(nodes, disrupted, percent) == more


def test_an_empty_node_goes_first():
    nodes = [NodeState(0, "m7g.large", "on_demand", pods(1)), NodeState(1, "m7g.large", "on_demand")]
    found = consolidation(nodes, [0, 1], MARKET)
    assert (found.node, found.replacement, found.reason) == (1, None, "empty")
    assert consolidation(nodes, [0], MARKET, only_empty=True) is None


def test_a_node_goes_whose_pods_fit_onto_the_others():
    nodes = [NodeState(0, "m7g.large", "on_demand", pods(1)), NodeState(1, "m7g.large", "on_demand", pods(1, first=1))]
    found = consolidation(nodes, [0, 1], MARKET)
    assert (found.node, found.replacement) == (0, None)


def test_an_on_demand_node_is_replaced_by_a_cheaper_one_and_a_spot_node_is_not():
    nodes = [NodeState(0, "m7g.4xlarge", "on_demand", pods(2))]
    found = consolidation(nodes, [0], MARKET)
    assert found.replacement.kind == "c7g.large"
    spot = [NodeState(0, "m7g.4xlarge", "spot", pods(2))]
    assert consolidation(spot, [0], SPOT) is None


def test_a_node_that_is_full_stays():
    assert consolidation([NodeState(0, "c7g.large", "on_demand", pods(2))], [0], MARKET) is None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(10, 20_000), st.integers(10, 60_000)), max_size=25),
    st.lists(st.sampled_from(sorted(ARM)), max_size=4),
)
def test_every_pod_is_somewhere_and_no_node_holds_more_than_it_can(sizes, kinds):
    batch = tuple(PodRequest(k, Demand(milli, mib, 1)) for k, (milli, mib) in enumerate(sizes))
    nodes = [NodeState(k, kind, "on_demand") for k, kind in enumerate(kinds)]
    found = schedule(batch, nodes, MARKET)
    seen = [pod for pod, _ in found.placed] + [r.pod for new in found.launch for r in new.pods] + list(found.impossible)
    assert sorted(seen) == list(range(len(batch)))
    for node in nodes:
        held = [batch[pod] for pod, at in found.placed if at == node.node]
        assert not held or fits(ARM[node.kind], demand_of(held, DAEMONS))
    for new in found.launch:
        demand = demand_of(new.pods, DAEMONS)
        cost = price_usd(ARM[new.kind], "on_demand")
        assert fits(ARM[new.kind], demand)
        assert all(price_usd(kind, "on_demand") >= cost for kind in ARM.values() if fits(kind, demand))
    for pod in found.impossible:
        assert cheapest(MARKET, DAEMONS + batch[pod].demand) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ARM)), st.integers(0, 6)), min_size=1, max_size=6), st.integers(1, 6))
def test_consolidation_never_leaves_a_pod_without_room_nor_costs_more(kinds, room):
    nodes = []
    for k, (kind, count) in enumerate(kinds):
        held = pods(count, first=10 * k)
        while not fits(ARM[kind], demand_of(held, DAEMONS)):
            held = held[:-1]
        nodes.append(NodeState(k, kind, "on_demand", held))
    found = consolidation(nodes, range(len(nodes)), MARKET, room=room)
    if found is None:
        return
    gone = [node for node in nodes if node.node in found.nodes]
    rest = [node for node in nodes if node.node not in found.nodes]
    assert len(gone) <= room
    moved = [pod for node in gone for pod in node.pods]
    again = schedule(moved, rest, MARKET)
    assert again.impossible == ()
    assert len(again.launch) == (0 if found.replacement is None else 1)
    if found.replacement is not None:
        before = sum(price_usd(ARM[node.kind], "on_demand") for node in gone)
        assert price_usd(ARM[found.replacement.kind], "on_demand") < before
