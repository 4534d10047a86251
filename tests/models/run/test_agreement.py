"""The two engines agree: on a named scenario for every feature, each of which really happens, and on random ones.

The random scenarios are always the same. BREAKWATER_NIGHTLY=1 draws 20,000 new ones, BREAKWATER_EXAMPLES any number; a
failing one is printed and kept in `.hypothesis`.
"""

import os
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.engine.record import COMMANDS, NODES, PER_NODE, QUEUE, REQUESTS, Column, Level
from models.engine.recording import Recording
from models.plan.making import make_plan
from models.plan.plan import Plan
from models.plan.sizes import SMALLEST, usual_sizes
from models.redis.reference import Redis
from models.redis.reference_scripts import Scripts
from models.redis_costs.parts import CommandCost
from models.redis_costs.profile import load_profile
from models.run.agreement import compare_engines
from models.scenario import load_scenario
from models.vocabulary.operations import Answer, Op
from models.vocabulary.units import SECOND
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, level, recording_of, total
from tests.strategies.scenarios import cases

NIGHTLY = "20000" if os.environ.get("BREAKWATER_NIGHTLY") else None
EXAMPLES = os.environ.get("BREAKWATER_EXAMPLES", NIGHTLY)

ON_PRIMARIES = "waiting_room.replica_reads=false"
ONSALE = ("onsale-small", "clients.count=300", "run.duration_s=20", "event.choose.median_s=1", ON_PRIMARIES)
STAGES = "clients.load.stages=[{%s: 50, duration_s: 2.5}, {%s: 0, duration_s: 2}, {%s: 300, duration_s: 3.5}]"
LADDER = ("clients.count=300", "run.duration_s=8", "clients.load.settle_s=1")
OPEN = ("ladder-index", *LADDER, STAGES.replace("%s", "rate_rps"))
CLOSED = ("ladder-keys-closed", *LADDER, STAGES.replace("%s", "users"), "clients.load.think_s=0.5")
SATURATED = (*OPEN, "clients.count=40000", "waiting_room.core=keys", "redis.profile=x86-measured")
AT_ONCE = "clients.arrival={profile: uniform, over_s: 0}"
IMPATIENT = ("clients.patience={median_s: 8, sigma: 0.7}", "clients.leave_share=0.5", "run.duration_s=40")
MORE = (
    "waiting_room.extra_calls=[{operation: status, command: ZCOUNT, on: line, calls: 10},"
    " {operation: enter, command: INCR, calls: 1}]"
)
FEWER = (
    "waiting_room.extra_calls=[{operation: status, command: ZADD, on: seen, calls: -1},"
    " {operation: status, command: HMGET, calls: -1}, {operation: status, command: ZRANK, on: line, calls: -1}]"
)
STAR_OF_SEVEN = tuple(
    f"event.{name}=[0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]"
    for name in ("people_shares", "seat_shares", "admission_shares")
)
NARROW = ("redis.network_baseline_gbps=0.001", "redis.network_burst_gbps=0.002", "redis.network_credit_s=1")
"""125 and 250 kB/s, and credits of 125 kB."""
SLOW = ("admission.rate_rps=5", "admission.burst=5")
CPU_BOUND = ("clients.poll_interval_s=1", "gateway.pods=2", "gateway.cpu_us.status=5000")
IN_STEPS = (
    AT_ONCE,
    "clients.poll_jitter_fraction=0",
    "network={client_one_way: {median_ms: 5, sigma: 0}, client_jitter: {median_ms: 0, sigma: 0}}",
    "gateway.cpu_us={join: 1000, status: 1000, enter: 1000, leave: 1000, reserve: 1000}",
    "gateway.cpu_sigma=0",
    "gateway.cpu_cores=256",
    "event.choose.sigma=0",
    "backend.reservation_sigma=0",
)

Happened = Callable[[Recording], bool | np.bool_]


def plan_of(scenario: str, *changes: str) -> Plan:
    return planned(*changes, name=scenario)


def highest(recording: Recording, which: Level) -> int:
    return max(level(recording, which))


def some(*columns: int) -> Happened:
    """Each of these columns counted something."""
    return lambda recording: all(total(recording, column) > 0 for column in columns)


def longest_queue(recording: Recording) -> int:
    return int(recording.record.series[:, NODES + QUEUE :: PER_NODE].max())


def commands_per_request(recording: Recording) -> float:
    nodes = recording.record.series.sum(axis=0)[NODES:]
    return nodes[COMMANDS::PER_NODE].sum() / nodes[REQUESTS::PER_NODE].sum()


