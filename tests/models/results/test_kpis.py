import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine.record import BUSY_NS, CLIENTS, NODES, PER_NODE, REQUESTS, Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.results.cost import PARTS
from models.results.kpis import highest_minute, kpis_of, unit_of
from models.vocabulary.operations import Op
from models.vocabulary.units import MILLISECOND, SECOND
from sim.histogram import bucket_of
from tests.models.recordings import blank, planned

# the command's contract, as far as this version models it
CONTRACT = {
    *("requests.rps_mean", "run.length_s", "latency.all_p50_ms", "latency.all_p95_ms"),
    *("redis.connections_peak_percent", "redis.memory_peak_percent"),
    *("redis.bandwidth_burst_percent", "redis.bandwidth_sustained_percent"),
    *("wait.served_within_slo_percent", "people.unserved_percent", "people.gave_up_after_s"),
    *(f"people.{what}" for what in ("came", "gave_up", "still_waiting", "told_sold_out", "never_ready")),
    *("admission.refused", "errors.max_clients", "errors.out_of_memory"),
    *("requests.total", "requests.status_rps_peak", "requests.status_rps_peak_60s", "requests.status_rps_mean"),
    *(f"redis.engine_cpu_{part}_percent" for part in ("peak", "peak_60s", "mean")),
    *(f"redis.shard_{k}.engine_cpu_{part}_percent" for k in range(5) for part in ("peak", "peak_60s", "mean")),
    *(f"latency.{name}_p{p}_ms" for name in ("join", "status", "enter") for p in (50, 95, 99)),
    *("wait.mean_s", "wait.p50_s", "wait.p95_s", "wait.max_s"),
    *("admission.total", "admission.rps_peak", "admission.rps_peak_60s"),
    *("seats.sold", "seats.oversold", "seats.sold_out_s"),
    *("errors.rate_percent", "errors.pool_timeout", "errors.client_timeout", "errors.refused", "errors.connection"),
    "errors.throttled",
    *("gateway.pods_peak", "gateway.cpu_mean_percent", "gateway.cpu_peak_percent", "gateway.cpu_peak_60s_percent"),
    *("fairness.kendall_tau", "fairness.max_places_lost", "bots.seat_share_percent"),
    *("dynamodb.writes", "dynamodb.reads", "network.egress_gb", "network.cross_zone_gb", "network.balancer_lcu_h"),
    *("cost.event_usd", "cost.month_usd"),
    # what operators' access costs is there only where its price is said (tests/models/results/test_cost.py)
    *(f"cost.{part}_{time}_usd" for part in PARTS if part != "operators" for time in ("event", "month")),
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()


def best(plan: Plan, recording: Recording, kpi: str) -> float | None:
    return kpis_of(plan, recording)[kpi].best


def test_a_run_has_every_kpi_of_the_contract_also_when_nothing_happened(plan: Plan) -> None:
    kpis = kpis_of(plan, blank(plan, 120))
    assert set(kpis) == CONTRACT
    did_not_happen = {name for name, kpi in kpis.items() if kpi.best is None}
    assert did_not_happen == {
        name for name in CONTRACT if name.startswith(("latency.", "wait.", "fairness.", "bots."))
    } | {"seats.sold_out_s", "people.unserved_percent", "people.gave_up_after_s"}
    assert all(kpi.low is kpi.high is None for kpi in kpis.values())
    assert all(kpi.rests_on for kpi in kpis.values())


@pytest.mark.parametrize(
    ("kpi", "unit"),
    [
        ("requests.total", "requests"),
        ("requests.status_rps_peak_60s", "rps"),
        ("redis.shard_3.engine_cpu_peak_60s_percent", "percent"),
        ("latency.enter_p99_ms", "ms"),
        ("wait.p95_s", "s"),
        ("seats.sold_out_s", "s"),
        ("seats.sold", "seats"),
        ("admission.total", "admissions"),
        ("admission.rps_peak", "rps"),
        ("errors.throttled", "requests"),
        ("people.gave_up", "people"),
        ("people.gave_up_after_s", "s"),
        ("run.length_s", "s"),
        ("gateway.pods_peak", "pods"),
        ("fairness.kendall_tau", "tau"),
        ("fairness.max_places_lost", "places"),
        ("dynamodb.writes", "writes"),
        ("network.cross_zone_gb", "GB"),
        ("network.balancer_lcu_h", "LCU-h"),
        ("cost.redis_month_usd", "usd"),
    ],
)
def test_a_kpi_has_the_unit_its_name_says(kpi: str, unit: str) -> None:
    assert unit_of(kpi) == unit


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=150))
@settings(max_examples=100)
def test_the_highest_minute_is_that_of_all_windows(per_second: list[int]) -> None:
    windows = [per_second[k : k + 60] for k in range(max(1, len(per_second) - 59))]
    expected = max(sum(window) / len(window) for window in windows)
    assert highest_minute(np.array(per_second, float), len(per_second)) == pytest.approx(expected)


