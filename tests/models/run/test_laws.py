"""Every law holds in real runs, and each can fail: a recording is doctored for it."""

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.engine.record import BUSY_NS, NODES, WAIT, Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.redis_costs.parts import CommandCost
from models.redis_costs.profile import load_profile
from models.results.run_result import result_of
from models.run import laws
from models.run.laws import LawBroken
from models.run.run import Finished, run_once
from models.scenario import load_scenario
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND
from tests.strategies.scenarios import cases


def run(name: str, *settings: str, seed: int = 1) -> Finished:
    """A real run; it checks the laws itself."""
    scenario = load_scenario(name, settings)
    return run_once(scenario, load_profile(scenario.redis.profile), seed, "kernel")


# runs in which something goes wrong: lost places, failures, reads that lag, people who vanish
RUNS = {
    "as it is": ("onsale-small",),
    "announced": ("onsale-small", "event.on_sold_out=announce"),
    "impatient": ("onsale-small", "clients.patience={median_s: 15, sigma: 1}", "clients.leave_share=0.5"),
    "vanishing": (
        "onsale-small",
        "clients.patience={median_s: 10}",
        "clients.leave_share=0",
        "waiting_room.heartbeat_ttl_s=16",
    ),
    "calls lapse": (
        "onsale-small",
        "clients.poll_interval_s=20",
        "waiting_room.heartbeat_ttl_s=60",
        "admission.call_ttl_s=4",
    ),
    "tabs": ("onsale-small", "clients.tabs={1: 0.5, 3: 0.5}", "waiting_room.events=3"),
    "short timeouts": ("onsale-small", "clients.timeout_s=0.04"),
    "small pools": (
        "onsale-small",
        "gateway.redis_pool_size=1",
        "gateway.redis_pool_timeout_s=0.01",
        "gateway.clock_skew_ms=300",
    ),
    "refused": ("onsale-small", "gateway.worker_slots=1", "gateway.backlog=1"),
    "small backend": ("onsale-small", "backend.reservation_capacity_rps=5", "backend.reservation_service_ms=200"),
    "several seats": ("onsale-small", "event.seats_per_order=7", "event.seats=300", "event.conversion=0.5"),
    "replicas": ("onsale-small", "waiting_room.replica_reads=true", "redis.replicas_per_shard=2"),
    "strict counter": ("onsale-small", "waiting_room.ticket_order=counter", "clients.poll_from=schedule"),
    "opens later": ("onsale-small", "event.opens_at_s=30.5", "clients.arrival={profile: uniform, over_s: 20}"),
    "a primary dies": ("onsale-small", "faults=[{kind: redis_failover, at_s: 9, replication_lag_ms: 4000}]"),
    "a primary dies in a long pass": (
        "onsale-small",
        "redis.profile=x86-measured",
        "waiting_room.core=keys",
        "faults=[{kind: redis_failover, at_s: 2.2, detection_s: 3}]",
    ),
    "a host is gone": ("onsale-small", "faults=[{kind: redis_failover, at_s: 9, lost: host}]"),
    "a primary without replica dies": (
        "onsale-small",
        "redis.replicas_per_shard=0",
        "faults=[{kind: redis_failover, at_s: 30, replacement_s: 20}]",
    ),
    "open loop": (
        "ladder-index",
        "run.duration_s=3",
        "clients.load.settle_s=0",
        "clients.load.stages=[{rate_rps: 900, duration_s: 3}]",
    ),
    "overload": (
        "ladder-keys",
        "run.duration_s=9",
        "clients.load.settle_s=0",
        "clients.timeout_s=2",
        "clients.load.stages=[{rate_rps: 2000, duration_s: 9}]",
    ),
    "an open loop that sends nothing, with an autoscaler": (
        "onsale-small",
        "run.duration_s=10",
        "clients.load={mode: open_loop, settle_s: 0, stages: [{rate_rps: 0.01, duration_s: 5}]}",
        "autoscaling={min_pods: 1, max_pods: 4}",
    ),
    "calls lapse while their people are throttled": (
        "onsale-small",
        "clients.count=60",
        "clients.poll_interval_s=0.1",
        "clients.bots.poll_interval_s=0.1",
        "waiting_room.events=7",
        "admission={rate_rps: 0.4, burst: 7, call_window: 70, call_ttl_s: 0.1}",
        "run.duration_s=60",
    ),
    "the shard takes many in shortly before the end, and has told none of them": (
        "onsale-small",
        "clients.count=2000",
        "clients.arrival={profile: uniform, over_s: 0}",
        "redis.profile=x86-measured",
        "waiting_room.core=keys",
        "run.duration_s=9",
    ),
    "joins that their people have given up on are executed later": (
        "onsale-small",
        "clients.count=900",
        "clients.timeout_s=0.2",
        "clients.patience={median_s: 1, sigma: 0}",
        "redis.profile=x86-measured",
        "waiting_room.core=keys",
        "waiting_room.heartbeat_ttl_s=600",
        "run.duration_s=60",
    ),
    "closed loop": (
        "ladder-keys-closed",
        "run.duration_s=6",
        "clients.load.settle_s=0",
        "clients.load.stages=[{users: 90, duration_s: 6}]",
    ),
}


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS.keys())
def test_the_laws_hold(settings: tuple[str, ...]) -> None:
    for seed in (1, 2):
        run(*settings, seed=seed)


