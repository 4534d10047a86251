"""Evidence from runs: found again instead of run again, and with intervals that can be."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.experiments.simulate import simulate_many
from models.experiments.warm_up import prepare
from models.ledger import evidence as module
from models.ledger.entry import estimate_text
from models.ledger.evidence import ERROR, SPENT, Evidence, gather
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import FEW, MOST, Run
from models.scenario import Scenario
from sim.outcome import Outcome, Replications
from sim.seeds import derived_seeds
from sim.workers import Workers

SMALL = ("clients.count=300", "event.seats=20", "run.duration_s=30")
STAGES = "clients.load.stages=[{rate_rps: 50, duration_s: 1}, {rate_rps: 99, duration_s: 1}]"
LADDER = ("clients.count=50", "run.duration_s=2", "clients.load.settle_s=0", STAGES)
RUNS = {
    "one": Run("onsale-small", SMALL),
    "all": Run("onsale-small", (*SMALL, "clients.poll_interval_s=4"), MOST),
    "same": Run("onsale-small", SMALL),
    "close": Run("onsale-small", (*SMALL, "clients.poll_interval_s=3")),
    "ladder": Run("ladder-index", LADDER),
}


@pytest.fixture(autouse=True)
def _few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("kernel")
    monkeypatch.setattr(module, "RUNS", RUNS)


def test_runs_are_gathered_once_and_found_again(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    seen: list[dict[str, int]] = []

    def close(runs: Mapping[str, Evidence]) -> list[str]:
        seen.append({name: item.n for name, item in runs.items()})
        return ["close"]

    with Workers(1) as crew:
        first = gather(
            list(RUNS), crew, tmp_path, lambda share, requests, wall_s, note: told.append((share, note)), close=close
        )
        again = gather(list(RUNS), crew, tmp_path, close=close)
    seeds = derived_seeds(1, MOST)
    assert seen[0] == {name: MOST if name == "all" else FEW for name in RUNS}, "it is asked of the first look"
    assert seen[1] == seen[0] | {"close": MOST}, "and again, as what it had not looked at closely may hang now"
    assert len(seen) == 4, "of both gatherings"
    # "one" and "same" are one simulation
    assert told[-1] == (1.0, f"{2 * FEW + 2 * MOST} runs, more seeds where it is close")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert {name: tuple(item.found.outcomes) for name, item in first.items()} == {
        name: tuple(sorted(seeds[:n]))
        for name, n in {"one": FEW, "all": MOST, "same": FEW, "close": MOST, "ladder": FEW}.items()
    }
    for name, item in first.items():
        assert again[name].found == item.found
        assert item.best("requests.total") > 0
        assert item.command.endswith(f"--replications {item.n}")
    # what is looked at twice errs in both looks together as much as what is looked at once
    errors = {name: 1 - item.confidence for name, item in first.items()}
    assert errors["one"] == pytest.approx(SPENT[0])
    assert errors["close"] == pytest.approx(SPENT[1])
    assert errors["all"] == pytest.approx(ERROR) == pytest.approx(sum(SPENT))
    assert "no verdict hangs on their intervals, which err in 1 %" in first["one"].why_enough
    assert "4 left a verdict open; these intervals err in 4 %" in first["close"].why_enough
    assert "as set beforehand, and their intervals err in 5 %" in first["all"].why_enough


def test_another_seed_is_other_evidence_and_its_command_says_so(tmp_path: Path) -> None:
    with Workers(1) as crew:
        mine, other = (gather(["one"], crew, tmp_path, seed=seed)["one"] for seed in (1, 2))
    assert not mine.found.outcomes.keys() & other.found.outcomes.keys()
    assert other.command.endswith("--replications 4 --seed 2")


def test_the_command_of_a_run_repeats_its_evidence(tmp_path: Path) -> None:
    with Workers(1) as crew:
        item = gather(["one"], crew, tmp_path)["one"]
    again = simulate_many(item.scenario, len(item.found.outcomes))
    for name in ("wait.mean_s", "requests.total"):
        assert again.best(name) == pytest.approx(item.best(name))


def test_a_race_errs_no_more_than_a_look_wherever_it_stops() -> None:
    """10,000 races of normal figures, which stop where the interval of the first look leaves a limit out: of one more
    figure each at most 5 % lie outside of the interval with which they stopped."""
    draws = np.random.default_rng(7).normal(100, 10, (10_000, MOST + 1))
    outside = 0
    for *samples, further in draws.tolist():
        first, last = (
            evidence_of("wait.mean_s", samples[:n], confidence=1 - share).kpi("wait.mean_s")
            for n, share in zip((FEW, MOST), SPENT, strict=True)
        )
        outside += (first if first.excludes(130) else last).excludes(further)
    assert outside <= ERROR * len(draws) + 3 * math.sqrt(ERROR * len(draws))
    assert outside >= 0.3 * ERROR * len(draws), "and not for having no end"


def test_a_level_is_decided_by_the_whole_interval() -> None:
    def item(limit: float) -> Evidence:
        run = Run("onsale-small", (*SMALL, f"slo.mean_wait_s={limit:g}"))
        return replace(evidence_of("wait.mean_s", [10.0, 11.0, 12.0]), scenario=run.load(), run=run)

    assert not item(12.5).decided
    assert item(60).decided
    assert replace(item(12.5), certain=True).decided, "taken for certain, the mean is on one side"


def test_a_count_that_never_varied_says_how_little_that_is() -> None:
    found = evidence_of("errors.rate_percent", [0.0] * 10).kpi("errors.rate_percent")
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
    assert ladder.every_series("pods_ready") == [ladder.series("pods_ready")] * FEW
    assert ladder.limits


def evidence_of(kpi: str, values: list[float], confidence: float = 1 - ERROR) -> Evidence:
    outcomes = {seed: Outcome({kpi: value}, Observed({}, {})) for seed, value in enumerate(values, 1)}
    return Evidence(RUNS["one"], loaded("one"), Replications("made-up", outcomes), confidence=confidence)


@cache
def loaded(name: str) -> Scenario:
    return RUNS[name].load()


def test_what_is_stored_reads_back(tmp_path: Path) -> None:
    task = EvidenceTask.of(RUNS["one"].load(), drawn=False)
    outcome = task(1)
    assert Observed.from_json(outcome.payload.to_json()) == outcome.payload