def test_rates_are_by_whole_seconds_by_the_minute_and_over_the_time_the_run_lasted(plan: Plan) -> None:
    recording = blank(plan, 99.5)
    status = recording.record.series[:, Column.SENT + Op.STATUS]
    status[10:70] = 1000
    status[30] = 5000
    assert best(plan, recording, "requests.status_rps_peak") == 5000
    assert best(plan, recording, "requests.status_rps_peak_60s") == pytest.approx((59 * 1000 + 5000) / 60)
    assert best(plan, recording, "requests.status_rps_mean") == pytest.approx((59 * 1000 + 5000) / 99.5)


def test_engine_cpu_is_that_of_the_busiest_shard(plan: Plan) -> None:
    recording = blank(plan, 100)
    for shard, share in ((1, 0.25), (4, 0.5)):
        recording.record.series[:100, NODES + PER_NODE * shard + BUSY_NS] = share * SECOND
    recording.record.series[7, NODES + PER_NODE * 1 + BUSY_NS] = SECOND
    kpis = {name: kpi.best for name, kpi in kpis_of(plan, recording).items()}
    assert kpis["redis.engine_cpu_mean_percent"] == pytest.approx(50)
    assert kpis["redis.engine_cpu_peak_percent"] == pytest.approx(100)
    assert kpis["redis.shard_1.engine_cpu_mean_percent"] == pytest.approx(25.75)
    assert kpis["redis.shard_1.engine_cpu_peak_60s_percent"] == pytest.approx(25 + 75 / 60)
    assert kpis["redis.shard_0.engine_cpu_peak_percent"] == 0


def test_a_replica_that_is_read_from_has_an_engine_thread_too() -> None:
    plan = planned("waiting_room.replica_reads=true")
    recording = blank(plan, 100)
    replica = plan.params.redis.shards + 2
    recording.record.series[:100, NODES + PER_NODE * replica + BUSY_NS] = 0.75 * SECOND
    assert best(plan, recording, "redis.engine_cpu_mean_percent") == pytest.approx(75)
    assert best(plan, recording, "redis.shard_2.engine_cpu_mean_percent") == 0


def test_gateway_cpu_is_a_share_of_the_limit_of_all_pods(plan: Plan) -> None:
    # a limit of 1.2 cores is two at 0.6 of their speed: both busy all the time are 100 %
    recording = blank(plan, 100)
    recording.record.series[:50, Column.GATEWAY_BUSY_NS] = 2 * plan.params.service.pods * SECOND
    assert best(plan, recording, "gateway.cpu_mean_percent") == pytest.approx(50)
    assert best(plan, recording, "gateway.cpu_peak_percent") == pytest.approx(100)


