"""The mesh on both engines: the same nanosecond by nanosecond, and what it adds is what was published."""

import numpy as np
import pytest

from models.engine.record import Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.vocabulary.operations import Op
from models.vocabulary.units import MILLISECOND
from sim.draws import table_draws
from tests.models.kubernetes.test_cluster import QUICK
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, level, recording_of, total

SMALL = ("clients.count=300", "run.duration_s=20", "event.choose.median_s=1")
ALONE = (
    "clients.load.stages=[{rate_rps: 300, duration_s: 60}]",
    "clients.load.settle_s=0",
    "clients.count=300",
    "run.duration_s=61",
    "gateway.pods=10",
    "gateway.cpu_cores=40",
)
"""So few requests that none waits for another's CPU, and a pass of Redis is seldom shared."""
NEVER_FIRST = "mesh.first_connection_ms=0"


def meshed(*settings: str, base: tuple[str, ...] = SMALL, name: str = "onsale-small") -> Plan:
    return planned(*base, *settings, name=name)


def scaled(*settings: str) -> Plan:
    return planned(*QUICK[1:], *settings, name=QUICK[0])


def mean_ms(recording: Recording, op: Op) -> float:
    return float(recording.record.total[:, op].sum() / recording.record.counts[:, op].sum() / MILLISECOND)


@pytest.mark.parametrize(
    "settings",
    [
        ("mesh.mode=sidecar",),
        ("mesh.mode=ambient",),
        ("mesh.mode=ambient", "mesh.waypoint=true"),
        ("mesh.mode=ambient", "mesh.captures_clients=false"),
        ("mesh.mode=sidecar", "mesh.figures=talk"),
    ],
)
def test_engines_agree_and_requests_take_longer(settings: tuple[str, ...]) -> None:
    plan, without = meshed(*settings), meshed()
    assert_agreement(plan)
    slower = mean_ms(recording_of(plan), Op.RESERVE) - mean_ms(recording_of(without), Op.RESERVE)
    assert slower > 0.05


@pytest.mark.parametrize("mode", ["sidecar", "ambient"])
def test_engines_agree_where_pods_start_and_the_first_to_come_wait(mode: str) -> None:
    slow = scaled(f"mesh.mode={mode}", "mesh.first_connection_ms=3000")
    assert_agreement(slow)
    found, at_once = recording_of(slow), recording_of(scaled(f"mesh.mode={mode}", NEVER_FIRST))
    # the highest bucket of statuses in which there is one
    highest = [int(np.flatnonzero(r.record.counts[0, Op.STATUS])[-1]) for r in (found, at_once)]
    assert highest[0] > highest[1]
    assert found.failed == at_once.failed == 0


def test_who_passes_no_proxy_waits_for_none() -> None:
    """Only reservations are called on; nobody else waits for a first connection that is not captured."""
    found, at_once = (
        recording_of(scaled("mesh.mode=ambient", "mesh.captures_clients=false", f"mesh.first_connection_ms={ms}"))
        for ms in (3000, 0)
    )
    assert np.array_equal(found.record.counts[:, Op.JOIN], at_once.record.counts[:, Op.JOIN])
    assert (
        found.record.counts[:, Op.STATUS].nonzero()[1].max() == at_once.record.counts[:, Op.STATUS].nonzero()[1].max()
    )


def test_warm_pods_have_their_connections() -> None:
    found, at_once = (recording_of(meshed("mesh.mode=sidecar", f"mesh.first_connection_ms={ms}")) for ms in (60_000, 0))
    assert np.array_equal(found.record.counts, at_once.record.counts)


@pytest.mark.parametrize(("mode", "p90_ms", "p99_ms"), [("sidecar", 0.63, 0.88), ("ambient", 0.17, 0.20)])
def test_a_call_gets_what_istio_published_for_both_ends_and_an_arrival_half(
    mode: str, p90_ms: float, p99_ms: float
) -> None:
    network = meshed(f"mesh.mode={mode}").params.network
    for table, ends in ((network.added[1], 2), (network.added[0], 1)):
        drawn = table_draws(table, np.uint64(7), 400_000) / MILLISECOND
        assert np.quantile(drawn, [0.9, 0.99]) == pytest.approx([p90_ms * ends / 2, p99_ms * ends / 2], rel=0.02)


@pytest.mark.parametrize(("mode", "p50_ms", "p99_ms"), [("ambient", 10.5, 53.0), ("sidecar", 12.0, 65.0)])
def test_with_the_talks_figures_latencies_become_those_of_the_talk(mode: str, p50_ms: float, p99_ms: float) -> None:
    """Latencies without a mesh: lognormal with p50 10 and p99 50 ms."""
    network = meshed(f"mesh.mode={mode}", "mesh.figures=talk").params.network
    drawn = table_draws(network.added[0], np.uint64(7), 1_000_000) / MILLISECOND
    plain = 10 * np.exp(np.log(5) / 2.3263 * np.random.default_rng(1).standard_normal(drawn.size))
    assert np.quantile(plain + drawn, [0.5, 0.99]) == pytest.approx([p50_ms, p99_ms], rel=0.02)
    assert network.added[1].max() == 0, "all of it is in what a client sees"


@pytest.mark.parametrize("mode", ["sidecar", "ambient"])
def test_a_run_is_longer_by_the_mean_of_what_is_added(mode: str) -> None:
    """Requests are drawn the same without a mesh: of 18,000 pairs few share a pass in one of the two alone."""
    base, name = ALONE, "ladder-index"
    plan = meshed(f"mesh.mode={mode}", base=base, name=name)
    slower = mean_ms(recording_of(plan), Op.STATUS) - mean_ms(recording_of(meshed(base=base, name=name)), Op.STATUS)
    drawn = table_draws(plan.params.network.added[0], np.uint64(3), 400_000) / MILLISECOND
    assert slower == pytest.approx(drawn.mean(), rel=0.03)


def test_a_sidecar_is_on_the_pods_meter_and_takes_none_of_its_cores() -> None:
    """Beside the pod's own CPU, which is the same: 0.2 ms a passing, of which a reservation has two."""
    plan, without = scaled("mesh.mode=sidecar", NEVER_FIRST), scaled()
    taken = plan.params.service.proxy_cpu / plan.params.service.cpu_mean.max() * without.scenario.gateway.cpu_us.status
    assert taken[[Op.JOIN, Op.STATUS, Op.RESERVE]] == pytest.approx([200, 200, 400])
    assert taken[Op.READINESS] == taken[Op.LIVENESS] == 0
    both = [total(recording_of(plan), Column.GATEWAY_BUSY_NS), total(recording_of(without), Column.GATEWAY_BUSY_NS)]
    assert both[0] == pytest.approx(both[1], rel=0.05)


def test_an_autoscaler_sees_the_sidecars() -> None:
    """900 who poll every 0.14 s: 5,000 statuses a second of 0.1 ms are two pods at 75 % of 0.4 cores; with 0.2 ms more
    they are four, of the 0.5 that a pod asks for with its sidecar."""
    busy = ("gateway.cpu_us={status: 100}", "clients.poll_interval_s=0.1", "clients.count=900", "run.duration_s=40")
    most = [
        max(level(recording_of(scaled(*busy, f"mesh.mode={mode}", NEVER_FIRST)), Level.PODS_WANTED))
        for mode in ("ambient", "sidecar")
    ]
    assert most[0] == 2
    assert most[1] >= 4
