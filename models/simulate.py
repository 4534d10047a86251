"""Running a scenario: once, many times, or against another."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path

from models.preparing import prepare
from models.replication import Histograms, ScenarioTask, outcome_of
from models.results.kpis import unit_of
from models.results.result import Difference, Kpi, RunResult
from models.results.run_result import result_of
from models.running import ENGINES, Progress, run_once
from models.scenario import Scenario
from sim.errors import BadInput
from sim.experiment import compare_paired, replicate
from sim.outcome import Outcome, Replications
from sim.workers import processes_for


def simulate(
    scenario: Scenario, *, seed: int = 1, engine: str = "kernel", progress: Progress | None = None
) -> RunResult:
    """Run a scenario once. Raises BadInput if it, its profile or the engine cannot be used."""
    task = _task(scenario, engine)
    compile_s = prepare(engine, progress)
    return result_of(run_once(scenario, task.profile, seed, engine, progress), engine, compile_s)


def simulate_many(
    scenario: Scenario,
    replications: int,
    *,
    seed: int = 1,
    engine: str = "kernel",
    store: Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run a scenario with the seeds *seed*, *seed* + 1, ... and return KPIs with 95 % intervals (Student's t).

    Histograms hold all replications; series, stages and facts are those of the first. The others run on as many
    processes as there are processors, are kept in *store* as they finish, and are taken from there if they are in it.
    Raises as `simulate` and `sim.experiment.replicate` do.
    """
    if replications < 1:
        raise BadInput(f"replications: {replications} is not allowed; must be an integer from 1")
    task = _task(scenario, engine)
    tally = _Tally(replications, progress)
    compile_s = prepare(engine, progress)
    tally.start()
    finished = run_once(scenario, task.profile, seed, engine, tally.of_first)
    first = result_of(finished, engine, compile_s)
    outcome = outcome_of(finished)
    tally.done(seed, outcome)
    found = Replications(task.key, {seed: outcome})
    if replications > 1:
        others = range(seed + 1, seed + replications)
        found += replicate(task, others, workers=processes_for(replications - 1), store=store, on_done=tally.done)
    return dataclasses.replace(
        first,
        manifest={**first.manifest, "replications": replications, "wall_s": tally.wall_s()},
        kpis={name: _with_interval(kpi, name, found) for name, kpi in first.kpis.items()},
        histograms=found.payload.by_name,
    )


def compare_scenarios(
    a: Scenario,
    b: Scenario,
    replications: int,
    *,
    seed: int = 1,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Difference]:
    """Run two scenarios on the same seeds and return b - a for every KPI that both have, paired by seed."""
    if replications < 1:
        raise BadInput(f"replications: {replications} is not allowed; must be an integer from 1")
    tasks = _task(a, "kernel"), _task(b, "kernel")
    prepare("kernel", progress)
    tally = _Tally(2 * replications, progress)
    tally.start()
    seeds = range(seed, seed + replications)
    both = compare_paired(*tasks, seeds, workers=processes_for(2 * replications), store=store, on_done=tally.done)
    return {
        name: Difference(
            kpi=name,
            unit=unit_of(name),
            a=both.a.estimate(name),
            b=both.b.estimate(name),
            difference=difference,
            detectable=difference.excludes(0),
        )
        for name, difference in both.differences().items()
    }


def _task(scenario: Scenario, engine: str) -> ScenarioTask:
    if engine not in ENGINES:
        raise BadInput(f"engine: {engine!r} is not known; must be one of {', '.join(ENGINES)}")
    return ScenarioTask.of(scenario, engine)


def _with_interval(kpi: Kpi, name: str, found: Replications[Histograms]) -> Kpi:
    if name not in found.kpi_names:
        return kpi
    estimate = found.estimate(name)
    grounds = (*kpi.rests_on, f"{estimate.n} of {len(found.outcomes)} replications")
    return Kpi(estimate.low, estimate.best, estimate.high, kpi.unit, grounds)


class _Tally:
    """Turns the progress of several runs into that of all of them."""

    def __init__(self, runs: int, progress: Progress | None) -> None:
        self.runs, self.progress = runs, progress
        self.finished = self.requests = 0
        self.start()

    def start(self) -> None:
        """Begin to count the time."""
        self.began = time.perf_counter()

    def wall_s(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.began

    def of_first(self, fraction: float, requests: int, _wall_s: float, note: str) -> None:
        """Take the progress of the first run, which is not replicated elsewhere."""
        if self.progress is not None:
            self.progress(fraction / self.runs, requests, self.wall_s(), note)

    def done(self, _seed: int, outcome: Outcome[Histograms]) -> None:
        """Take a finished run."""
        self.finished += 1
        self.requests += int(outcome.kpis["requests.total"])
        if self.progress is not None:
            self.progress(
                self.finished / self.runs, self.requests, self.wall_s(), f"{self.finished} of {self.runs} runs"
            )