def measured(recording: Recording) -> list[bool]:
    """Tell by stage whether it has latencies; the last entry is for what belongs to none."""
    return (recording.record.counts.sum(axis=(1, 2)) > 0).tolist()


def mean_s(recording: Recording, op: Op, stage: int = 0) -> float:
    return float(recording.record.total[stage, op] / recording.record.counts[stage, op].sum() / SECOND)


HAPPENS: dict[str, tuple[tuple[str, ...], Happened]] = {
    "one person": ((*ONSALE, "clients.count=1"), lambda r: r.sold.sum() == 1),
    "nobody comes in time": ((*ONSALE, "clients.arrival={profile: uniform, over_s: 86400}"), lambda r: r.sent == 0),
    "pool waits": (
        (*SATURATED, "gateway.redis_pool_size=1"),
        lambda r: r.failed == 0 and highest(r, Level.POOL_WAITING) > 100,
    ),
    "pool timeouts": (
        (*ONSALE, AT_ONCE, "gateway.redis_pool_size=1", "gateway.redis_pool_timeout_s=0.002"),
        some(Column.FAILED_POOL_TIMEOUT),
    ),
    "requests overtake on the CPU others that have the last connection": (
        (*ONSALE, AT_ONCE, "gateway.redis_pool_size=1", "gateway.cpu_sigma=2", "gateway.cpu_us.join=2000"),
        lambda r: r.failed == 0 and r.sold.sum() > 0,
    ),
    "the end is announced to requests on the CPU": (
        (*ONSALE, *SLOW, "event.seats=20", "event.on_sold_out=announce", *CPU_BOUND),
        lambda r: r.sessions.told.any(),
    ),
    "client timeouts and late answers": (
        (*ONSALE, "clients.timeout_s=0.05", "clients.backoff_base_s=0.1", "clients.backoff_max_s=0.4"),
        lambda r: some(Column.FAILED_CLIENT_TIMEOUT)(r) and r.late > 0,
    ),
    "connections refused": (
        (*ONSALE, AT_ONCE, "redis.max_clients=3", "gateway.redis_pool_size=1000"),
        some(Column.CONNECTIONS_REFUSED, Column.FAILED_MAX_CLIENTS),
    ),
    "no memory for another place": (
        (*ONSALE, "redis.reserved_memory_percent=99", "redis.bytes_per_place=1e6"),
        some(Column.FAILED_OUT_OF_MEMORY),
    ),
    "the end is announced": (
        (*ONSALE, "event.on_sold_out=announce", "event.seats=20"),
        lambda r: r.sessions.told.any() and (r.sessions.settled_at[r.sessions.told] > 0).all(),
    ),
    "requests refused": (
        (*ONSALE, AT_ONCE, "gateway.worker_slots=2", "gateway.backlog=3"),
        some(Column.FAILED_REFUSED),
    ),
    "workers taken from a backlog": (
        (*ONSALE, AT_ONCE, "gateway.worker_slots=2", "gateway.backlog=16384", "gateway.cpu_us.join=20000"),
        lambda r: r.failed == 0 and highest(r, Level.IN_FLIGHT) > 100,
    ),
    "entry throttled": ((*ONSALE, AT_ONCE, "admission.burst=1", "admission.rate_rps=20"), some(Column.THROTTLED)),
    "people leave, or fall silent and expire": (
        (*ONSALE, *IMPATIENT, *SLOW, "waiting_room.heartbeat_ttl_s=10.1", "waiting_room.expire_limit=3"),
        some(Column.LEFT, Column.EXPIRED),
    ),
    "calls lapse and people rejoin": (
        (*ONSALE, "admission.call_ttl_s=2"),
        lambda r: some(Column.LAPSED)(r) and total(r, Column.JOINED) > r.sessions.came_at.size,
    ),
    "people rejoin before their lapsed calls are removed": (
        (*ONSALE, "admission.call_ttl_s=2", "waiting_room.expire_every_s=3600"),
        some(Column.LAPSED),
    ),
    "seats run out and nobody is told": (
        (*ONSALE, *SLOW, "event.seats=20"),
        lambda r: r.sold_out_at > 0 and r.waiting.sum() > 0 and r.end_s == 20,
    ),
    "seats run out, which is announced": (
        (*ONSALE, *SLOW, "event.seats=20", "event.on_sold_out=announce"),
        lambda r: r.sold_out_at > 0 and r.waiting.sum() > 0 and r.end_s < 20,
    ),
    "all events but one run out": (
        (*ONSALE, "waiting_room.events=7", "event.seats=301", "event.on_sold_out=announce"),
        lambda r: r.sold_out_at < 0 and r.sold.tolist() == [43, 43, 43, 43, 43, 43, 42],
    ),
    "the network of a node holds its replies up": (
        (*OPEN, *NARROW),
        lambda r: (r.throttled[:, 0] >= 0).any() and r.failed == 0 and mean_s(r, Op.STATUS, stage=2) > 1,
    ),
    "replies are held up for longer than clients wait": (
        (*OPEN, *NARROW, "clients.timeout_s=0.5"),
        lambda r: r.late > 0,
    ),
    "the network holds up what replicas are told": (
        (*ONSALE[:3], *NARROW, "redis.reply_bytes=9000", "clients.poll_interval_s=1"),
        lambda r: (r.throttled[:5, 0] >= 0).any() and (r.throttled[5:, 0] >= 0).any(),
    ),
    "one star and six small shows": (
        (*ONSALE, "waiting_room.events=7", "event.seats=100", *STAR_OF_SEVEN),
        lambda r: r.sold.tolist() == [70, 5, 5, 5, 5, 5, 5] and r.sold_out_at > r.event_sold_out_at[0] > 0,
    ),
    "a star with the seats and the rate of the others, behind replicas": (
        (*ONSALE[:3], "waiting_room.events=7", STAR_OF_SEVEN[0], "admission={rate_rps: 35, burst: 35}"),
        lambda r: (r.waiting + r.called)[0] > 80 and (r.waiting + r.called)[1:].sum() == 0,
    ),
    "an open loop on unequal events": (
        (*OPEN, "waiting_room.events=3", "event.people_shares=[0.8, 0.15, 0.05]"),
        lambda r: r.waiting[0] > 4 * r.waiting[1] > 8 * r.waiting[2] > 0,
    ),
    "pages in the background lose their places": (
        (*ONSALE, *SLOW, "clients.hidden={share: 0.5, poll_interval_s: 9}", "waiting_room.heartbeat_ttl_s=8"),
        some(Column.EXPIRED),
    ),
    "pages in the background are refused and fail": (
        (*ONSALE, *SLOW, "clients.hidden={share: 1, poll_interval_s: 2}", "clients.timeout_s=0.05"),
        some(Column.THROTTLED, Column.FAILED_CLIENT_TIMEOUT),
    ),
    "refused pages ask again at once": (
        (*ONSALE, AT_ONCE, "admission.burst=1", "admission.rate_rps=20", "clients.refused_wait_s=0"),
        some(Column.THROTTLED),
    ),
    "the names of events are drawn": (
        (*ONSALE, "waiting_room.events=7", "waiting_room.event_tags_drawn=true"),
        lambda r: r.sold.sum() == 300,
    ),
    "several seats per order": (
        (*ONSALE, "event.seats=100", "event.seats_per_order=3"),
        lambda r: r.sold.sum() == 99 and r.sold_out_at > 0,
    ),
    "some admitted do not reserve": (
        (*ONSALE, "event.conversion=0.5"),
        lambda r: 0 < r.sessions.holds.sum() < r.sessions.admitted.sum() == 300,
    ),
    "a tiny backend, where passes expire": (
        (*ONSALE, "backend={reservation_capacity_rps: 10, reservation_service_ms: 500}", "admission.pass_ttl_s=5"),
        lambda r: 0 < r.sessions.bought.sum() < total(r, Column.ANSWERED + Op.RESERVE) and mean_s(r, Op.RESERVE) > 4,
    ),
    "tabs of one who has bought are closed": (
        (*ONSALE, "clients.tabs={1: 0.4, 3: 0.6}", "clients.count=100", "admission.rate_rps=20"),
        lambda r: r.end_s < 20 and not r.sessions.admitted.all(),
    ),
    "status by KEYS": ((*ONSALE, "waiting_room.core=keys"), lambda r: commands_per_request(r) > 10),
    "scripts call more than they did": ((*ONSALE, MORE), lambda r: commands_per_request(r) > 10),
    "scripts call less than they did": (
        (*ONSALE, *SLOW, "clients.poll_interval_s=1", FEWER),
        lambda r: 1 < commands_per_request(r) < 2,  # without FEWER: more than 4
    ),
    "an open loop with a pause": (OPEN, lambda r: measured(r) == [True, False, True, True]),
    "an open loop with timeouts": ((*OPEN, "clients.timeout_s=0.03"), lambda r: r.late > 0),
    "an open loop that saturates its shard": (SATURATED, lambda r: longest_queue(r) > 100),
    "a closed loop with a pause": (CLOSED, lambda r: measured(r) == [True, False, True, True]),
    "a closed loop with timeouts": ((*CLOSED, "clients.timeout_s=0.03"), lambda r: r.late > 0),
    "the end cuts requests off": ((*ONSALE, "run.duration_s=1.5"), lambda r: r.awaited > 0),
    "more in flight than the engine made room for": (
        (*ONSALE, AT_ONCE, "clients.count=6000", "gateway.cpu_us.join=2000", "run.duration_s=2"),
        lambda r: highest(r, Level.IN_FLIGHT) > 4096,
    ),
    "timers beyond the wheel's horizon": (
        (*ONSALE, "clients.timeout_s=1", "clients.poll_interval_s=0.5", "event.choose={median_s: 14, sigma: 0}"),
        lambda r: r.sold.sum() > 0,
    ),
}
"""By name: a scenario, and how to see in its recording that it came to what the name says."""

