"""A Redis primary dies: both engines agree, each thing happens, and what is lost is what no replica had."""

from collections.abc import Callable

import numpy as np
import pytest

from models.engine.record import NODES, PER_NODE, REQUESTS, Column
from models.engine.recording import Recording
from models.plan.failovers import hot_shard
from models.plan.plan import Plan
from models.redis.failover_timeline import learning
from models.redis.reference import Redis
from models.run.reference import Reference
from models.service.reference import Gateway
from models.vocabulary.operations import Answer, Op
from models.vocabulary.units import MILLISECOND, SECOND
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, recording_of, total

SMALL = (
    "clients.count=300",
    "run.duration_s=20",
    "event.choose.median_s=1",
    "clients.poll_interval_s=2",
    "admission.rate_rps=20",
    "admission.burst=20",
)
QUICK = "kind: redis_failover, detection_s: 1.5, promotion_s: 0.5, topology_refresh_s: 2"
AT_ONCE = ("clients.arrival={profile: uniform, over_s: 0}",)
SLOW_PASSES = ("redis.profile=x86-measured", "waiting_room.core=keys", "clients.count=2000")


def failing(at_s: float, more: str = "", *changes: str) -> Plan:
    return planned(*SMALL, f"faults=[{{{QUICK}, at_s: {at_s}{more and ', ' + more}}}]", *changes)


def failed_and_sold(recording: Recording) -> bool:
    return total(recording, Column.FAILED_CONNECTION) > 0 and recording.sold.sum() > 50


def requests(recording: Recording) -> np.ndarray:
    """Requests by second and node."""
    return recording.record.series[:, NODES + REQUESTS :: PER_NODE]


