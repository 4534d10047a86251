"""Evidence by simulation: the runs that are asked for, run on worker processes or found stored, and their estimates.

Runs are raced: all are run with FEW seeds, and those on whose intervals a verdict hangs with MOST. That is looking
twice, so each look may err in its own share of what both may together (SPENT), and intervals are as wide as that asks.
Whenever a race stops, for whatever reason, an interval then fails to hold one more on-sale in at most 5 % of cases:
repeated intervals (Jennison and Turnbull 1989, JRSS B 51, 305-361), their errors added up by Bonferroni's inequality.
What is run with MOST seeds from the start is looked at once.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.judge.limit import Limit
from models.judge.verdict import SLO_KPIS
from models.judge.wording import number
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
ERROR = 0.05
"""Share of cases in which an interval may fail to hold one more on-sale."""
SPENT = (0.01, 0.04)
"""Of that, what the look with FEW seeds takes, and the one with MOST."""
Close = Callable[[Mapping[str, "Evidence"]], Collection[str]]
"""Tells on the intervals of which runs a verdict hangs."""
LONGEST_FIRST = ("ladder_scaling", "people_600000_spread", "next_100k", "people_500000_spread", "rate_500")
"""Runs that would keep one process busy at the end, while the others have nothing left."""


@dataclass(frozen=True)
class Evidence:
    """Replications of one run, with the seeds that follow from `seed`; its intervals are for `confidence`.

    `certain`: its figures are taken for certain, as they would be if intervals had no width.
    """

    run: Run
    scenario: Scenario
    found: Replications[Observed]
    seed: int = 1
    confidence: float = 1 - ERROR
    certain: bool = False

    @property
    def command(self) -> str:
        """Return what runs the same at the command line."""
        return self.run.command(self.n, self.seed)

    @property
    def n(self) -> int:
        """Return how many replications there are."""
        return len(self.found.outcomes)

    @property
    def why_enough(self) -> str:
        """Say why there are no more replications."""
        percent = number(100 * (1 - self.confidence))
        if self.n < MOST:
            return f"no verdict hangs on their intervals, which err in {percent} % of cases"
        if self.confidence != 1 - ERROR:
            return f"{FEW} left a verdict open; these intervals err in {percent} %"
        return f"as set beforehand, and their intervals err in {percent} %"

    def kpi(self, name: str) -> Estimate:
        """Return a KPI; with several replications its interval is for one more on-sale, costs drawn anew.

        BadInput if none observed it.
        """
        return self.one_more(list(self.found.samples(name).values()), unit_of(name))

    def one_more(self, samples: Sequence[float], unit: str) -> Estimate:
        """Return the mean of one sample of each replication, with the interval of one more, within what *unit* can be.

        It is taken of logarithms where all samples are positive: costs that are drawn multiply what they cause.
        ValueError if there is none.
        """
        estimate = Estimate.of_one_more(samples, self.confidence)
        if self.certain:
            return Estimate(None, estimate.best, None, 1)
        bounds = estimate.low, estimate.high
        if min(samples) > 0:
            logs = Estimate.of_one_more([math.log(sample) for sample in samples], self.confidence)
            bounds = (
                (None, None) if logs.low is None or logs.high is None else (math.exp(logs.low), math.exp(logs.high))
            )
        if estimate.unvaried or bounds[0] is None or bounds[1] is None:
            return estimate
        low, high = (possible(bound, unit) for bound in bounds if bound is not None)
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
    def decided(self) -> bool:
        """Whether each service level is kept, or broken, by the whole interval of its figure."""
        found = ((self.kpi(kpi), limit) for kpi, limit in self.levels)
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
    names: Collection[str],
    crew: Crew,
    store: Path | None = None,
    progress: Progress | None = None,
    seed: int = 1,
    close: Close = lambda runs: (),
) -> Mapping[str, Evidence]:
    """Run what is named, or read it from *store*, and return it by name; the seeds follow from *seed*.

    *close* is asked which runs get MOST seeds, by what they show with FEW, and again until it names no other. KeyError
    for a name that is none. Raises as `sim.experiment.replicate` does.
    """
    ordered = sorted(names, key=lambda name: (name not in LONGEST_FIRST, -RUNS[name].least, name))
    races = _races(ordered, seed)
    told = _Tally(progress)
    _run([job for race in races.values() for job in race.jobs(race.least)], races, crew, store, told)
    while more := _more(races, set(close(_evidence(races)))):
        _run(more, races, crew, store, told)
    return _evidence(races)


def _more(races: Mapping[str, "_Race"], wanted: Collection[str]) -> list[Job[Observed]]:
    """Return what is to be run of the runs that are *wanted*, until they have MOST seeds."""
    return [job for race in races.values() if race.scenarios.keys() & wanted for job in race.jobs(MOST)]


def _run(
    jobs: Sequence[Job[Observed]], races: Mapping[str, "_Race"], crew: Crew, store: Path | None, told: "_Tally"
) -> None:
    told.begin(len(jobs))
    for place, outcome, stored in outcomes_of(jobs, crew, store):
        races[jobs[place].task.key].outcomes[jobs[place].seed] = outcome
        told.take(outcome, stored)


def _evidence(races: Mapping[str, "_Race"]) -> dict[str, Evidence]:
    return {name: race.evidence(name) for race in races.values() for name in race.scenarios}


@dataclass(frozen=True)
class _Race:
    """One simulation, whichever runs ask for it: its outcomes so far by seed, and the scenarios of the runs by name."""

    task: EvidenceTask
    seeds: tuple[int, ...]
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    outcomes: dict[int, Outcome[Observed]] = field(default_factory=dict)

    @property
    def least(self) -> int:
        """Return how many seeds it begins with."""
        return max(RUNS[name].least for name in self.scenarios)

    def evidence(self, name: str) -> Evidence:
        """Return what there is of it so far, with intervals for the look that this is."""
        looks_once = self.least >= MOST
        error = ERROR if looks_once else SPENT[len(self.outcomes) >= MOST]
        found = Replications(self.task.key, self.outcomes)
        return Evidence(RUNS[name], self.scenarios[name], found, self.seeds[0], 1 - error)

    def jobs(self, wanted: int) -> list[Job[Observed]]:
        """Return what is to be run until there are so many outcomes."""
        return [Job(self.task, seed) for seed in self.seeds[:wanted] if seed not in self.outcomes]


def _races(names: Iterable[str], seed: int) -> dict[str, _Race]:
    """Return the races by key: runs that are the same simulation are run once."""
    races: dict[str, _Race] = {}
    for name in names:
        scenario = RUNS[name].load()
        task = EvidenceTask.of(scenario, drawn=True)
        race = races.setdefault(task.key, _Race(task, derived_seeds(seed, MOST)))
        race.scenarios[name] = scenario
    return races


class _Tally:
    """Turns finished replications into progress: the first look is most of it, as few runs are not decided by it."""

    SHARES = ((0.0, 0.7), (0.7, 1.0), (1.0, 1.0))

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.look = progress, -1
        self.done = self.requests = self.of_look = self.total = 0
        self.began = time.perf_counter()

    def begin(self, jobs: int) -> None:
        """Begin the next look, with so many replications."""
        self.look, self.of_look, self.total = min(self.look + 1, len(self.SHARES) - 1), 0, jobs

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
