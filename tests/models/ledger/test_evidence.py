"""Evidence from runs: found again instead of run again, and with intervals that can be."""

from pathlib import Path

import pytest

from models.experiments.simulate import simulate_many
from models.experiments.warm_up import prepare
from models.ledger import evidence as module
from models.ledger.entry import estimate_text
from models.ledger.evidence import EARLY, Evidence, gather
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import MOST, Run
from sim.outcome import Outcome, Replications
from sim.seeds import derived_seeds
from sim.workers import Workers

WAIT_S = 3.55
"""About the mean wait of the run that is close: within the interval of one more on-sale with any number of seeds."""
SMALL = ("clients.count=300", "event.seats=20", "run.duration_s=30")
STAGES = "clients.load.stages=[{rate_rps: 50, duration_s: 1}, {rate_rps: 99, duration_s: 1}]"
LADDER = ("clients.count=50", "run.duration_s=2", "clients.load.settle_s=0", STAGES)
RUNS = {
    "one": Run("onsale-small", SMALL),
    "four": Run("onsale-small", (*SMALL, "clients.poll_interval_s=4"), 4),
    "same": Run("onsale-small", SMALL),
    "close": Run("onsale-small", (*SMALL, "clients.poll_interval_s=3"), judged_by=(("wait.mean_s", WAIT_S),)),
    "ladder": Run("ladder-index", LADDER),
}


@pytest.fixture(autouse=True)
def _few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("kernel")
    monkeypatch.setattr(module, "RUNS", RUNS)


def test_runs_are_gathered_once_and_found_again(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    with Workers(1) as crew:
        first = gather(list(RUNS), crew, tmp_path, lambda share, requests, wall_s, note: told.append((share, note)))
        again = gather(list(RUNS), crew, tmp_path)
    seeds = derived_seeds(1, MOST)
    # "one" and "same" are one simulation; what lies within the interval of "close" gets all seeds there are
    assert told[-1] == (1.0, f"{3 + 4 + 3 + MOST} runs, more seeds where it is close")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert {name: tuple(item.found.outcomes) for name, item in first.items()} == {
        name: tuple(sorted(seeds[:n]))
        for name, n in {"one": 3, "four": 4, "same": 3, "close": MOST, "ladder": 3}.items()
    }
    for name, item in first.items():
        assert again[name].found == item.found
        assert item.best("requests.total") > 0
        assert item.command.endswith(f"--replications {len(item.found.outcomes)}")


def test_another_seed_is_other_evidence_and_its_command_says_so(tmp_path: Path) -> None:
    with Workers(1) as crew:
        mine, other = (gather(["one"], crew, tmp_path, seed=seed)["one"] for seed in (1, 2))
    assert not mine.found.outcomes.keys() & other.found.outcomes.keys()
    assert other.command.endswith("--replications 3 --seed 2")


def test_the_command_of_a_run_repeats_its_evidence(tmp_path: Path) -> None:
    with Workers(1) as crew:
        item = gather(["one"], crew, tmp_path)["one"]
    again = simulate_many(item.scenario, len(item.found.outcomes))
    for name in ("wait.mean_s", "requests.total"):
        assert again.best(name) == pytest.approx(item.best(name))


def test_an_early_look_decides_only_where_a_wide_interval_does() -> None:
    """Of 3 seeds with limits at the edge of their interval at 95 %, none is decided before more are run."""
    item = evidence_of("wait.mean_s", [10.0, 11.0, 12.0], limit=18.0)
    assert not item.kpi("wait.mean_s").excludes(10)
    assert item.decided()
    assert not item.decided(EARLY)
    assert evidence_of("wait.mean_s", [10.0, 11.0, 12.0], limit=400.0).decided(EARLY)


def test_a_count_that_never_varied_says_how_little_that_is() -> None:
    found = evidence_of("errors.rate_percent", [0.0] * 10, limit=1.0).kpi("errors.rate_percent")
    assert estimate_text(found, "percent") == "0 % (the same in all 10 runs, which leaves up to 26 % of others)"


def test_an_interval_holds_its_best_value_and_stays_possible(tmp_path: Path) -> None:
    with Workers(1) as crew:
        three = gather(["one"], crew, tmp_path)["one"]
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
    assert ladder.every_series("pods_ready") == [ladder.series("pods_ready")] * 3
    assert ladder.limits


def evidence_of(kpi: str, values: list[float], limit: float) -> Evidence:
    outcomes = {seed: Outcome({kpi: value}, Observed({}, {})) for seed, value in enumerate(values, 1)}
    run = Run("onsale-small", SMALL, judged_by=((kpi, limit),))
    return Evidence(run, run.load(), Replications("made-up", outcomes))


def test_what_is_stored_reads_back(tmp_path: Path) -> None:
    task = EvidenceTask.of(RUNS["one"].load(), drawn=False)
    outcome = task(1)
    assert Observed.from_json(outcome.payload.to_json()) == outcome.payload