HAPPENS: dict[str, tuple[Callable[[], Plan], Callable[[Recording], bool]]] = {
    "as people join, and places are lost": (
        lambda: failing(0.3, "replication_lag_ms: 200"),
        lambda r: total(r, Column.JOINED) == 300 + total(r, Column.PLACES_LOST) > 305,
    ),
    "as they are let in, and their places come back": (
        lambda: failing(5, "replication_lag_ms: 500"),
        lambda r: total(r, Column.PLACES_RETURNED) == total(r, Column.ADMISSIONS_LOST) > 5,
    ),
    "in a pass, and who was let in by it is let in again": (
        lambda: failing(2.2, "", *SLOW_PASSES, *AT_ONCE, "admission={rate_rps: 1000, burst: 1000, call_window: 2000}"),
        lambda r: total(r, Column.ADMISSIONS_REPEATED) == total(r, Column.ADMISSIONS_LOST) > 50,
    ),
    "with its host": (
        lambda: failing(5, "lost: host, read_timeout_s: 1.2"),
        lambda r: 0 < total(r, Column.FAILED_CONNECTION) < 2000,
    ),
    "with its host, and pools run dry": (
        lambda: failing(
            5, "lost: host, read_timeout_s: 6", "gateway.redis_pool_size=5", "gateway.redis_pool_timeout_s=0.7"
        ),
        lambda r: total(r, Column.FAILED_POOL_TIMEOUT) > 50 and total(r, Column.FAILED_CONNECTION) == 10,
    ),
    "with all places, as there is no replica": (
        lambda: failing(5, "replacement_s: 3", "redis.replicas_per_shard=0"),
        lambda r: total(r, Column.PLACES_LOST) > 200,
    ),
    "with the only place there is": (
        lambda: failing(
            1,
            "replacement_s: 3",
            "redis.replicas_per_shard=0",
            "clients.count=1",
            "admission={rate_rps: 0.5, burst: 1, call_window: 1}",
        ),
        lambda r: total(r, Column.PLACES_LOST) == 1 and r.sold.sum() == 1,
    ),
    "before the sale opens": (lambda: failing(3, "", "event.opens_at_s=6"), failed_and_sold),
    "and the sale opens meanwhile": (lambda: failing(3, "", "event.opens_at_s=4"), failed_and_sold),
    "at the first instant": (lambda: failing(0), lambda r: total(r, Column.FAILED_CONNECTION) > 0),
    "for good": (
        lambda: failing(5, "replacement_s: 99", "redis.replicas_per_shard=0"),
        lambda r: r.column(Column.ADMITTED_BY_BUCKET)[:5].any() and not r.column(Column.ADMITTED_BY_BUCKET)[6:].any(),
    ),
    "and the others do not notice": (
        lambda: failing(5, "", "waiting_room.events=5"),
        lambda r: total(r, Column.FAILED_CONNECTION) > 0 and (requests(r)[6] > 0).sum() >= 2,
    ),
    "while its network holds replies up": (
        lambda: failing(
            5, "", *("redis.network_baseline_gbps=0.001", "redis.network_credit_s=0", "redis.reply_bytes=4000")
        ),
        lambda r: (r.throttled[:, 0] >= 0).any() and total(r, Column.FAILED_CONNECTION) > 0,
    ),
    "and takes the star's line with it": (
        lambda: failing(
            5, "", "waiting_room.events=3", "event.people_shares=[0.9, 0.06, 0.04]", "admission.rate_rps=9"
        ),
        lambda r: total(r, Column.FAILED_CONNECTION) > 0 and (r.waiting + r.called)[0] > 100,
    ),
    "and places are called by an own counter": (
        lambda: failing(1, "replication_lag_ms: 900", "waiting_room.ticket_order=counter"),
        lambda r: total(r, Column.PLACES_LOST) > 10,
    ),
    "in an open loop": (
        lambda: planned(
            "clients.count=300",
            "run.duration_s=8",
            "clients.load={settle_s: 0, stages: [{rate_rps: 300, duration_s: 8}], mix: {join: 0.5, status: 0.5}}",
            f"faults=[{{{QUICK}, at_s: 3, replication_lag_ms: 300}}]",
            name="ladder-index",
        ),
        lambda r: total(r, Column.PLACES_LOST) > 10 and r.waiting.sum() > 300,
    ),
    "and pods that start meanwhile wait for its successor": (
        lambda: planned(
            "clients.count=400",
            "run.duration_s=20",
            "gateway={pods: 1, redis_min_idle: 3, redis_connect_s: 0.5, probes: {readiness: {initial_delay_s: 0}}}",
            "autoscaling={min_pods: 1, max_pods: 3, cpu_percent: 1, sync_s: 1, metrics_s: 1, metrics_lag_s: 0,"
            " nodes: {launch_median_s: 0, image_pull_s: 0, start_s: 0, spare_nodes: 2}}",
            f"faults=[{{{QUICK}, at_s: 1}}]",
            name="autoscale-from-3",
        ),
        lambda r: total(r, Column.FAILED_CONNECTION) > 0,
    ),
}
"""By name, how the primary dies: what makes a plan, and how to see in its recording that this came to happen."""


@pytest.mark.parametrize("name", HAPPENS)
def test_engines_agree_where_a_primary_dies(name):
    make, happened = HAPPENS[name]
    plan = make()
    assert_agreement(plan)
    assert happened(recording_of(plan))


@pytest.mark.parametrize("changes", [(), (*SLOW_PASSES, "admission.rate_rps=500")], ids=["short passes", "long passes"])
@pytest.mark.parametrize("lag_ms", [0, 40, 2000])
def test_the_successor_has_what_the_passes_wrote_that_ended_a_lag_before(changes, lag_ms, monkeypatch):
    """Seen from outside: states at ends of passes, of which the last that was a lag before is what the death leaves."""
    kept, latest, found = [None], [None], []
    reply, kill = Redis._reply, Redis.kill

    def seen(room):
        return dict(room.seen), list(room.line), dict(room.called), room.bucket, room.calls

    def observed(redis, node, *sent):
        reply(redis, node, *sent)
        if node is redis.nodes[plan.failovers[0].shard]:
            latest[0] = seen(redis.rooms[0])
            if redis.env.now <= 4.4 * SECOND - lag_ms * MILLISECOND:
                kept[0] = latest[0]

    def killed(redis, k):
        kill(redis, k)
        found.append(seen(redis.rooms[0]))

    monkeypatch.setattr(Redis, "_reply", observed)
    monkeypatch.setattr(Redis, "kill", killed)
    plan = failing(4.4, f"replication_lag_ms: {lag_ms}", *changes)
    assert_agreement(plan)
    assert found == kept
    assert latest != kept


