import dataclasses

import pytest

from models.engine.record import Column
from models.engine.recording import PaidNode, Recording
from models.plan.plan import Plan
from models.results.kpis import kpis_of
from models.results.usage import usage_of
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND
from tests.models.recordings import blank, planned


def run_of(plan: Plan, **answered: int) -> Recording:
    """A run in which so many requests of each endpoint were sent and answered."""
    total = sum(answered.values())
    recording = dataclasses.replace(blank(plan, 100), sent=total, answered=total)
    for name, count in answered.items():
        recording.record.series[3, Column.ANSWERED + Op[name.upper()]] = count
    return recording


def test_an_order_writes_seven_times_and_a_refusal_once() -> None:
    plan = planned()
    recording = run_of(plan, reserve=50)
    recording.sessions.holds[:20] = True
    recording.sessions.bought[:20] = True
    used = usage_of(plan, recording)
    assert used.dynamodb_writes == 20 * (2 + 3 + 2) + 30
    assert used.dynamodb_reads == 20 * (1 + 2)


def test_seats_taken_without_an_answer_in_time_are_written_all_the_same() -> None:
    plan = planned()
    recording = run_of(plan)
    recording.sessions.holds[:5] = True
    assert usage_of(plan, recording).dynamodb_writes == 35


def test_answers_leave_the_edge_with_their_size() -> None:
    used = usage_of(plan := planned("cost.answer_bytes=2500"), run_of(plan, status=4_000_000))
    assert used.requests == 4_000_000
    assert used.egress_gb == pytest.approx(10)


def test_two_of_three_pods_are_in_another_zone_than_the_shard() -> None:
    sizes = ("redis.request_bytes=250", "redis.reply_bytes=750", "waiting_room.replica_reads=false")
    plan = planned("gateway.pods=3", "network.zones=3", *sizes)
    used = usage_of(plan, run_of(plan, status=2_000_000, join=900_000, enter=90_000, leave=10_000, reserve=70_000))
    assert used.cross_zone_gb == pytest.approx(2 / 3 * 3_000_000 * 1000 / 1e9)


def test_in_one_zone_nothing_crosses() -> None:
    plan = planned("network.zones=1")
    assert usage_of(plan, run_of(plan, status=1_000_000)).cross_zone_gb == 0


def test_a_replica_in_every_zone_keeps_the_polls_at_home() -> None:
    changes = ("gateway.pods=3", "network.zones=3", "redis.replicas_per_shard=2", "waiting_room.replica_reads=true")
    plan = planned(*changes)
    assert usage_of(plan, run_of(plan, status=1_000_000)).cross_zone_gb == 0
    assert usage_of(plan, run_of(plan, join=1_000_000)).cross_zone_gb == pytest.approx(2 / 3 * 1.2)


def test_the_bill_of_a_run_rests_on_what_it_used() -> None:
    plan = planned()
    idle, busy = kpis_of(plan, blank(plan, 100)), kpis_of(plan, run_of(plan, status=10_000_000))
    # CloudFront 10, egress 10 GB x 0.085, WAF 6, bot control 10
    assert busy["cost.edge_event_usd"].best - idle["cost.edge_event_usd"].best == pytest.approx(26.85)
    assert busy["cost.redis_event_usd"].best == idle["cost.redis_event_usd"].best
    assert busy["network.egress_gb"].best == 10


def test_nodes_of_the_start_have_the_warm_up_and_those_of_the_end_what_comes_after() -> None:
    plan = planned("run.duration_s=120", "autoscaling.min_pods=2", "cost.warm_up_h=2", "cost.cool_down_h=1")
    lives = (
        PaidNode("m7g.large", "spot", 0, 60 * SECOND),
        PaidNode("m7g.large", "spot", 20 * SECOND, 50 * SECOND),
        PaidNode("c7g.large", "on_demand", 40 * SECOND, None),
    )
    # the run ended after 100 s of 120: what is there then is kept until the end, and for the cool-down
    nodes = usage_of(plan, dataclasses.replace(blank(plan, 100), nodes=lives)).nodes
    assert nodes is not None
    assert {(kind, capacity): hours for kind, capacity, hours in nodes} == pytest.approx(
        {("m7g.large", "spot"): 2 + 90 / 3600, ("c7g.large", "on_demand"): 1 + 80 / 3600}
    )


def test_pods_fixed_in_number_have_no_nodes_of_their_own() -> None:
    plan = planned()
    assert usage_of(plan, blank(plan, 100)).nodes is None