MATTERS = (
    "redis.profile=x86-measured",
    "redis.profile=x86-valkey",
    "clients.poll_from=schedule",
    "clients.poll_advised=[{up_to_position: 20, interval_s: 1}, {up_to_position: 150, interval_s: 3}, {interval_s: 8}]",
    "clients.bots={share: 0.5, poll_interval_s: 2}",
    "clients.arrival={profile: rush, waiting_share: 0.5, late_mean_s: 4}",
    "clients.arrival={profile: exponential, mean_s: 3}",
    "clients.arrival={profile: weibull, shape: 2, scale_s: 4}",
    "clients.arrival={profile: piecewise, points: [[0, 1], [1, 5], [4, 0]]}",
    "event.opens_at_s=3.5",
    "gateway.routing=random",
    "gateway.routing=sticky",
    "gateway.clock_skew_ms=300",
    "gateway.cpu_cores=3",
    "waiting_room.ticket_order=redis_time",
    "waiting_room.ticket_order=counter",
    "waiting_room.events=3",
    "waiting_room.expire_every_s=0.3",
    "network.zones=1",
    "redis.replicas_per_shard=3",
)
"""Settings that change what happens without being counted anywhere."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def ordinary():
    return recording_of(plan_of(*ONSALE, "clients.poll_interval_s=2"))


@pytest.mark.parametrize("name", HAPPENS)
def test_engines_agree_where(name):
    changes, happened = HAPPENS[name]
    plan = plan_of(*changes)
    assert_agreement(plan, sizes=SMALLEST)
    assert happened(recording_of(plan))


@pytest.mark.parametrize("setting", MATTERS)
def test_engines_agree_whatever_is_set(setting, ordinary):
    plan = plan_of(*ONSALE, "clients.poll_interval_s=2", setting)
    assert_agreement(plan, sizes=SMALLEST)
    assert not np.array_equal(recording_of(plan).record.total, ordinary.record.total)


def test_engines_agree_on_a_recorded_trace(folder):
    trace = folder / "recorded.csv"
    trace.write_text("second,arrival_s\n" + "".join(f"{k},{3 + k // 50}\n" for k in range(300)), encoding="utf-8")
    plan = plan_of(*ONSALE, f"clients.arrival={{profile: trace, file: {trace}}}")
    assert_agreement(plan)
    came = recording_of(plan).sessions.came_at // SECOND
    assert np.bincount(came).tolist() == [0, 0, 0, 50, 50, 50, 50, 50, 50]


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_engines_agree_on_stale_reads_of_replicas(replicas, monkeypatch):
    stale = []
    read = Scripts._read

    def observed(scripts, k, room, token, now_ms, heard):
        reply = read(scripts, k, room, token, now_ms, heard)
        stale.append((reply.answer == Answer.WAITING) != (token in room.score))
        return reply

    monkeypatch.setattr(Scripts, "_read", observed)
    slow = "network={same_zone_one_way_us: 200000, cross_zone_one_way_us: 400000}"
    reads = ("waiting_room.replica_reads=true", f"redis.replicas_per_shard={replicas}", "clients.poll_interval_s=1")
    assert_agreement(plan_of(*ONSALE, *SLOW, *reads, slow))
    assert 0 < sum(stale) < len(stale)


@pytest.mark.parametrize("sizes", [None, SMALLEST])
def test_replicas_see_every_change_of_a_pass_that_changes_more_than_the_log_holds(sizes, monkeypatch):
    """A shard that cannot keep up takes 18,000 joins at once: its replicas must hear of each."""
    changes = []
    feed = Redis._feed_replicas

    def observed(redis, shard, *sent):
        changes.append(len(redis.nodes[shard].unsent))
        feed(redis, shard, *sent)

    monkeypatch.setattr(Redis, "_feed_replicas", observed)
    reads = ("waiting_room.replica_reads=true", "clients.poll_interval_s=2", "run.duration_s=9")
    pods = ("gateway.pods=30", "gateway.worker_slots=20000", "admission={rate_rps: 2000, call_window: 9000}")
    plan = planned(*ONSALE[1:], "clients.count=20000", AT_ONCE, *reads, *pods, script_us=100.0)
    assert_agreement(plan, sizes=sizes)
    assert max(changes) > usual_sizes(plan.params).log


@pytest.mark.parametrize("seed", [45, 58])
def test_the_timer_of_a_request_is_not_one_of_the_change_for_a_replica_that_has_its_slot_now(seed):
    """Requests 5 to 9 of the source bear the numbers of the replicas, and their slots are used again when they end."""
    load = "clients.load={mode: open_loop, settle_s: 0, stages: [{rate_rps: 300, duration_s: 6}]}"
    replicas = ("redis={shards: 5, replicas_per_shard: 1}", "waiting_room.replica_reads=true")
    changes = ("run.duration_s=11", "clients.count=10", "clients.timeout_s=3", load, *replicas)
    plan = planned(*changes, name="onsale-300k", seed=seed)
    assert_agreement(plan)
    assert recording_of(plan).failed == 0


def test_replicas_hear_of_changes_that_cost_nothing():
    """Whoever is called at the opening is told so by the replica of the next status, and goes in."""
    profile = load_profile("talk-m7g")
    free = dict.fromkeys(profile.commands, CommandCost(call_us=0, element_us=0, depth_us=0))
    scenario = load_scenario("onsale-small", (*ONSALE[1:], "waiting_room.replica_reads=true"))
    plan = make_plan(scenario, profile.model_copy(update={"commands": free}), 1)
    assert_agreement(plan)
    assert recording_of(plan).sessions.admitted.all()


def test_a_source_that_sends_nothing_is_over_before_the_first_probe_on_both_engines():
    load = "clients.load={mode: open_loop, settle_s: 0, stages: [{rate_rps: 0.01, duration_s: 1}]}"
    pod = ("gateway.pods=1", "gateway.redis_min_idle=0", "gateway.redis_connect_s=0")
    probed = "gateway.probes.readiness={initial_delay_s: 0, period_s: 1}"
    changes = ("run.duration_s=1", "clients.count=1", load, *pod, probed, "autoscaling={min_pods: 1, max_pods: 1}")
    plan = planned(*changes)
    assert_agreement(plan)
    assert recording_of(plan).sent == 0


def test_engines_agree_where_many_events_share_an_instant():
    plan = plan_of(*ONSALE, *IN_STEPS)
    agreement = compare_engines(plan)
    assert agreement, str(agreement)
    assert agreement.instants < agreement.events / 3


def test_waiters_for_a_connection_that_time_out_together_fail_one_by_one():
    """Without CPU time, the request that takes the first one's worker is parsed before the second one fails."""
    settings = (
        "gateway.redis_pool_size=1",
        "gateway.redis_pool_timeout_s=0.001",
        "gateway.worker_slots=20",
        "gateway.backlog=16384",
    )
    backoff = ("clients.backoff_base_s=0.005", "clients.backoff_max_s=0.01")
    no_cpu = "gateway.cpu_us={join: 0, status: 0, enter: 0, leave: 0, reserve: 0}"
    changes = (*ONSALE[1:], *IN_STEPS, *settings, *backoff, no_cpu, "gateway.pods=1")
    plan = planned(*changes, script_us=3000.0)
    assert_agreement(plan)
    assert total(recording_of(plan), Column.FAILED_POOL_TIMEOUT) > 100


@settings(
    max_examples=int(EXAMPLES or 120),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_engines_agree_on_any_scenario(folder, data):
    assert_agreement(make_plan(*data.draw(cases(folder))), sizes=data.draw(st.sampled_from([None, SMALLEST])))
