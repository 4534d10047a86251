"""Hops: how far things are from each other stands in one table, which both engines read for every step of the way."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import models
from models.engine.recording import Recording
from models.plan.network import HOP, NOWHERE, is_straight
from models.plan.plan import Plan
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.run import run_under
from models.vocabulary.operations import Op
from models.vocabulary.places import Place
from tests.models.recordings import planned
from tests.models.runs import assert_agreement

FEW = ("clients.count=60", "run.duration_s=12", "event.choose.median_s=1", "admission.rate_rps=20")
READS = ("waiting_room.replica_reads=true", "redis.replicas_per_shard=1", "redis.shards=2")
SCALED = (
    "autoscaling={min_pods: 2, max_pods: 3}",
    "gateway.pods=2",
    "gateway.redis_min_idle=2",
    "gateway.probes={readiness: {period_s: 2}, liveness: {period_s: 3}}",
)
READERS = {"models.engine.network", "models.engine.reference_run", "models.run.compiled"}
"""Who looks a hop up: `delay`, `Run.delay` and the like, and who knows the first arrivals beforehand."""


def with_network(plan: Plan, **fields: object) -> Plan:
    return replace(plan, params=plan.params._replace(network=plan.params.network._replace(**fields)))


def taken(plan: Plan) -> list[tuple[Place, Place]]:
    """The hops that lead somewhere."""
    kinds = plan.params.network.hop["kind"]
    return [(leaves, to) for leaves in Place for to in Place if kinds[leaves, to] != NOWHERE]


def run(plan: Plan) -> Recording:
    plane = KernelPlane(plan)
    run_under(Control, plan, plane)
    return plane.recording()


def length(plan: Plan, leaves: Place, to: Place, pod: int = 0, node: int = 0) -> int:
    """What a hop takes between such a pod and such a node, before anything is drawn, in ns."""
    row = plan.params.network.hop[leaves, to]
    return int(plan.params.network.delay[row["first"] + row["by_pod"] * pod + row["by_node"] * node])


def test_a_hop_is_as_long_as_the_zones_of_its_ends_say():
    """Pod i is in zone i mod 3, primary k in zone k mod 3, and its first replica in the next."""
    zones = "network={zones: 3, same_zone_one_way_us: 70, cross_zone_one_way_us: 450}"
    plan = planned(
        "redis.shards=2", "redis.replicas_per_shard=1", "waiting_room.replica_reads=true", "gateway.pods=5", zones
    )
    node_zone = [0, 1, 1, 2]
    for pod in range(5):
        for node, zone in enumerate(node_zone):
            there = 70_000 if zone == pod % 3 else 450_000
            assert length(plan, Place.GATEWAY, Place.REDIS, pod, node) == there
            assert length(plan, Place.REDIS, Place.GATEWAY, pod, node) == there
        assert length(plan, Place.GATEWAY, Place.RESERVATION, pod) == 70_000
        assert length(plan, Place.RESERVATION, Place.GATEWAY, pod) == 70_000
        assert length(plan, Place.CONTROL, Place.GATEWAY, pod) == 0
    for node in (2, 3):
        assert length(plan, Place.REDIS, Place.REDIS, 0, node) == 450_000
    for node in range(4):
        assert length(plan, Place.CONTROL, Place.REDIS, 0, node) == 70_000


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([READS, SCALED]))
def test_both_engines_read_every_delay_of_the_table(random, more):
    """Whatever delays stand in it, the same for no two hops: an engine that took one from elsewhere would part."""
    plan = planned(*FEW, *more)
    hop = plan.params.network.hop.copy()
    rows = []
    for leaves, to in taken(plan):
        pods, nodes = plan.params.service.pods, plan.params.redis.nodes
        hop[leaves, to]["first"] = len(rows)
        hop[leaves, to]["by_pod"] = nodes if Place.GATEWAY in (leaves, to) else 0
        hop[leaves, to]["by_node"] = 1 if Place.REDIS in (leaves, to) else 0
        rows += [random.randrange(1, 5_000_000) for _ in range(pods * nodes)]
    assert_agreement(with_network(plan, hop=hop, delay=np.array(rows, np.int64)))


@pytest.mark.parametrize("hop", [(Place.GATEWAY, Place.RESERVATION), (Place.RESERVATION, Place.GATEWAY)])
def test_a_longer_hop_makes_what_takes_it_as_much_slower(hop):
    """Both ways between a pod and the backend are in the latency of a reservation once, and of nothing else."""
    plan = planned(*FEW, "clients.count=1", "event.conversion=1")
    network = plan.params.network
    longer = network.hop.copy()
    longer[hop]["first"] = network.delay.size
    far = length(plan, *hop) + 7_000_000
    there = run(with_network(plan, hop=longer, delay=np.append(network.delay, far)))
    once = run(plan)
    assert there.record.counts.sum() == once.record.counts.sum()
    more = (there.record.total - once.record.total).sum(axis=0)
    assert more.tolist() == [7_000_000 if op == Op.RESERVE else 0 for op in range(more.size)]


@pytest.mark.parametrize("hop", taken(planned(*READS)), ids=lambda hop: f"{hop[0].name} {hop[1].name}")
def test_an_engine_stops_at_a_hop_that_leads_nowhere(hop):
    """So what stands on a hop is not passed by, also where the steps around it are fused."""
    plan = planned(*FEW, *READS, *SCALED)
    lost = plan.params.network.hop.copy()
    lost[hop]["kind"] = NOWHERE
    with pytest.raises(RuntimeError, match="of a kind that the engine has not"):
        run(with_network(plan, hop=lost, straight=is_straight(lost)))


def test_delays_are_worked_out_in_one_place():
    fields = set(HOP.names) & {"by_pod", "by_node"} | {"hop", "jitter", "one_way"}
    found = set()
    for path in Path(models.__file__).parent.rglob("*.py"):
        room = ".".join(("models", *path.relative_to(Path(models.__file__).parent).with_suffix("").parts))
        named = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        if named & fields and not room.startswith(("models.plan.", "models.scenario.")):
            found.add(room)
    assert found == READERS