EXAMPLES = 50_000 if os.environ.get("BREAKWATER_NIGHTLY") else None


@settings(
    max_examples=EXAMPLES or 100,
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_the_laws_hold_in_any_scenario_and_it_has_results(data: st.DataObject, tmp_path: Path) -> None:
    case = data.draw(cases(tmp_path))
    result_of(run_once(case.scenario, case.profile, case.seed, "kernel"), "kernel", 0.0)


def test_the_results_of_a_profile_whose_calls_cost_nothing_have_a_ceiling() -> None:
    profile = load_profile("talk-m7g")
    nothing = dict.fromkeys(profile.commands, CommandCost(call_us=0, element_us=0, depth_us=0))
    engine = profile.engine.model_copy(update={"io_us": 0, "io_warm_us": 0, "garbage_us": 0, "replica_feed_us": 0})
    free = profile.model_copy(
        update={"commands": nothing, "engine": engine, "script_overhead_us": 0, "scripts": {}},
    )
    scenario = load_scenario("onsale-small", ("clients.count=30",))
    assert result_of(run_once(scenario, free, 1, "kernel"), "kernel", 0.0).facts["ceiling_rps"] == SECOND


@pytest.fixture(scope="module")
def finished() -> Finished:
    return run("onsale-small")


@pytest.fixture
def plan(finished: Finished) -> Plan:
    return finished.plan


@pytest.fixture
def doctored(finished: Finished) -> Recording:
    """A copy of a real recording to change."""
    recording = finished.recording
    record = recording.record
    return dataclasses.replace(
        recording,
        record=record._replace(series=record.series.copy(), counts=record.counts.copy(), total=record.total.copy()),
        sessions=type(recording.sessions)(*(array.copy() for array in recording.sessions)),
        waiting=recording.waiting.copy(),
        sold=recording.sold.copy(),
    )


def broken(check: Callable[..., None], *arguments: object) -> str:
    with pytest.raises(LawBroken) as caught:
        check(*arguments)
    assert re.search(r"\d", str(caught.value))  # a law names its numbers
    return str(caught.value)


def test_a_request_that_vanishes(doctored: Recording) -> None:
    sent = doctored.sent
    message = broken(laws.check_requests, dataclasses.replace(doctored, answered=doctored.answered - 1))
    assert f"clients: {sent} requests came" in message
    broken(laws.check_requests, dataclasses.replace(doctored, awaited=1))


@pytest.mark.parametrize("part", ["service", "reservation", "redis"])
@pytest.mark.parametrize("field", ["came", "went", "inside"])
def test_a_request_that_vanishes_in_a_part(doctored: Recording, part: str, field: str) -> None:
    flow = doctored.parts[part]
    assert flow.came > flow.inside == 0
    one_more = flow._replace(**{field: getattr(flow, field) + 1})
    message = broken(laws.check_requests, dataclasses.replace(doctored, parts={**doctored.parts, part: one_more}))
    assert message.startswith(f"{part}: ")


def test_requests_that_are_inside_when_the_run_ends() -> None:
    """Few workers, a long backlog, slow nodes and a slow backend: the law holds with something in every part."""
    slow = ("run.duration_s=7", "clients.poll_interval_s=1", "gateway.worker_slots=200", "gateway.backlog=16384")
    nodes = ("redis.profile=x86-measured", "waiting_room.core=keys")
    backend = ("backend={reservation_capacity_rps: 5, reservation_service_ms: 400}", "event.choose.median_s=0.1")
    flows = run("onsale-small", *slow, *nodes, *backend).recording.flows
    assert min(flow.inside for flow in flows.values()) > 0


def test_requests_that_the_seconds_do_not_know(doctored: Recording) -> None:
    doctored.record.series[7, Column.SENT + Op.STATUS] += 1
    assert "by the second" in broken(laws.check_requests, doctored)


def test_an_answer_without_a_latency(doctored: Recording) -> None:
    counts = doctored.record.counts[0, Op.ENTER]
    counts[counts.argmax()] -= 1
    assert "enter" in broken(laws.check_requests, doctored)


@pytest.mark.parametrize(
    "column", ["JOINED", "ADMITTED_BY_BUCKET", "LEFT", "EXPIRED", "LAPSED", "PLACES_LOST", "PLACES_RETURNED"]
)
def test_a_place_that_vanishes(plan: Plan, doctored: Recording, column: str) -> None:
    doctored.record.series[7, Column[column]] += 1
    assert "places taken" in broken(laws.check_places, plan, doctored)


def test_a_place_that_nobody_holds(plan: Plan, doctored: Recording) -> None:
    doctored.waiting[0] += 1
    doctored.record.series[7, Column.JOINED] += 1
    assert "hold a place" in broken(laws.check_places, plan, doctored)


def test_a_client_who_dreams_of_being_admitted(plan: Plan, doctored: Recording) -> None:
    doctored.record.series[7, Column.ADMITTED_BY_BUCKET] -= 1
    doctored.record.series[7, Column.LEFT] += 1
    assert "know that they were admitted" in broken(laws.check_places, plan, doctored)


def test_a_seat_sold_twice(plan: Plan, doctored: Recording) -> None:
    doctored.sold[0] += 1
    assert "300 seats and sold 301" in broken(laws.check_seats, plan, doctored)


def test_a_seat_sold_to_nobody(plan: Plan, doctored: Recording) -> None:
    holder = int(doctored.sessions.holds.argmax())
    doctored.sessions.holds[holder] = doctored.sessions.bought[holder] = False
    assert "299 are held" in broken(laws.check_seats, plan, doctored)


def test_a_seat_sold_in_no_second(plan: Plan, doctored: Recording) -> None:
    doctored.record.series[doctored.record.series[:, Column.SOLD].argmax(), Column.SOLD] -= 1
    assert "299 by the second" in broken(laws.check_seats, plan, doctored)


def test_a_seat_held_without_admission(plan: Plan, doctored: Recording) -> None:
    doctored.sessions.admitted[doctored.sessions.holds.argmax()] = False
    assert "without having been admitted" in broken(laws.check_seats, plan, doctored)


def test_a_client_who_dreams_of_a_seat(plan: Plan, doctored: Recording) -> None:
    doctored.sessions.bought[(~doctored.sessions.holds).argmax()] = True
    assert "do not hold" in broken(laws.check_seats, plan, doctored)


def with_admissions(recording: Recording, by_second: list[int]) -> Recording:
    recording.record.series[:, Column.ADMITTED_BY_BUCKET] = 0
    recording.record.series[: len(by_second), Column.ADMITTED_BY_BUCKET] = by_second
    return recording


@pytest.mark.parametrize(
    ("by_second", "window"),
    [
        # rate 100/s, burst 500: the bucket begins full, and the last millisecond of a window brings nothing more to it
        ([599, 100, 100], None),
        ([0, 0, 0, 599, 100], None),
        ([600], "seconds 0 to 0"),
        ([0, 350, 350], "seconds 1 to 2"),
        ([100, 350, 100, 350, 99, 0], "seconds 0 to 3"),
    ],
)
def test_admissions_stay_below_burst_and_rate_in_every_window(
    plan: Plan, doctored: Recording, by_second: list[int], window: str | None
) -> None:
    recording = with_admissions(doctored, by_second)
    if window is None:
        laws.check_admissions(plan, recording)
    else:
        assert window in broken(laws.check_admissions, plan, recording)


def test_a_bucket_gives_again_what_went_with_its_primary_and_no_more(plan: Plan, doctored: Recording) -> None:
    recording = with_admissions(doctored, [0, 350, 350])
    recording.record.series[2, Column.ADMISSIONS_LOST] = 1
    laws.check_admissions(plan, recording)
    recording.record.series[2, Column.ADMITTED_BY_BUCKET] += 1
    assert "seconds 1 to 2" in broken(laws.check_admissions, plan, recording)


def test_an_engine_thread_that_works_more_than_time_passes(plan: Plan, doctored: Recording) -> None:
    doctored.record.series[7, NODES + BUSY_NS] = SECOND
    laws.check_work(plan, doctored)
    doctored.record.series[7, NODES + BUSY_NS] = SECOND + 1
    assert "second 7" in broken(laws.check_work, plan, doctored)


def test_pods_that_work_more_than_they_have_cores(plan: Plan, doctored: Recording) -> None:
    doctored.record.series[9, Column.GATEWAY_BUSY_NS] = (
        plan.params.service.pods * plan.params.service.cores * SECOND + 1
    )
    assert "second 9" in broken(laws.check_work, plan, doctored)


def test_an_admission_without_a_wait(plan: Plan, doctored: Recording) -> None:
    counts = doctored.record.counts[0, WAIT]
    counts[counts.argmax()] -= 1
    assert "waits" in broken(laws.check_waits, plan, doctored)


def test_waits_that_end_when_nobody_is_admitted(plan: Plan, doctored: Recording) -> None:
    admitted = doctored.record.series[:, Column.ADMITTED]
    admitted[:-1] = np.roll(admitted[:-1], 5)
    assert "by waits" in broken(laws.check_waits, plan, doctored)


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_a_line_whose_length_does_not_fit_the_waits(plan: Plan, doctored: Recording, factor: float) -> None:
    levels = doctored.record.series[:, Column.LEVELS + Level.WAITING]
    levels[:] = np.rint(factor * levels)
    assert "Little's law" in broken(laws.check_littles_law, plan, doctored)


def test_a_run_that_breaks_a_law_is_no_result(plan: Plan, doctored: Recording) -> None:
    laws.check(plan, doctored)
    with pytest.raises(LawBroken):
        laws.check(plan, dataclasses.replace(doctored, failed=doctored.failed + 1))
