"""Running a sweep: every cell on the same seeds, on whichever crew, and each cell's figures with their intervals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.experiments.sweep.cells import Cell
from models.experiments.sweep.design import Design
from models.judge.slo_row import SloRow
from models.judge.verdict import SLO_KPIS, exceeded, slo_rows
from models.redis_costs.node_standing import Standing, node_standing
from models.results.kpis import is_at_least, possible, unit_of
from models.results.result import MEAN, PREDICTION, Kpi
from models.run.run import Progress
from sim.estimate import Estimate
from sim.experiment import Done, replications_of
from sim.outcome import P
from sim.workers import Crew


@dataclass(frozen=True)
class Judged:
    """A cell that has been run: an estimate of every KPI that was observed in it, and the service levels."""

    cell: Cell
    estimates: Mapping[str, Estimate]
    slo: tuple[SloRow, ...]

    @property
    def holds(self) -> bool:
        """Whether every service level is met and no hard capacity is exhausted."""
        return all(row.met for row in self.slo) and not self.exceeded

    @property
    def standing(self) -> Standing:
        """How its profile stands for its node type."""
        return node_standing(self.cell.task.profile, self.cell.scenario.redis.node_type)

    @property
    def outcome(self) -> bool | None:
        """Whether it holds; None, open, where nothing is known of the Redis CPU of its node type."""
        return self.holds if self.standing.known else None

    @property
    def exceeded(self) -> tuple[str, ...]:
        """The hard capacities that are exhausted, by name."""
        return exceeded({name: self.kpi(name) for name in self.estimates})

    def level(self, name: str) -> SloRow:
        """The service level of that name."""
        return next(row for row in self.slo if row.name == name)

    def kpi(self, name: str) -> Kpi:
        """The KPI with its interval; without a value if no replication observed it."""
        found = self.estimates.get(name)
        low, best, high = (None, None, None) if found is None else (found.low, found.best, found.high)
        means = {kpi: estimate.best for kpi, estimate in self.estimates.items()}
        return Kpi(low, best, high, unit_of(name), at_least=is_at_least(name, means, self.cell.scenario))


@dataclass(frozen=True)
class Sweep:
    """A finished sweep. Of its replications, `found` were stored by an earlier start and `run` were run by this one."""

    design: Design
    cells: tuple[Judged, ...]
    seeds: tuple[int, ...]
    found: int
    run: int
    wall_s: float

    @property
    def intervals(self) -> tuple[str, ...]:
        """What the intervals are, by `results.result.INTERVALS`; both only where profiles differ; none without any."""
        if len(self.seeds) == 1:
            return ()
        return tuple(dict.fromkeys(PREDICTION if cell.cell.task.drawn else MEAN for cell in self.cells))


def run_sweep(
    design: Design,
    cells: Sequence[Cell],
    seeds: Sequence[int],
    crew: Crew,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Run every cell with every seed on *crew*: common random numbers, so that cells differ by what was varied.

    Replications found in *store* are not run again. Raises as `sim.experiment.replications_of` does.
    """
    tally = _Tally(len(cells), len(seeds), progress)
    samples: list[dict[int, Mapping[str, float]]] = [{} for _ in cells]
    for done in replications_of([cell.task for cell in cells], seeds, crew, store):
        samples[done.place][done.seed] = done.outcome.kpis  # not the histograms: they would fill the memory
        tally.take(done, len(samples[done.place]))
    judged = tuple(_judged(cell, found) for cell, found in zip(cells, samples, strict=True))
    return Sweep(design, judged, tuple(seeds), tally.found, tally.run, tally.wall_s())


def _judged(cell: Cell, found: Mapping[int, Mapping[str, float]]) -> Judged:
    names = sorted({name for kpis in found.values() for name in kpis})
    estimates = {name: _estimate(cell, name, [kpis[name] for kpis in found.values() if name in kpis]) for name in names}
    bare = Judged(cell, estimates, ())
    wanted = {*names, *(kpi for kpi, _ in SLO_KPIS.values())}
    return Judged(cell, estimates, slo_rows({name: bare.kpi(name) for name in wanted}, cell.scenario))


def _estimate(cell: Cell, name: str, samples: Sequence[float]) -> Estimate:
    """Return what is known of a KPI: of one more on-sale where the profile is drawn, within what can be; else its mean.

    See `results.result.INTERVALS`.
    """
    if not cell.task.drawn:
        return Estimate.of(samples)
    found = Estimate.of_one_more(samples)
    if found.low is None or found.high is None:
        return found
    low, high = (possible(bound, unit_of(name)) for bound in (found.low, found.high))
    return Estimate(min(low, found.best), found.best, max(high, found.best), found.n)


@dataclass
class _Tally:
    """Turns finished replications into progress: the fraction is that of what this start has to run."""

    cells: int
    replications: int
    progress: Progress | None
    found: int = 0
    run: int = 0
    requests: int = 0
    cells_done: int = 0
    began: float = field(default_factory=time.perf_counter)

    def wall_s(self) -> float:
        return time.perf_counter() - self.began

    def take(self, done: Done[P], of_cell: int) -> None:
        """Take a replication, after which its cell has *of_cell* of them."""
        self.cells_done += of_cell == self.replications
        if done.stored:
            self.found += 1
            return
        self.run += 1
        self.requests += int(done.outcome.kpis["requests.total"])
        if self.progress is not None:
            fraction = self.run / (self.cells * self.replications - self.found)
            self.progress(fraction, self.requests, self.wall_s(), f"{self.cells_done} of {self.cells} cells")