def test_pods_and_nodes_that_come_and_go_have_peaks_and_cpu_is_a_share_of_those_that_run() -> None:
    plan = planned(name="autoscale-from-3")
    recording = blank(plan, 100)
    rows, levels = recording.record.series, Column.LEVELS
    rows[:, levels + Level.PODS_RUNNING], rows[50:, levels + Level.PODS_RUNNING] = 3, 12
    rows[40:60, levels + Level.NODES] = 4
    rows[:50, Column.GATEWAY_BUSY_NS], rows[50:100, Column.GATEWAY_BUSY_NS] = 2 * 3 * SECOND, 12 * SECOND
    assert best(plan, recording, "gateway.pods_peak") == 12
    assert best(plan, recording, "nodes.peak") == 4
    assert best(plan, recording, "gateway.cpu_peak_percent") == pytest.approx(100)
    assert best(plan, recording, "gateway.cpu_mean_percent") == pytest.approx(75)


def test_latencies_are_over_all_stages_those_of_none_included() -> None:
    plan = planned(name="ladder-index")
    recording = blank(plan, 300)
    for row, count in ((0, 98), (5, 2)):
        latency = 10 * MILLISECOND if row == 0 else SECOND
        recording.record.counts[row, Op.STATUS, bucket_of(latency)] += count
        recording.record.total[row, Op.STATUS] += count * latency
    assert best(plan, recording, "latency.status_p95_ms") == pytest.approx(10, rel=0.004)
    assert best(plan, recording, "latency.status_p99_ms") == pytest.approx(1000, rel=0.004)


def test_bots_seats_are_their_share_of_those_who_bought(plan: Plan) -> None:
    recording = blank(plan, 100)
    bots, people = np.flatnonzero(plan.population.bot), np.flatnonzero(~plan.population.bot)
    recording.sessions.bought[bots[:3]] = True
    recording.sessions.bought[people[:1]] = True
    assert best(plan, recording, "bots.seat_share_percent") == pytest.approx(75)


def test_errors_are_failed_of_those_that_ended_and_throttling_is_none(plan: Plan) -> None:
    recording = dataclasses.replace(blank(plan, 100), sent=900, answered=190, failed=10)
    recording.record.series[3, Column.FAILED_POOL_TIMEOUT] = 7
    recording.record.series[4, Column.FAILED_REFUSED] = 3
    recording.record.series[5, Column.THROTTLED] = 11
    assert best(plan, recording, "errors.rate_percent") == pytest.approx(5)
    assert best(plan, recording, "errors.pool_timeout") == 7
    assert best(plan, recording, "errors.refused") == 3
    assert best(plan, recording, "errors.throttled") == 11


def test_capacities_of_a_node_are_of_the_fullest_one_and_can_be_exceeded() -> None:
    plan = planned("redis.max_clients=1000", "redis.bytes_per_place=1e6", "redis.replicas_per_shard=0")
    recording = blank(plan, 400)
    rows, node = recording.record.series, NODES + PER_NODE * 1
    rows[9, node + CLIENTS] = 990
    rows[:, Column.LEVELS + Level.WAITING] = 5_206
    rows[20:22, node + REQUESTS], rows[30:33, node + REQUESTS] = 5_000_000, 1_562_500
    assert best(plan, recording, "redis.connections_peak_percent") == pytest.approx(99)
    # 12.93 GiB x 0.75 are 10,413 MB
    assert best(plan, recording, "redis.memory_peak_percent") == pytest.approx(50, abs=0.01)
    # two busy seconds are no burst yet; 12.5 Gbps are 1,562.5 MB/s, 1.876 Gbps 234.5 MB/s over 300 s
    assert best(plan, recording, "redis.bandwidth_burst_percent") == pytest.approx(100)
    sent = 2 * 5_000 + 3 * 1_562.5
    assert best(plan, recording, "redis.bandwidth_sustained_percent") == pytest.approx(100 * sent / 300 / 234.5)


def test_oversold_is_measured_by_event() -> None:
    plan = planned("waiting_room.events=2", "event.seats=10")
    gone_at = np.array([4, 3]) * SECOND
    recording = dataclasses.replace(blank(plan, 100), sold=np.array([7, 3]), event_sold_out_at=gone_at)
    assert best(plan, recording, "seats.oversold") == 2
    assert best(plan, recording, "seats.sold") == 10
    assert best(plan, recording, "seats.sold_out_s") == 4
