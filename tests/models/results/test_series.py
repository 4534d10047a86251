import dataclasses

import numpy as np
import pytest

from models.engine.record import BAND_SHIFT, BUSY_NS, NODES, PER_NODE, Column, Level, add_latency, new_record, turn_to
from models.results.series import series_of
from models.vocabulary.operations import ENDPOINTS
from models.vocabulary.units import MILLISECOND, SECOND
from tests.models.recordings import blank, planned

NODE = ("busy", "requests", "commands", "queue", "connections")


def test_there_is_a_row_for_every_second_and_a_column_for_everything_the_faces_show() -> None:
    plan = planned("waiting_room.replica_reads=false")
    series = series_of(plan, blank(plan, 99.2))
    assert list(series.index) == list(range(100))
    shards = [f"shard_{k}_{part}" for k in range(5) for part in NODE]
    latencies = [f"latency_{name}_p{p}_ms" for name in ("join", "status", "enter") for p in (50, 95, 99)]
    levels = ["waiting", "called", "pool_waiting", "in_flight", "connections"]
    levels += ["pods_running", "pods_ready", "pods_wanted", "nodes"]
    events = ["joined", "admitted", "granted", "sold", "left", "expired", "lapsed", "throttled"]
    lost = ["places_lost", "places_returned", "admissions_lost", "admissions_repeated"]
    failures = ["failed_pool_timeout", "failed_client_timeout", "failed_refused", "failed_connection"]
    failures += ["failed_max_clients", "failed_out_of_memory", "connections_refused", "backlog_full"]
    requests = [f"{what}_{name}" for what in ("sent", "answered") for name in ENDPOINTS]
    assert set(series) == {*shards, *latencies, *levels, *events, *failures, *lost, *requests, "gateway_cpu_cores"}


def test_values_stand_in_their_second_and_unit() -> None:
    plan = planned()
    recording = blank(plan, 100)
    rows = recording.record.series
    rows[5, Column.SENT + 1], rows[6, Column.LEVELS + Level.WAITING] = 12, 34
    rows[7, NODES + PER_NODE * 3 + BUSY_NS] = SECOND // 4
    rows[8, Column.GATEWAY_BUSY_NS] = SECOND  # of one of two cores at 0.6 of their speed
    series = series_of(plan, recording)
    assert series.loc[5, "sent_status"] == 12
    assert series.loc[6, "waiting"] == 34
    assert series.loc[7, "shard_3_busy"] == 0.25
    assert series.loc[8, "gateway_cpu_cores"] == pytest.approx(0.6)


def test_replicas_that_are_read_from_have_columns_of_their_own() -> None:
    plan = planned("waiting_room.replica_reads=true", "redis.shards=2", "redis.replicas_per_shard=2")
    recording = blank(plan, 10)
    recording.record.series[0, NODES + PER_NODE * 5 + BUSY_NS] = SECOND  # after two primaries: 0_0, 0_1, 1_0, 1_1
    series = series_of(plan, recording)
    assert series.loc[0, "shard_1_replica_1_busy"] == 1
    assert "shard_2_busy" not in series


def test_latency_bands_lie_within_a_band_of_the_exact_percentiles() -> None:
    plan = planned()
    recording = blank(plan, 3)
    values = np.random.default_rng(1).lognormal(17, 1, 2_000).astype(np.int64)
    turn_to(recording.record, SECOND)
    for value in values.tolist():
        add_latency(recording.record, 0, 1, value)
    series = series_of(plan, recording)
    for percent in (50, 95, 99):
        exact = np.percentile(values, percent) / MILLISECOND
        assert series.loc[1, f"latency_status_p{percent}_ms"] == pytest.approx(exact, rel=2**BAND_SHIFT / 128)
        assert np.isnan(series.loc[0, f"latency_status_p{percent}_ms"])
        assert np.isnan(series.loc[1, f"latency_join_p{percent}_ms"])


def test_in_a_long_run_seconds_share_a_row_of_the_bands() -> None:
    plan = planned("run.duration_s=7201")
    recording = blank(plan, 9)
    recording = dataclasses.replace(recording, record=new_record(7201 * SECOND, plan.params.redis.nodes, 1))
    assert recording.record.band_s[0] == 3
    turn_to(recording.record, 4 * SECOND)
    add_latency(recording.record, 0, 0, 5 * MILLISECOND)
    shown = series_of(plan, recording)["latency_join_p50_ms"]
    assert shown.notna().tolist() == [False] * 3 + [True] * 3 + [False] * 3
