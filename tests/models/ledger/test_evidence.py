"""Evidence from runs: found again instead of run again, and with intervals that can be."""

from pathlib import Path

import pytest

from models.ledger import evidence as module
from models.ledger.evidence import gather
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import Run
from models.preparing import prepare
from sim.workers import Workers

SMALL = ("clients.count=300", "event.seats=20", "run.duration_s=30")
STAGES = "clients.load.stages=[{rate_rps: 50, duration_s: 1}, {rate_rps: 99, duration_s: 1}]"
LADDER = ("clients.count=50", "run.duration_s=2", "clients.load.settle_s=0", STAGES)
RUNS = {
    "one": Run("onsale-small", SMALL),
    "three": Run("onsale-small", SMALL, 3),
    "same": Run("onsale-small", SMALL),
    "ladder": Run("ladder-index", LADDER),
}


@pytest.fixture(autouse=True)
def _few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("kernel")
    monkeypatch.setattr(module, "RUNS", RUNS)


def test_runs_are_gathered_once_and_found_again(tmp_path: Path) -> None:
    told: list[str] = []
    with Workers(1) as crew:
        first = gather(list(RUNS), crew, tmp_path, lambda fraction, requests, wall_s, note: told.append(note))
        again = gather(list(RUNS), crew, tmp_path)
    # "one" and "same" are one simulation
    assert told[-1] == "5 of 5 runs"
    assert {name: item.found.outcomes.keys() for name, item in first.items()} == {
        "one": {1}, "three": {1, 2, 3}, "same": {1}, "ladder": {1},
    }  # fmt: skip
    for name, item in first.items():
        assert again[name].found == item.found
        assert item.best("requests.total") > 0


def test_an_interval_holds_its_best_value_and_stays_possible(tmp_path: Path) -> None:
    with Workers(1) as crew:
        three = gather(["three"], crew, tmp_path)["three"]
    for name in three.found.kpi_names:
        found = three.kpi(name)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.best <= found.high
        if name.endswith("_percent"):
            assert 0 <= found.low <= found.high <= 100


def test_stages_of_a_ladder_are_evidence_of_their_own(tmp_path: Path) -> None:
    with Workers(1) as crew:
        ladder = gather(["ladder"], crew, tmp_path)["ladder"]
    assert ladder.best("stage.1.answered_rps") > ladder.best("stage.0.answered_rps")
    assert len(ladder.series("pods_ready")) == 2
    assert ladder.limits


def test_what_is_stored_reads_back(tmp_path: Path) -> None:
    task = EvidenceTask.of(RUNS["one"].load(), drawn=False)
    outcome = task(1)
    assert Observed.from_json(outcome.payload.to_json()) == outcome.payload
