import pytest

from models.engine.record import BUSY_NS, COMMANDS, NODES, PER_NODE, Column
from models.results.stages import stages_of
from models.vocabulary.operations import Op
from models.vocabulary.units import MILLISECOND, SECOND
from sim.histogram import bucket_of
from tests.models.recordings import blank, planned


def test_an_on_sale_has_no_stages() -> None:
    plan = planned()
    assert stages_of(plan, blank(plan, 10), 0) == ()


def test_a_stage_leaves_its_settling_time_out() -> None:
    plan = planned(name="ladder-index")
    recording = blank(plan, 300)
    rows, column = recording.record.series, NODES + PER_NODE * 2
    rows[60:70, column + BUSY_NS] = SECOND  # settling
    rows[70:120, column + BUSY_NS] = SECOND // 5
    rows[70:120, column + COMMANDS] = 20_000
    rows[70:120, Column.ANSWERED + Op.STATUS] = 4_500
    rows[70:120, Column.ANSWERED + Op.JOIN] = 250
    rows[70:120, Column.FAILED_CLIENT_TIMEOUT] = 250
    recording.record.counts[1, Op.STATUS, bucket_of(8 * MILLISECOND)] = 100
    recording.record.total[1, Op.STATUS] = 800 * MILLISECOND
    stage = stages_of(plan, recording, hot_node=2)[1]
    assert (stage.name, stage.rate_rps, stage.users, stage.start_s, stage.end_s) == ("5,000 RPS", 5000, None, 70, 120)
    assert stage.engine_cpu_percent == pytest.approx(20)
    assert stage.commands_per_s == pytest.approx(20_000)
    assert stage.answered_rps == pytest.approx(4_750)
    assert stage.error_percent == pytest.approx(5)
    assert stage.status_p50_ms == pytest.approx(8, rel=0.004)


def test_a_stage_without_answers_has_no_latency() -> None:
    plan = planned(name="ladder-index")
    stage = stages_of(plan, blank(plan, 300), 0)[0]
    assert stage.status_p50_ms is stage.status_p99_ms is None
    assert stage.error_percent == 0


def test_seconds_that_belong_to_a_stage_in_part_count_in_part() -> None:
    stages = "clients.load.stages=[{users: 10, duration_s: 2.5}, {users: 20, duration_s: 2.5}]"
    plan = planned("clients.load.settle_s=0.5", stages, "run.duration_s=5", name="ladder-keys-closed")
    recording = blank(plan, 5)
    recording.record.series[:5, Column.ANSWERED] = [0, 0, 8, 0, 0]
    first, second = stages_of(plan, recording, 0)
    assert (first.users, first.rate_rps, first.name) == (10, None, "10 users")
    assert first.answered_rps == pytest.approx(4 / 2)  # half of second 2 in 0.5 s to 2.5 s
    assert (second.start_s, second.answered_rps) == (3.0, 0)
