"""Evidence by simulation: the runs that are asked for, run on worker processes or found stored, and their estimates.

Runs are raced: all are run with a few seeds, and only those whose figures may lie on either side of what they are
judged by get more, up to MOST.
"""

import math
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.judge.limit import Limit
from models.judge.verdict import SLO_KPIS
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import FEW, MOST, RUNS, RUSH, Run
from models.results.kpis import possible, unit_of
from models.run.run import Progress
from models.scenario import Scenario
from sim.estimate import Estimate
from sim.experiment import outcomes_of
from sim.outcome import Outcome, Replications
from sim.seeds import derived_seeds
from sim.workers import Crew, Job

ENGINE = "redis.engine_cpu_peak_60s_percent"
"""The KPI of the engine thread that a service level is for: the highest mean of 60 s, as CloudWatch would show it."""
LOOKS = (FEW, 6, MOST)
"""Seeds after which it is looked whether a run is decided."""
ALPHA = 0.05
EARLY = 1 - ALPHA / len(LOOKS)
"""Confidence at which an early look decides: each look may be wrong in its share of 5 % (Bonferroni)."""
LONGEST_FIRST = ("ladder_scaling", "people_600000_spread", "next_100k", "people_450000_spread", "rate_500")
"""Runs that would keep one process busy at the end, while the others have nothing left."""


@dataclass(frozen=True)
class Evidence:
    """Replications of one run, with the seeds that follow from `seed`."""

    run: Run
    scenario: Scenario
    found: Replications[Observed]
    seed: int = 1

    @property
    def command(self) -> str:
        """Return what runs the same at the command line."""
        return self.run.command(len(self.found.outcomes), self.seed)

    def kpi(self, name: str, confidence: float = 0.95) -> Estimate:
        """Return a KPI; with several replications its interval is for one more on-sale, costs drawn anew.

        It is taken of logarithms where all samples are positive: costs that are drawn multiply what they cause.
        BadInput if none observed it.
        """
        samples = list(self.found.samples(name).values())
        estimate = Estimate.of_one_more(samples, confidence)
        bounds = estimate.low, estimate.high
        if min(samples) > 0:
            logs = Estimate.of_one_more([math.log(sample) for sample in samples], confidence)
            bounds = (
                (None, None) if logs.low is None or logs.high is None else (math.exp(logs.low), math.exp(logs.high))
            )
        if estimate.unvaried or bounds[0] is None or bounds[1] is None:
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
    def levels(self) -> tuple[tuple[str, float], ...]:
        """Return the KPIs of the service levels and their limits; of waits none, if it ends before all are let in."""
        found = ((level, kpi, float(getattr(self.scenario.slo, level))) for level, (kpi, _) in SLO_KPIS.items())
        left_out = ("mean_wait_s", "unserved_percent") if RUSH in self.run.settings else ()
        return tuple((kpi, limit) for level, kpi, limit in found if self.seen(kpi) and level not in left_out)

    @property
    def judged_by(self) -> tuple[tuple[str, float], ...]:
        """Return the KPIs that the run is judged by and their limits: service levels, and what its claims ask for."""
        return *self.levels, *((kpi, limit) for kpi, limit in self.run.judged_by if self.seen(kpi))

    def decided(self, confidence: float = 0.95) -> bool:
        """Whether each figure that the run is judged by lies on one side of its limit with its whole interval."""
        found = ((self.kpi(kpi, confidence), limit) for kpi, limit in self.judged_by)
        return not any(each.low is not None and each.low <= limit < (each.high or 0.0) for each, limit in found)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Return the limits of the first replication, the one reached first leading."""
        return self.found.payload.limits[self.seed]

    def series(self, name: str) -> list[float]:
        """Return a series of the first replication, one value per second."""
        return list(self.found.payload.series[self.seed][name])

    def every_series(self, name: str) -> list[list[float]]:
        """Return a series of every replication: of what is read off it, an estimate can be made."""
        return [list(series[name]) for series in self.found.payload.series.values()]


def gather(
    names: Collection[str], crew: Crew, store: Path | None = None, progress: Progress | None = None, seed: int = 1
) -> Mapping[str, Evidence]:
    """Run what is named, or read it from *store*, and return it by name; the seeds follow from *seed*.

    KeyError for a name that is none. Raises as `sim.experiment.replicate` does.
    """
    ordered = sorted(names, key=lambda name: (name not in LONGEST_FIRST, -RUNS[name].least, name))
    races = _races(ordered, seed)
    told = _Tally(progress)
    for look in range(len(LOOKS)):
        jobs = [job for race in races.values() for job in race.jobs(look)]
        by_key = {race.task.key: race for race in races.values()}
        told.begin(look, len(jobs))
        for place, outcome, stored in outcomes_of(jobs, crew, store):
            by_key[jobs[place].task.key].outcomes[jobs[place].seed] = outcome
            told.take(outcome, stored)
    return {name: race.evidence(name) for race in races.values() for name in race.scenarios}


@dataclass(frozen=True)
class _Race:
    """One simulation, whichever runs ask for it: its outcomes so far by seed, and the scenarios of the runs by name."""

    task: EvidenceTask
    seeds: tuple[int, ...]
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    outcomes: dict[int, Outcome[Observed]] = field(default_factory=dict)

    def evidence(self, name: str) -> Evidence:
        return Evidence(RUNS[name], self.scenarios[name], Replications(self.task.key, self.outcomes), self.seeds[0])

    def jobs(self, look: int) -> list[Job[Observed]]:
        """Return what is to be run before this look: nothing where all is decided."""
        if look and all(self.evidence(name).decided(EARLY) for name in self.scenarios):
            return []
        wanted = max(LOOKS[look], *(RUNS[name].least for name in self.scenarios))
        return [Job(self.task, seed) for seed in self.seeds[:wanted] if seed not in self.outcomes]


def _races(names: Iterable[str], seed: int) -> dict[str, _Race]:
    """Return the races by key: runs that are the same simulation are run once."""
    races: dict[str, _Race] = {}
    for name in names:
        scenario = RUNS[name].load()
        task = EvidenceTask.of(scenario, drawn=True)
        race = races.setdefault(task.key, _Race(task, derived_seeds(seed, max(MOST, RUNS[name].least))))
        race.scenarios[name] = scenario
    return races


class _Tally:
    """Turns finished replications into progress: the first look is most of it, as few runs are not decided by it."""

    SHARES = ((0.0, 0.7), (0.7, 0.85), (0.85, 1.0))

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.look = progress, 0
        self.done = self.requests = self.of_look = self.total = 0
        self.began = time.perf_counter()

    def begin(self, look: int, jobs: int) -> None:
        """Begin a look with so many replications."""
        self.look, self.of_look, self.total = look, 0, jobs

    def take(self, outcome: Outcome[Observed], stored: bool) -> None:
        """Take a finished replication; one that was found stored took no time, and so says nothing of the speed."""
        self.done += 1
        self.of_look += 1
        self.requests += 0 if stored else int(outcome.kpis["requests.total"])
        if self.progress is not None:
            low, high = self.SHARES[self.look]
            note = f"{self.done} runs" + ("" if self.look == 0 else ", more seeds where it is close")
            share = low + (high - low) * self.of_look / self.total
            self.progress(share, self.requests, time.perf_counter() - self.began, note)
