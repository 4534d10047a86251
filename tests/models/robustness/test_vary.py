"""Assumptions varied on common random numbers: a row is what runs with its value conclude."""

from pathlib import Path

import pytest

from models.experiments.warm_up import prepare
from models.judge.robustness import HOLDS, JOINS, RATE
from models.judge.verdict import judge
from models.results.run_result import result_of
from models.robustness import vary as module
from models.robustness.assumptions import Assumption
from models.robustness.conclusions import Conclusion, conclusions_of
from models.robustness.task import Concluded, ConclusionTask
from models.robustness.vary import (
    DRAWS,
    HORIZON_S,
    LEAST,
    MORE,
    cells_of,
    robustness_of,
    shortened,
    undecided,
    variations,
)
from models.run.run import run_once
from models.scenario import Scenario, load_scenario
from sim.errors import BadInput
from sim.seeds import derived_seeds
from sim.workers import Workers

SMALL = (
    "clients.count=300",
    "event.seats=20",
    "run.duration_s=40",
    "admission.rate_rps=20",
    "admission.burst=100",
    "admission.call_window=10000",
)
VARIED = (
    Assumption(setting="clients.poll_interval_s", values=(5, 1), says="how often", origin="assumption"),
    Assumption(setting="admission.call_window", values=(10000, 20), says="how many", origin="assumption"),
    Assumption(setting="redis.shards", values=(5, 0), says="no such number", origin="assumption"),
)


@pytest.fixture(autouse=True)
def _few_assumptions(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("kernel")
    monkeypatch.setattr(module, "assumptions", lambda: VARIED)


def concluded(scenario: Scenario, seed: int) -> dict[str, Conclusion]:
    task = ConclusionTask.of(scenario).task
    result = result_of(run_once(scenario, task.profile_of(seed), seed, "kernel"), "kernel", 0.0)
    return {each.key: each for each in conclusions_of(result, scenario, judge(result, scenario))}


def test_a_row_is_what_a_run_with_its_value_concludes(tmp_path: Path) -> None:
    scenario = load_scenario("onsale-small", SMALL)
    told: list[float] = []
    with Workers(1) as crew:
        table = robustness_of(scenario, crew, tmp_path, lambda share, *rest: told.append(share))
        assert robustness_of(scenario, crew, tmp_path) == table
    assert told[-1] == 1.0
    seeds = derived_seeds(1, DRAWS)
    assert table.origin.seeds == seeds
    assert [(row.setting, row.value, bool(row.skipped)) for row in table.rows] == [
        ("clients.poll_interval_s", "1", False),
        ("admission.call_window", "20", False),
        ("redis.shards", "0", True),
    ]
    # a window of twenty calls cannot keep 20 admissions a second with polls every five seconds
    narrow = table.rows[1].cells[RATE]
    assert table.base[RATE].says == "20 admissions per second are kept up"
    assert narrow.says == "20 admissions per second are not reached"
    assert narrow.n == table.rows[1].n == MORE
    assert all(row.n >= LEAST for row in table.varied)
    alone = load_scenario("onsale-small", (*SMALL, "admission.call_window=20"))
    reached = [concluded(alone, seed)[RATE].value or 0.0 for seed in seeds[:MORE]]
    assert (narrow.low, narrow.high) == (min(reached), max(reached))
    assert not table.survives(RATE)
    assert table.survives(JOINS)


def conclusion(value: float, limit: float = 90.0) -> Conclusion:
    return Conclusion("cpu", f"the engine is {'within' if value <= limit else 'beyond'} 90 %", value, "percent", limit)


def test_one_replication_is_enough_where_no_draw_of_the_base_would_be_on_the_other_side() -> None:
    base = {seed: [conclusion(value)] for seed, value in ((1, 50.0), (2, 55.0), (3, 45.0))}
    assert not undecided(base, [conclusion(60.0)], 1)
    # 85 x 55 / 50 is beyond
    assert undecided(base, [conclusion(85.0)], 1)
    # it contradicts the base
    assert undecided(base, [conclusion(100.0)], 1)
    assert undecided(base, [Conclusion("bots", "something new")], 1)


def test_replications_that_do_not_agree_leave_it_open() -> None:
    cell = cells_of({1: [conclusion(80.0)], 2: [conclusion(95.0)]})["cpu"]
    assert (cell.says, cell.low, cell.high, cell.n) == (None, 80.0, 95.0, 2)
    missing = cells_of({1: [conclusion(80.0)], 2: []})["cpu"]
    assert missing.says is None


def test_a_long_on_sale_is_cut_and_a_ladder_refused(tmp_path: Path) -> None:
    scenario = load_scenario("onsale-300k")
    assert shortened(scenario).run.duration_s == scenario.event.opens_at_s + HORIZON_S
    assert shortened(load_scenario("onsale-small", SMALL)).run.duration_s == 40
    with Workers(1) as crew, pytest.raises(BadInput, match="--robust: ladder-index is a load"):
        robustness_of(load_scenario("ladder-index"), crew, tmp_path)


def test_every_value_but_the_scenarios_own_is_varied() -> None:
    points, skipped = variations(load_scenario("onsale-small", (*SMALL, "clients.poll_interval_s=1")))
    assert [point.value for point in points] == ["5", "20"]
    assert [row.value for row in skipped] == ["0"]
    assert "redis.shards" in skipped[0].skipped


def test_conclusions_are_stored_and_read_back() -> None:
    outcome = ConclusionTask.of(load_scenario("onsale-small", SMALL))(1)
    assert Concluded.from_json(outcome.payload.to_json()) == outcome.payload
    found = {each.key: each.says for each in outcome.payload.by_seed[1]}
    assert found[JOINS] == "one event's 300 joins do not saturate one primary"
    assert found[HOLDS] == "the design holds"


def test_joins_saturate_a_primary_for_as_long_as_they_take_to_serve() -> None:
    """All at once, they last their number over what a full second of the engine thread answers."""
    sets = ("clients.count=200000", "run.duration_s=16", "clients.arrival.reaction_median_s=0.05")
    slow_polls = ("clients.poll_interval_s=60", "clients.bots.poll_interval_s=60", "waiting_room.heartbeat_ttl_s=300")
    scenario = load_scenario("onsale-300k", (*sets, *slow_polls))
    task = ConclusionTask.of(scenario).task
    result = result_of(run_once(scenario, task.profile, 1, "kernel"), "kernel", 0.0)
    found = {each.key: each for each in conclusions_of(result, scenario, judge(result, scenario))}[JOINS]
    assert found.says == "one event's 200,000 joins saturate one primary"
    per_second = float(result.series["answered_join"].max())
    # the seconds in which the first comes and the last goes are not full
    assert found.value == pytest.approx(200_000 / per_second, abs=2)
    assert found.value > 3
