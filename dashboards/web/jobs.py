"""What the pages ask of a worker process: each job says what it is by a key, runs there, and sends one value back."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from models.run.run import Progress

if TYPE_CHECKING:
    from models.experiments.sweep.cells import Cell
    from models.experiments.sweep.design import Design
    from models.experiments.sweep.run import Sweep
    from models.judge.verdict import Verdict
    from models.ledger.book import Ledger
    from models.ledger.measured import Measured
    from models.results.result import Difference, RunResult
    from models.scenario import Scenario


class Job(Protocol):
    """A picklable piece of work. Equal keys have equal values."""

    @property
    def key(self) -> str:
        """What stands for everything that decides about the value."""

    def run(self, progress: Progress) -> Any:
        """Do it, in a worker process. Raises BadInput for what cannot be simulated."""


@dataclass(frozen=True)
class Run:
    """One scenario, once or with several seeds, and the verdict on it."""

    scenario: Scenario
    seed: int
    replications: int

    @cached_property
    def key(self) -> str:
        """Of scenario, profile and sources, seed, replications, and the name, which stands in the sentences."""
        return _key("run", [self.scenario], self.seed, self.replications)

    def run(self, progress: Progress) -> tuple[RunResult, Verdict]:
        """Return the result and its verdict."""
        from models.experiments.simulate import simulate, simulate_many
        from models.judge.verdict import judge
        from models.robustness.verdicts import with_stored

        if self.replications == 1:
            result = simulate(self.scenario, seed=self.seed, progress=progress)
        else:
            result = simulate_many(self.scenario, self.replications, seed=self.seed, progress=progress)
        return result, with_stored(judge(result, self.scenario), self.scenario)


@dataclass(frozen=True)
class Compare:
    """Several designs on common random numbers, each against the first."""

    designs: tuple[Scenario, ...]
    seed: int
    replications: int

    @cached_property
    def key(self) -> str:
        """Of all that decides about the differences."""
        return _key("compare", self.designs, self.seed, self.replications)

    def run(self, progress: Progress) -> tuple[dict[str, Difference], ...]:
        """Return the differences of every design but the first, by KPI."""
        from models.experiments.simulate import compare_designs

        return compare_designs(self.designs, self.replications, seed=self.seed, progress=progress)


@dataclass(frozen=True)
class RunSweep:
    """A scenario over values of its settings."""

    design: Design
    cells: tuple[Cell, ...]
    seed: int
    replications: int

    @cached_property
    def key(self) -> str:
        """Of all cells and seeds."""
        return _key("sweep", [cell.scenario for cell in self.cells], self.seed, self.replications)

    def run(self, progress: Progress) -> Sweep:
        """Return the finished sweep; one that is cancelled goes on where it was when it is asked for again."""
        from dashboards.sweep.output import cached_store
        from models.experiments.sweep.run import run_sweep
        from sim.seeds import derived_seeds
        from sim.workers import Workers, processes_for

        seeds = derived_seeds(self.seed, self.replications)
        store = cached_store(self.cells, seeds)
        with Workers(processes_for(len(self.cells) * len(seeds))) as crew:
            sweep = run_sweep(self.design, self.cells, seeds, crew, store, progress)
        shutil.rmtree(store, ignore_errors=True)
        return sweep


@dataclass(frozen=True)
class Validate:
    """Every claim of the talk, judged; runs that were made before are found stored, as `breakwater validate` does."""

    @cached_property
    def key(self) -> str:
        """Of the sources that are loaded: evidence and rules are those of this program."""
        from models.experiments.replication import identity

        return _key("validate", [], 0, 0) + identity()["sources"]

    def run(self, progress: Progress) -> tuple[Ledger, Measured]:
        """Return the ledger, and what was measured of a real Redis for it."""
        from dashboards.ledger.command import sources_for
        from models.ledger.book import judged, wanted_claims
        from models.ledger.measured import read_measured

        wanted, measured = wanted_claims(()), read_measured()
        sources = sources_for(wanted, measured, questions=True, progress=progress)
        return judged(wanted, sources, questions=True), measured


def _key(kind: str, scenarios: Sequence[Scenario], seed: int, replications: int) -> str:
    from models.experiments.replication import ScenarioTask

    tasks = (f"{each.name} {ScenarioTask.of(each, 'kernel', drawn=replications > 1).key}" for each in scenarios)
    return hashlib.sha256("\n".join([kind, str(seed), str(replications), *tasks]).encode()).hexdigest()
