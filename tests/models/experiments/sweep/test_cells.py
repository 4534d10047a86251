"""Every cell is a scenario its models accept, or the sweep is refused with the cell and the parameter named."""

from pathlib import Path

import pytest

from models.experiments.replication import ScenarioTask
from models.experiments.sweep.cells import cells_of, label
from models.experiments.sweep.design import design_of
from models.scenario import load_scenario
from sim.errors import BadInput


def test_a_cell_is_the_scenario_one_would_get_by_set() -> None:
    design = design_of(["redis.shards=3,5", "clients.poll_interval_s=2,4.5"], None, 1)
    cells = cells_of("onsale-small", ["gateway.pods=4"], design)
    for cell in cells:
        settings = ["gateway.pods=4", *(f"{path}={value}" for path, value in cell.point.items())]
        wanted = load_scenario("onsale-small", settings)
        assert cell.scenario == wanted
        assert cell.task == ScenarioTask.of(wanted, "kernel")
    assert label(cells[1].point) == "redis.shards=3, clients.poll_interval_s=4.5"


def test_a_kind_of_load_can_be_varied() -> None:
    loads = "{mode: onsale},{mode: open_loop, stages: [{rate_rps: 50, duration_s: 20}]}"
    cells = cells_of("onsale-small", (), design_of([f"clients.load={loads}"], None, 1))
    assert [cell.scenario.clients.load.mode for cell in cells] == ["onsale", "open_loop"]


@pytest.mark.parametrize(
    ("vary", "settings", "message"),
    [
        ("redis.shards=3,0", [], "redis.shards: 0 is not allowed; must be an integer from 1"),
        ("redis.shard=3,5", [], "redis.shard: unknown key; did you mean redis.shards?"),
        ("redis.profile=talk-m7g,talk-m8g", [], "redis.profile: 'talk-m8g' is not known"),
        ("admission.rate_rps=10,5000", [], "admission.rate_rps=5000: admission.call_window: 1000 is not allowed"),
        ("redis.shards=3,5", ["redis.shards=4"], "--set: redis.shards is varied too"),
        ("redis.shards=3,5", ["gateway.pods=0"], "gateway.pods: 0 is not allowed"),
        ("name=a,b", [], "name=a and name=b are the same simulation"),
        ("redis.shards.x=3,5", [], "redis.shards: a mapping of 1 is not allowed"),
    ],
)
def test_the_first_impossible_cell_is_named(vary: str, settings: list[str], message: str) -> None:
    with pytest.raises(BadInput) as refused:
        cells_of("onsale-small", settings, design_of([vary], None, 1))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_scenario_nobody_knows_is_no_fault_of_a_cell(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^scenario: 'onsale-smal' is not known"):
        cells_of("onsale-smal", (), design_of(["redis.shards=3,5"], None, 1))


def test_a_trace_that_changed_since_the_start_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("arrival_s\n" + "\n".join(["1.0"] * 20) + "\n")
    settings = ["clients.count=20", f"clients.arrival={{profile: trace, file: {trace}}}", "run.duration_s=5"]
    (cell,) = cells_of("onsale-small", settings, design_of(["redis.shards=3"], None, 1))
    cell.task(1)
    trace.write_text("arrival_s\n" + "\n".join(["2.0"] * 20) + "\n")
    with pytest.raises(BadInput, match=r"clients\.arrival\.file: .* has changed"):
        cell.task(1)
