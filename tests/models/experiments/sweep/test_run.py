"""A sweep run in this process: common seeds, estimates over them, and honest progress when taken up again."""

from pathlib import Path

import pytest

from models.experiments.replication import ScenarioTask
from models.experiments.sweep.cells import Cell, cells_of
from models.experiments.sweep.design import Design, design_of
from models.experiments.sweep.run import run_sweep
from models.results.result import PREDICTION
from sim.estimate import Estimate
from sim.workers import Workers

TINY = ("clients.count=60", "event.seats=5", "run.duration_s=20", "admission.burst=1", "clients.poll_interval_s=1")


@pytest.fixture(scope="module")
def design() -> Design:
    return design_of(["admission.rate_rps=5,20"], None, 1)


@pytest.fixture(scope="module")
def cells(design: Design) -> tuple[Cell, ...]:
    return cells_of("onsale-small", TINY, design)


def test_each_cell_is_estimated_over_the_same_seeds(design: Design, cells: tuple[Cell, ...]) -> None:
    found = run_sweep(design, cells, [3, 4], Workers(1))
    for judged, cell in zip(found.cells, cells, strict=True):
        assert judged.cell is cell
        alone = [cell.task(seed).kpis for seed in (3, 4)]
        assert judged.estimates["wait.mean_s"] == Estimate.of(kpis["wait.mean_s"] for kpis in alone)
    assert (found.run, found.found, found.seeds) == (4, 0, (3, 4))
    # more tokens a second, shorter waits, and the level of 300 s met by both
    waits = [judged.level("mean_wait_s").value for judged in found.cells]
    assert waits[0] > waits[1]  # type: ignore[operator]
    assert all(judged.level("mean_wait_s").met for judged in found.cells)
    # a run of 20 s ends before pages in the background, which ask once a minute, have heard of their turn
    unserved = [judged.level("unserved_percent") for judged in found.cells]
    assert [judged.holds for judged in found.cells] == [row.met for row in unserved]


def test_where_the_profile_is_drawn_an_interval_is_of_one_more_sale_and_within_what_can_be(design: Design) -> None:
    drawn = cells_of("onsale-small", TINY, design, drawn=True)
    found = run_sweep(design, drawn, [3, 4, 5], Workers(1))
    samples = [drawn[0].task(seed).kpis["latency.status_p50_ms"] for seed in (3, 4, 5)]
    wanted, estimate = Estimate.of_one_more(samples), found.cells[0].estimates["latency.status_p50_ms"]
    assert (estimate.low, estimate.high) == (max(0.0, wanted.low or 0.0), wanted.high)
    assert found.cells[0].estimates["errors.rate_percent"].high <= 100  # type: ignore[operator]
    assert found.intervals == (PREDICTION,)
    assert run_sweep(design, drawn, [3], Workers(1)).intervals == ()


def test_progress_is_that_of_what_was_left_to_run(
    design: Design, cells: tuple[Cell, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sweep(design, cells[:1], [1, 2], Workers(1), tmp_path)
    told: list[tuple[float, int, float, str]] = []
    again = run_sweep(design, cells, [1, 2], Workers(1), tmp_path, lambda *state: told.append(state))
    assert (again.found, again.run) == (2, 2)
    assert [(fraction, note) for fraction, _, _, note in told] == [(0.5, "1 of 2 cells"), (1.0, "2 of 2 cells")]
    assert told[-1][1] == again.cells[1].estimates["requests.total"].best * 2  # requests of this start alone
    monkeypatch.setattr(ScenarioTask, "__call__", None)  # from now on a run that is not stored fails
    assert run_sweep(design, cells, [1, 2], Workers(1), tmp_path).cells == again.cells
