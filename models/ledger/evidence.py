"""Evidence by simulation: the runs that are asked for, run on worker processes or found stored, and their estimates."""

import math
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.judge.limit import Limit
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import RUNS, Run
from models.results.kpis import possible, unit_of
from models.running import Progress
from models.scenario import Scenario
from sim.estimate import Estimate
from sim.experiment import Done, replications_of
from sim.outcome import Outcome, Replications
from sim.workers import Crew

ENGINE = "redis.engine_cpu_peak_60s_percent"
"""The KPI of the engine thread that a service level is for: the highest mean of 60 s, as CloudWatch would show it."""
LONGEST_FIRST = ("ladder_scaling", "people_600000_spread", "next_100k", "people_450000_spread", "rate_500")
"""Runs that would keep one process busy at the end, while the others have nothing left."""


@dataclass(frozen=True)
class Evidence:
    """Replications of one run."""

    run: Run
    scenario: Scenario
    found: Replications[Observed]

    def kpi(self, name: str) -> Estimate:
        """Return a KPI; with several replications its interval is for one more on-sale, costs drawn anew.

        It is taken of logarithms where all samples are positive: costs that are drawn multiply what they cause.
        BadInput if none observed it.
        """
        samples = list(self.found.samples(name).values())
        estimate = Estimate.of_one_more(samples)
        bounds = estimate.low, estimate.high
        if min(samples) > 0:
            logs = Estimate.of_one_more([math.log(sample) for sample in samples])
            bounds = (
                (None, None) if logs.low is None or logs.high is None else (math.exp(logs.low), math.exp(logs.high))
            )
        if bounds[0] is None or bounds[1] is None:
            return estimate
        low, high = (possible(bound, unit_of(name)) for bound in bounds if bound is not None)
        return Estimate(min(low, estimate.best), estimate.best, max(high, estimate.best), estimate.n)

    def best(self, name: str) -> float:
        """Return the mean of a KPI. BadInput if no replication observed it."""
        return self.kpi(name).best

    def seen(self, name: str) -> bool:
        """Whether any replication observed a KPI."""
        return name in self.found.kpi_names

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Return the limits of the first replication, the one reached first leading."""
        return next(iter(self.found.payload.limits.values()))

    def series(self, name: str) -> list[float]:
        """Return a series of the first replication, one value per second."""
        return list(next(iter(self.found.payload.series.values()))[name])


def gather(
    names: Collection[str], crew: Crew, store: Path | None = None, progress: Progress | None = None
) -> Mapping[str, Evidence]:
    """Run what is named, or read it from *store*, and return it by name.

    KeyError for a name that is none. Raises as `sim.experiment.replications_of` does.
    """
    ordered = sorted(names, key=lambda name: (name not in LONGEST_FIRST, -RUNS[name].replications, name))
    scenarios = {name: RUNS[name].load() for name in ordered}
    tasks = {name: EvidenceTask.of(scenarios[name], drawn=RUNS[name].replications > 1) for name in ordered}
    # runs that are the same simulation are run once, with the most seeds that are asked for
    seeds: dict[str, int] = {}
    for name in ordered:
        seeds[tasks[name].key] = max(seeds.get(tasks[name].key, 0), RUNS[name].replications)
    outcomes: dict[str, dict[int, Outcome[Observed]]] = {key: {} for key in seeds}
    told = _Tally(sum(seeds.values()), progress)
    by_key = {task.key: task for task in tasks.values()}
    for key, done in _outcomes(by_key, seeds, crew, store):
        outcomes[key][done.seed] = done.outcome
        told.take(done)
    return {
        name: Evidence(RUNS[name], scenarios[name], _first(RUNS[name], tasks[name].key, outcomes)) for name in ordered
    }


def _outcomes(
    tasks: Mapping[str, EvidenceTask], seeds: Mapping[str, int], crew: Crew, store: Path | None
) -> Iterator[tuple[str, Done[Observed]]]:
    """Yield every replication with the key of its task; tasks that want as many seeds go to the crew together."""
    for count in sorted(set(seeds.values())):
        keys = [key for key in tasks if seeds[key] == count]
        for done in replications_of([tasks[key] for key in keys], range(1, count + 1), crew, store):
            yield keys[done.place], done


def _first(run: Run, key: str, outcomes: Mapping[str, Mapping[int, Outcome[Observed]]]) -> Replications[Observed]:
    return Replications(key, {seed: outcomes[key][seed] for seed in range(1, run.replications + 1)})


class _Tally:
    """Turns finished replications into progress."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.progress = total, progress
        self.done = self.requests = 0
        self.began = time.perf_counter()

    def take(self, done: Done[Observed]) -> None:
        """Take a finished replication; one that was found stored took no time, and so says nothing of the speed."""
        self.done += 1
        self.requests += 0 if done.stored else int(done.outcome.kpis["requests.total"])
        if self.progress is not None:
            note = f"{self.done} of {self.total} runs"
            self.progress(self.done / self.total, self.requests, time.perf_counter() - self.began, note)
