"""Running a scenario: once, many times, or against another."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.experiments.replication import Histograms, ScenarioTask, outcome_of
from models.experiments.warm_up import prepare
from models.results.kpis import is_at_least, possible, unit_of
from models.results.result import INTERVALS, MEAN, PREDICTION, Difference, Kpi, RunResult
from models.results.run_result import profile_hash, result_of
from models.run.run import Finished, Progress, run_once
from models.scenario import Scenario
from sim.errors import BadInput
from sim.experiment import compare_paired, replicate
from sim.outcome import FALSE_SHARE, FEWEST_PAIRS, Comparison, Outcome, Replications
from sim.seeds import derived_seeds
from sim.workers import processes_for


def simulate(
    scenario: Scenario, *, seed: int = 1, engine: str = "kernel", progress: Progress | None = None
) -> RunResult:
    """Run a scenario once. Raises BadInput if it, its profile or the engine cannot be used."""
    task = ScenarioTask.of(scenario, engine)
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
    """Run a scenario with the seeds that follow from *seed*, itself the first, and return KPIs with intervals.

    With more than one, each draws its profile with its seed if the profile has something to draw from, and the
    intervals are for one further on-sale, else for the mean (see INTERVALS). Histograms hold all replications; series,
    stages and facts are those of the first, which runs here. Meanwhile the others run on as many processes as there are
    processors, are kept in *store* as they finish, and are taken from there if they are in it. Raises as `simulate` and
    `sim.experiment.replicate` do.
    """
    if replications < 1:
        raise BadInput(f"replications: {replications} is not allowed; must be an integer from 1")
    task = ScenarioTask.of(scenario, engine, drawn=replications > 1)
    tally = _Tally(replications, progress)
    compile_s, seeds = prepare(engine, progress), derived_seeds(seed, replications)
    tally.start()
    mine: list[tuple[Finished, Outcome[Histograms]]] = []

    def run_first() -> None:
        finished = run_once(scenario, task.profile_of(seed), seed, engine, tally.of_first)
        mine.append((finished, outcome_of(finished)))
        tally.done(seed, mine[0][1])

    if replications == 1:
        run_first()
        found = Replications(task.key, {seed: mine[0][1]})
    else:
        processes = processes_for(replications)
        others = replicate(task, seeds[1:], workers=processes, store=store, on_done=tally.done, meanwhile=run_first)
        found = Replications(task.key, {seed: mine[0][1]}) + others
    first = result_of(mine[0][0], engine, compile_s)
    interval = None if replications == 1 else PREDICTION if task.drawn else MEAN
    changes = {"replications": replications, "seeds": list(seeds), "interval": interval, "wall_s": tally.wall_s()}
    return dataclasses.replace(
        first,
        manifest={**first.manifest, **changes, "profile_hash": profile_hash(task.profile)},
        kpis={name: _over_all(scenario, kpi, name, found, interval) for name, kpi in first.kpis.items()},
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
    """Run two scenarios on the same seeds and return b - a, as `compare_designs` does."""
    return compare_designs((a, b), replications, seed=seed, store=store, progress=progress)[0]


def compare_designs(
    designs: Sequence[Scenario],
    replications: int,
    *,
    seed: int = 1,
    store: Path | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, Difference], ...]:
    """Run several designs on the same seeds, which follow from *seed*; return each but the first less the first.

    Differences are paired by seed, for the KPIs that both have. With more than one pair the profile is drawn with the
    seed, the same share of the draws for all: what is not known about a common profile cancels like other chance, and
    intervals are of the mean difference. Whether one is detectable is said for all KPIs together (see
    `sim.outcome.Comparison.detectable`).
    """
    if replications < 1:
        raise BadInput(f"replications: {replications} is not allowed; must be an integer from 1")
    drawn = replications > 1
    tasks = [ScenarioTask.of(design, "kernel", drawn=drawn) for design in designs]
    jobs = replications * len(tasks)
    prepare("kernel", progress)
    tally = _Tally(jobs, progress)
    tally.start()
    seeds = derived_seeds(seed, replications)
    compared = compare_paired(tasks[0], tasks[1:], seeds, workers=processes_for(jobs), store=store, on_done=tally.done)
    return tuple(
        _differences(both, () if replications == 1 else _grounds(tasks[0], task))
        for both, task in zip(compared, tasks[1:], strict=True)
    )


def _differences(both: Comparison[Histograms], grounds: tuple[str, ...]) -> dict[str, Difference]:
    differences, detectable = both.differences(), both.detectable()
    if grounds:
        grounds = (*grounds, _correction(len(both.a.outcomes), len(differences)))
    return {
        name: Difference(
            kpi=name,
            unit=unit_of(name),
            a=both.a.estimate(name),
            b=both.b.estimate(name),
            difference=difference,
            detectable=detectable[name],
            rests_on=grounds,
        )
        for name, difference in differences.items()
    }


def _correction(pairs: int, figures: int) -> str:
    """Return by what a difference is called detectable when so many figures are compared at once."""
    if pairs < FEWEST_PAIRS:
        return f"with fewer than {FEWEST_PAIRS} pairs no difference is called detectable"
    return (
        f"a difference is called detectable by Benjamini and Hochberg's procedure over all {figures} figures: of those "
        f"called so at most {100 * FALSE_SHARE:.0f} % are none, on average; each interval is of its figure alone"
    )


def _grounds(a: ScenarioTask, b: ScenarioTask) -> tuple[str, ...]:
    """Return what the intervals of a comparison hold, and what is drawn anew for every pair."""
    if a.drawn and b.drawn and a.profile == b.profile:
        draws = f"every pair has its own draw of the profile {a.profile.name}, the same for both"
    else:
        drawn = " and ".join(sorted({task.profile.name for task in (a, b) if task.drawn}))
        draws = f"every pair has its own draw of the profile {drawn}" if drawn else "profiles are taken for certain"
    return "95 % confidence interval of the mean difference", draws


def _over_all(scenario: Scenario, kpi: Kpi, name: str, found: Replications[Histograms], interval: str | None) -> Kpi:
    """Return a KPI over all replications that observed it, its interval cut to what can be."""
    if name not in found.kpi_names or interval is None:
        return kpi
    estimate = found.of_one_more(name) if interval == PREDICTION else found.estimate(name)
    grounds = (*kpi.rests_on, f"{estimate.n} of {len(found.outcomes)} replications", INTERVALS[interval])
    at_least = any(is_at_least(name, outcome.kpis, scenario) for outcome in found.outcomes.values())
    if estimate.low is None or estimate.high is None:
        return Kpi(None, estimate.best, None, kpi.unit, grounds[:-1], at_least)
    low, high = (possible(bound, kpi.unit) for bound in (estimate.low, estimate.high))
    return Kpi(min(low, estimate.best), estimate.best, max(high, estimate.best), kpi.unit, grounds, at_least)


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