def test_nobody_is_served_until_a_pod_knows_the_successor():
    plan = failing(5, "", "gateway.pods=3", "waiting_room.expire_every_s=60")
    failover = plan.failovers[0]
    requests = recording_of(plan).column(NODES + PER_NODE * failover.shard + REQUESTS)
    first = failover.back_at + learning(plan, failover)[0][0]
    assert failover.back_at == 7 * SECOND
    assert not requests[5 : first // SECOND].any()
    assert requests[:5].all()
    assert requests[9:12].all()


def test_every_connection_to_the_successor_is_a_new_one(monkeypatch):
    dialled = []
    ask = Redis.ask

    def observed(redis, r, leaves=0):
        if r.dials and r.node_life == 1 and r.op != Op.CONNECT:
            dialled.append((r.pod, int(redis.env.now)))
        return ask(redis, r, leaves)

    monkeypatch.setattr(Redis, "ask", observed)
    plan = failing(5)
    reference = Reference(plan)
    assert all(pool.node_life == 0 for pod in reference.gateway.pods for pool in pod.pools)
    assert_agreement(plan)
    known = {pod: plan.failovers[0].back_at + after for after, pod in learning(plan, plan.failovers[0])}
    assert {pod for pod, _ in dialled} == {0, 1}
    assert all(at >= known[pod] for pod, at in dialled)


def test_those_who_wait_for_a_connection_get_one_to_the_successor(monkeypatch):
    moved = []
    learn = Gateway.learn

    def observed(gateway, number, node):
        waiting = len(gateway.pods[number].pools[node].queue)
        learn(gateway, number, node)
        moved.append((waiting, len(gateway.pods[number].pools[node].queue)))

    monkeypatch.setattr(Gateway, "learn", observed)
    more = "lost: host, read_timeout_s: 60"
    plan = failing(5, more, "gateway.redis_pool_size=5", "gateway.pods=1", "clients.timeout_s=9")
    assert_agreement(plan)
    waiting, left = moved[-1]
    assert waiting > 5
    assert left == waiting - 5


def test_a_reset_is_known_a_network_delay_later_and_silence_only_after_the_timeout(monkeypatch):
    known = {"process": [], "host": []}
    ask = Redis.ask

    def observed(redis, r, leaves=0):
        asked_at = max(leaves, int(redis.env.now))
        yield from ask(redis, r, leaves)
        if r.reply.answer == Answer.CONNECTION:
            known[lost].append(int(redis.env.now) - max(asked_at, 5 * SECOND))

    monkeypatch.setattr(Redis, "ask", observed)
    for lost in known:
        assert_agreement(failing(5, f"lost: {lost}, read_timeout_s: 1.2"))
    assert 0 < max(known["process"]) <= 2 * MILLISECOND
    assert {round(after / MILLISECOND) for after in known["host"][-20:]} == {1200}


def test_the_hot_shard_is_that_of_the_star_if_there_is_one():
    star_last = "event.people_shares=[0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.88]"
    plan = failing(5, "", "waiting_room.events=7", star_last)
    assert plan.failovers[0].shard == plan.placement.event_node[6]


def test_the_hot_shard_is_the_one_with_most_events():
    plan = failing(5, "", "waiting_room.events=7")
    per_shard = np.bincount(plan.placement.event_node, minlength=5)
    assert hot_shard(plan.placement, plan.scenario) == plan.failovers[0].shard == int(per_shard.argmax())
